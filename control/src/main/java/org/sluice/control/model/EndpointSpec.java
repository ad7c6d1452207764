package org.sluice.control.model;

import java.net.InetAddress;
import java.util.List;

/**
 * An endpoint as it was asked for and completed; part of the state that outlives the daemon.
 *
 * @param netns      path of the network namespace.
 * @param netnsInode of that namespace: a path may later lead to another one.
 * @param ifname     of the interface in the namespace.
 * @param mac        in text.
 * @param addresses  one for each subnet of the network.
 * @param portIndex  its number in the switch: connections know it by this, also after a restart. Null in a state of
 *                   before there were connections.
 */
public record EndpointSpec(String name, String network, String netns, long netnsInode, String ifname, String mac,
                           List<InetAddress> addresses, Integer portIndex) {
    /** The same with another number. */
    public EndpointSpec withPortIndex(final int index) {
        return new EndpointSpec(name, network, netns, netnsInode, ifname, mac, addresses, index);
    }
}
