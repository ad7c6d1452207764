package org.sluice.control.model;

import java.net.InetAddress;
import java.util.List;

/**
 * Another host of an overlay network; part of the state that outlives the daemon.
 *
 * @param network   whose VTEP it is.
 * @param address   of the host, in the underlay.
 * @param endpoints that are known to be there.
 */
public record VtepSpec(String network, InetAddress address, List<RemoteEndpoint> endpoints) {
    /**
     * An endpoint on another host.
     *
     * @param mac       in text.
     * @param addresses at most one of each family; the switch answers for them.
     */
    public record RemoteEndpoint(String mac, List<InetAddress> addresses) {
    }
}
