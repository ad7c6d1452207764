package org.sluice.control.overlay;

import java.net.InetAddress;

import org.jspecify.annotations.Nullable;

/**
 * The path to a VTEP, as the kernel has it now.
 *
 * @param mtu       layer-3 bytes of a packet that fits it, encapsulated.
 * @param linkIndex number of the Ethernet interface that it begins with; 0 where it begins with another.
 * @param source    that the kernel gives to packets there; null where it has none.
 */
record TunnelPath(int mtu, int linkIndex, @Nullable InetAddress source) {
    /** Outer headers, as far as they count in the underlay's MTU, and the inner Ethernet header (RFC 7348). */
    static final int OVERHEAD_IPV4 = 50;
    static final int OVERHEAD_IPV6 = 70;
}
