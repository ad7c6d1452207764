package org.sluice.linux.netlink;

import java.net.InetAddress;

/**
 * An entry of a neighbour table (ARP, ND).
 *
 * @param mac   in the low 48 bits, or 0 while it is not known.
 * @param state {@code NUD_*} of Linux uapi/linux/neighbour.h.
 */
public record Neighbour(int linkIndex, InetAddress address, long mac, int state) {
    /** Entered by hand, never expires. */
    public static final int PERMANENT = 0x80;
}
