package org.sluice.datapath.protocol;

/**
 * ICMPv6 header (RFC 4443) with the fields of a neighbour solicitation or advertisement (RFC 4861, 4.3 and 4.4).
 * <pre>
 *    0      1      2             4                           8
 *   +------+------+-------------+---------------------------+
 *   | type | code |  checksum   | R S O flags, or echo id   |  0
 *   +------+------+-------------+---------------------------+
 *   |              target address (16 bytes)                |  8
 *   +------+------+-----------------------------------------+
 *   |option| len  |     link-layer address (6 bytes)        | 24
 *   +------+------+-----------------------------------------+
 * </pre>
 */
public final class Icmpv6Flyweight extends Flyweight {
    public static final int MIN_LENGTH = 4;
    public static final int ECHO_LENGTH = 8;
    public static final int NEIGHBOUR_LENGTH = 24;
    /** A neighbour message with one link-layer address option. */
    public static final int NEIGHBOUR_WITH_OPTION_LENGTH = 32;
    public static final int CHECKSUM_FIELD_OFFSET = 2;

    public static final int ECHO_REQUEST = 128;
    public static final int ECHO_REPLY = 129;
    public static final int ROUTER_ADVERTISEMENT = 134;
    public static final int REDIRECT = 137;
    public static final int NEIGHBOUR_SOLICITATION = 135;
    public static final int NEIGHBOUR_ADVERTISEMENT = 136;

    public static final int FLAG_ROUTER = 0x8000_0000;
    public static final int FLAG_SOLICITED = 0x4000_0000;
    public static final int FLAG_OVERRIDE = 0x2000_0000;
    public static final int OPTION_TARGET_LINK_LAYER = 2;

    private static final int FLAGS_FIELD_OFFSET = 4;
    private static final int TARGET_FIELD_OFFSET = 8;
    private static final int OPTION_FIELD_OFFSET = 24;

    public Icmpv6Flyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    public int type() {
        return u8(0);
    }

    public void type(final int value) {
        u8(0, value);
    }

    public int code() {
        return u8(1);
    }

    /** Type and code as the one 16-bit word that the checksum covers. */
    public int typeAndCode() {
        return u16(0);
    }

    public int checksum() {
        return u16(CHECKSUM_FIELD_OFFSET);
    }

    public void checksum(final int value) {
        u16(CHECKSUM_FIELD_OFFSET, value);
    }

    public int neighbourFlags() {
        return i32(FLAGS_FIELD_OFFSET);
    }

    public void neighbourFlags(final int value) {
        i32(FLAGS_FIELD_OFFSET, value);
    }

    public long targetHigh() {
        return i64(TARGET_FIELD_OFFSET);
    }

    public long targetLow() {
        return i64(TARGET_FIELD_OFFSET + 8);
    }

    public void target(final long high, final long low) {
        i64(TARGET_FIELD_OFFSET, high);
        i64(TARGET_FIELD_OFFSET + 8, low);
    }

    /** Writes one link-layer address option (RFC 4861, 4.6.1) behind the target. */
    public void linkLayerOption(final int optionType, final long mac) {
        u8(OPTION_FIELD_OFFSET, optionType);
        u8(OPTION_FIELD_OFFSET + 1, 1);
        mac(OPTION_FIELD_OFFSET + 2, mac);
    }
}
