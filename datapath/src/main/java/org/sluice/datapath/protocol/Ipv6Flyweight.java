package org.sluice.datapath.protocol;

/**
 * IPv6 header (RFC 8200). An address is two {@code long}s, the high half first.
 * <pre>
 *    0                               4               6       7       8
 *   +-------+-------+---------------+---------------+-------+-------+
 *   |version| class |  flow label   |payload length | next  | hops  |  0
 *   +-------+-------+---------------+---------------+-------+-------+
 *   |                    source address (16 bytes)                  |  8
 *   +---------------------------------------------------------------+
 *   |                 destination address (16 bytes)                | 24
 *   +---------------------------------------------------------------+
 * </pre>
 */
public final class Ipv6Flyweight extends Flyweight {
    public static final int LENGTH = 40;
    public static final int PAYLOAD_LENGTH_FIELD_OFFSET = 4;
    public static final int SOURCE_FIELD_OFFSET = 8;
    public static final int DESTINATION_FIELD_OFFSET = 24;

    public static final int NEXT_HEADER_FIELD_OFFSET = 6;
    public static final int HOP_LIMIT_FIELD_OFFSET = 7;

    public Ipv6Flyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    /** Whether the address with this high half is in fe80::/10. */
    public static boolean isLinkLocal(final long high) {
        return high >>> 54 == 0xFE80L >>> 6;
    }

    public int version() {
        return u8(0) >>> 4;
    }

    public void versionOnly() {
        i32(0, 6 << 28);
    }

    public int payloadLength() {
        return u16(PAYLOAD_LENGTH_FIELD_OFFSET);
    }

    public void payloadLength(final int lengthBytes) {
        u16(PAYLOAD_LENGTH_FIELD_OFFSET, lengthBytes);
    }

    public int nextHeader() {
        return u8(NEXT_HEADER_FIELD_OFFSET);
    }

    public void nextHeader(final int protocol) {
        u8(NEXT_HEADER_FIELD_OFFSET, protocol);
    }

    public int hopLimit() {
        return u8(HOP_LIMIT_FIELD_OFFSET);
    }

    public void hopLimit(final int value) {
        u8(HOP_LIMIT_FIELD_OFFSET, value);
    }

    public long sourceHigh() {
        return i64(SOURCE_FIELD_OFFSET);
    }

    public long sourceLow() {
        return i64(SOURCE_FIELD_OFFSET + 8);
    }

    public void source(final long high, final long low) {
        i64(SOURCE_FIELD_OFFSET, high);
        i64(SOURCE_FIELD_OFFSET + 8, low);
    }

    public long destinationHigh() {
        return i64(DESTINATION_FIELD_OFFSET);
    }

    public long destinationLow() {
        return i64(DESTINATION_FIELD_OFFSET + 8);
    }

    public void destination(final long high, final long low) {
        i64(DESTINATION_FIELD_OFFSET, high);
        i64(DESTINATION_FIELD_OFFSET + 8, low);
    }
}
