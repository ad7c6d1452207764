package org.sluice.linux.netlink;

import java.net.InetAddress;

import org.sluice.datapath.protocol.MacAddress;

/**
 * An entry of a neighbour table (ARP, ND).
 *
 * @param mac   in the low 48 bits, or 0 while it is unknown.
 * @param state {@code NUD_*} of Linux uapi/linux/neighbour.h.
 */
public record KernelNeighbour(int linkIndex, InetAddress address, long mac, int state) {
    /** State: a user entered it; it never expires. */
    public static final int PERMANENT = 0x80;
    /** State: it did not answer. */
    public static final int FAILED = 0x20;

    private static final int REACHABLE = 0x02;
    private static final int STALE = 0x04;
    private static final int DELAY = 0x08;
    private static final int PROBE = 0x10;
    private static final int NOARP = 0x40;

    /** Whether its MAC address may be used. A group address is no neighbour's: RFC 2644, RFC 1812, 3.3.2. */
    public boolean isUsable() {
        return mac != 0 && !MacAddress.isGroup(mac)
            && (state & (REACHABLE | STALE | DELAY | PROBE | NOARP | PERMANENT)) != 0;
    }

    /** The state's name, as ip(8) shows it. */
    public String stateName() {
        return switch (state) {
            case 0x01 -> "INCOMPLETE";
            case REACHABLE -> "REACHABLE";
            case STALE -> "STALE";
            case DELAY -> "DELAY";
            case PROBE -> "PROBE";
            case FAILED -> "FAILED";
            case NOARP -> "NOARP";
            case PERMANENT -> "PERMANENT";
            default -> "NONE";
        };
    }
}
