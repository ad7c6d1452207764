package org.sluice.control.network;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What {@link EndpointManager#reserve} sets aside for an endpoint.
 *
 * @param netns    as in {@link org.sluice.control.model.EndpointSpec}.
 * @param ips      addresses, at most one of each subnet.
 * @param mac      or null for any.
 * @param dockerId as in {@link org.sluice.control.model.EndpointSpec}.
 */
public record Reservation(String network, String name, @Nullable String netns, long netnsInode, String ifname,
                          List<String> ips, @Nullable String mac, @Nullable String dockerId) {
}
