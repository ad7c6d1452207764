package org.sluice.datapath.protocol;

import java.util.regex.Pattern;

/** A 48-bit MAC address in the low bits of a {@code long}; the first octet on the wire is the highest. */
public final class MacAddress {
    public static final int LENGTH = 6;
    public static final long BROADCAST = 0xFFFF_FFFF_FFFFL;
    public static final long MASK = 0xFFFF_FFFF_FFFFL;

    private static final long GROUP_BIT = 1L << 40;
    private static final long LINK_LOCAL_PREFIX = 0x0180_C200_0000L;
    private static final Pattern SYNTAX = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");

    private MacAddress() {
    }

    /** Whether it is broadcast or multicast. */
    public static boolean isGroup(final long mac) {
        return (mac & GROUP_BIT) != 0;
    }

    /** Whether it is in 01:80:c2:00:00:00 to :0f, which a bridge must not forward (IEEE 802.1Q, table 8-1). */
    public static boolean isBridgeLinkLocal(final long mac) {
        return (mac & ~0xFL) == LINK_LOCAL_PREFIX;
    }

    /**
     * Reads six pairs of hexadecimal digits with colons between.
     *
     * @throws IllegalArgumentException for anything else.
     */
    public static long parse(final String text) {
        if (!SYNTAX.matcher(text).matches()) {
            throw new IllegalArgumentException(
                "\"" + text + "\" is not a MAC address; write it like 02:42:0a:00:00:02");
        }
        return Long.parseLong(text.replace(":", ""), 16);
    }

    public static String format(final long mac) {
        return String.format("%02x:%02x:%02x:%02x:%02x:%02x", mac >>> 40 & 0xFF, mac >>> 32 & 0xFF, mac >>> 24 & 0xFF,
            mac >>> 16 & 0xFF, mac >>> 8 & 0xFF, mac & 0xFF);
    }
}
