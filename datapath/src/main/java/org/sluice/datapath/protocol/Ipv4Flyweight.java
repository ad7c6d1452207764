package org.sluice.datapath.protocol;

/**
 * IPv4 header (RFC 791).
 * <pre>
 *    0               1               2                               4
 *   +-------+-------+---------------+-------------------------------+
 *   |version|  IHL  |      TOS      |         total length          |  0
 *   +-------+-------+---------------+-----+-------------------------+
 *   |        identification         |flags|     fragment offset     |  4
 *   +---------------+---------------+-----+-------------------------+
 *   |      TTL      |   protocol    |        header checksum        |  8
 *   +---------------+---------------+-------------------------------+
 *   |                         source address                        | 12
 *   +---------------------------------------------------------------+
 *   |                      destination address                      | 16
 *   +---------------------------------------------------------------+
 * </pre>
 */
public final class Ipv4Flyweight extends Flyweight {
    public static final int MIN_LENGTH = 20;
    public static final int TOTAL_LENGTH_FIELD_OFFSET = 2;
    public static final int CHECKSUM_FIELD_OFFSET = 10;
    public static final int SOURCE_FIELD_OFFSET = 12;
    public static final int DESTINATION_FIELD_OFFSET = 16;

    public static final int IDENTIFICATION_FIELD_OFFSET = 4;
    public static final int FRAGMENT_FIELD_OFFSET = 6;
    public static final int DONT_FRAGMENT = 0x4000;
    public static final int TTL_FIELD_OFFSET = 8;
    public static final int PROTOCOL_FIELD_OFFSET = 9;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int FRAGMENT_OFFSET_MASK = 0x1FFF;

    public Ipv4Flyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    public int version() {
        return u8(0) >>> 4;
    }

    public int headerLength() {
        return (u8(0) & 0xF) << 2;
    }

    public void versionAndHeaderLength(final int headerLengthBytes) {
        u8(0, 0x40 | headerLengthBytes >>> 2);
    }

    public int tos() {
        return u8(1);
    }

    public int totalLength() {
        return u16(TOTAL_LENGTH_FIELD_OFFSET);
    }

    public void totalLength(final int lengthBytes) {
        u16(TOTAL_LENGTH_FIELD_OFFSET, lengthBytes);
    }

    public int identification() {
        return u16(IDENTIFICATION_FIELD_OFFSET);
    }

    public void identification(final int value) {
        u16(IDENTIFICATION_FIELD_OFFSET, value);
    }

    /** Flags and offset in one word, as in the header. */
    public int fragmentField() {
        return u16(FRAGMENT_FIELD_OFFSET);
    }

    public void fragmentField(final int value) {
        u16(FRAGMENT_FIELD_OFFSET, value);
    }

    public boolean isFragment() {
        return (fragmentField() & (MORE_FRAGMENTS | FRAGMENT_OFFSET_MASK)) != 0;
    }

    /** Whether it is a fragment after the first, which has no layer-4 header. */
    public boolean isLaterFragment() {
        return (fragmentField() & FRAGMENT_OFFSET_MASK) != 0;
    }

    public int ttl() {
        return u8(TTL_FIELD_OFFSET);
    }

    public void ttl(final int value) {
        u8(TTL_FIELD_OFFSET, value);
    }

    public int protocol() {
        return u8(PROTOCOL_FIELD_OFFSET);
    }

    public void protocol(final int value) {
        u8(PROTOCOL_FIELD_OFFSET, value);
    }

    public int checksum() {
        return u16(CHECKSUM_FIELD_OFFSET);
    }

    public void checksum(final int value) {
        u16(CHECKSUM_FIELD_OFFSET, value);
    }

    /** Computes the header checksum anew and stores it. */
    public void updateChecksum() {
        checksum(0);
        checksum(InternetChecksum.finish(InternetChecksum.sum(address(), headerLength())));
    }

    /** Whether the header checksum is right. The caller checks first that the whole header is there. */
    public boolean isChecksumRight() {
        final int length = headerLength();
        return (length == MIN_LENGTH ? InternetChecksum.fold(InternetChecksum.sum20(address()))
            : InternetChecksum.sum(address(), length)) == 0xFFFF;
    }

    public int source() {
        return i32(SOURCE_FIELD_OFFSET);
    }

    public void source(final int ip) {
        i32(SOURCE_FIELD_OFFSET, ip);
    }

    public int destination() {
        return i32(DESTINATION_FIELD_OFFSET);
    }

    public void destination(final int ip) {
        i32(DESTINATION_FIELD_OFFSET, ip);
    }
}
