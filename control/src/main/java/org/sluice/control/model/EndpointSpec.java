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
 */
public record EndpointSpec(String name, String network, String netns, long netnsInode, String ifname, String mac,
                           List<InetAddress> addresses) {
}
