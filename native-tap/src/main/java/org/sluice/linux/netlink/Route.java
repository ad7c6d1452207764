package org.sluice.linux.netlink;

import java.net.InetAddress;

/**
 * An entry of a routing table.
 *
 * @param destination  network address; all zero for a default route.
 * @param prefixLength in bits.
 * @param gateway      next hop, or null for a network that is directly there.
 * @param linkIndex    the interface it leaves by, or 0.
 * @param table        254 is the main one.
 */
public record Route(InetAddress destination, int prefixLength, InetAddress gateway, int linkIndex, int table) {
}
