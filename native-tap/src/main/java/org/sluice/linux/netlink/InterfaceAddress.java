package org.sluice.linux.netlink;

import java.net.InetAddress;

/**
 * An address of an interface.
 *
 * @param prefixLength in bits.
 */
public record InterfaceAddress(int linkIndex, InetAddress address, int prefixLength) {
}
