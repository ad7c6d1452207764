package org.sluice.datapath.policy;

import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.Ipv6Flyweight;

/** Addresses that no routed packet may have (RFC 1812, 5.3.7; RFC 6890). */
public final class Martians {
    private static final long LOOPBACK_LOW = 1;

    private Martians() {
    }

    /** Whether the address (IPv4 ones mapped) is unspecified, loopback, multicast, broadcast or IPv6 link-local. */
    public static boolean isMartian(final long high, final long low) {
        if (IpAddress.isIpv4(high, low)) {
            final int first = (int) low >>> 24;
            return first == 0 || first == 127 || first >= 224;
        }
        return high == 0 && (low == 0 || low == LOOPBACK_LOW) || high >>> 56 == 0xFF || Ipv6Flyweight.isLinkLocal(high);
    }
}
