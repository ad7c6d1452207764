package org.sluice.linux.netlink;

import java.net.InetAddress;

/**
 * An entry of a routing table.
 *
 * @param destination  network address; all zero for a default route.
 * @param prefixLength in bits.
 * @param gateway      next hop, or null where there is none or several.
 * @param direct       whether the destination is on the link itself: no next hop at all.
 * @param linkIndex    the interface it leaves by, or 0.
 * @param table        254 is the main one.
 */
public record Route(InetAddress destination, int prefixLength, InetAddress gateway, boolean direct, int linkIndex,
                    int table) {
}
