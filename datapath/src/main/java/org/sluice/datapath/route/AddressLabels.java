package org.sluice.datapath.route;

/** The labels of IPv6 addresses for source selection: the kernel's default table (Linux net/ipv6/addrlabel.c). */
final class AddressLabels {
    private AddressLabels() {
    }

    static int of(final long high, final long low) {
        if (high == 0) {
            return low == 1 ? 0 : low >>> 32 == 0 ? 3 : low >>> 32 == 0xFFFF ? 4 : 1;
        }
        if (isOrchid(high)) {
            return 7;
        }
        if (high >>> 32 == 0x2001_0000L) {
            return 6;
        }
        return switch ((int) (high >>> 48)) {
            case 0x2002 -> 2;
            case 0x3FFE -> 12;
            default -> high >>> 57 == 0xFC >>> 1 ? 5 : high >>> 54 == 0xFEC0 >>> 6 ? 11 : 1;
        };
    }

    /** Whether the address is in 2001:10::/28 (RFC 4843), which names no place. */
    static boolean isOrchid(final long high) {
        return high >>> 36 == 0x2001_0010L >>> 4;
    }
}
