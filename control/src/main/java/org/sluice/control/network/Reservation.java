package org.sluice.control.network;

import java.util.List;

/**
 * What {@link EndpointManager#reserve} sets aside for an endpoint.
 *
 * @param ips addresses, at most one of each subnet.
 * @param mac or null.
 */
public record Reservation(String network, String name, String netns, long netnsInode, String ifname, List<String> ips,
                          String mac, String dockerId) {
}
