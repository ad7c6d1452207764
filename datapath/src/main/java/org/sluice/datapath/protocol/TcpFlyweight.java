package org.sluice.datapath.protocol;

/**
 * TCP header (RFC 9293).
 * <pre>
 *    0                               2                               4
 *   +-------------------------------+-------------------------------+
 *   |          source port          |       destination port        |  0
 *   +-------------------------------+-------------------------------+
 *   |                        sequence number                        |  4
 *   +---------------------------------------------------------------+
 *   |                     acknowledgement number                    |  8
 *   +-------+-------+---------------+-------------------------------+
 *   |offset | rsvd  |     flags     |            window             | 12
 *   +-------+-------+---------------+-------------------------------+
 *   |           checksum            |        urgent pointer         | 16
 *   +-------------------------------+-------------------------------+
 * </pre>
 */
public final class TcpFlyweight extends Flyweight {
    public static final int MIN_LENGTH = 20;
    public static final int SEQUENCE_FIELD_OFFSET = 4;
    public static final int ACKNOWLEDGEMENT_FIELD_OFFSET = 8;
    public static final int DATA_OFFSET_FIELD_OFFSET = 12;
    public static final int FLAGS_FIELD_OFFSET = 13;
    public static final int CHECKSUM_FIELD_OFFSET = 16;

    public static final int FIN = 0x01;
    public static final int SYN = 0x02;
    public static final int RST = 0x04;
    public static final int PSH = 0x08;
    public static final int ACK = 0x10;
    public static final int CWR = 0x80;

    private static final int DESTINATION_PORT_FIELD_OFFSET = 2;
    private static final int WINDOW_FIELD_OFFSET = 14;

    public TcpFlyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    public int sourcePort() {
        return u16(0);
    }

    public void sourcePort(final int port) {
        u16(0, port);
    }

    public int destinationPort() {
        return u16(DESTINATION_PORT_FIELD_OFFSET);
    }

    public void destinationPort(final int port) {
        u16(DESTINATION_PORT_FIELD_OFFSET, port);
    }

    public int sequence() {
        return i32(SEQUENCE_FIELD_OFFSET);
    }

    public void sequence(final int value) {
        i32(SEQUENCE_FIELD_OFFSET, value);
    }

    public int acknowledgement() {
        return i32(ACKNOWLEDGEMENT_FIELD_OFFSET);
    }

    public void acknowledgement(final int value) {
        i32(ACKNOWLEDGEMENT_FIELD_OFFSET, value);
    }

    public int headerLength() {
        return u8(DATA_OFFSET_FIELD_OFFSET) >>> 4 << 2;
    }

    public void headerLength(final int lengthBytes) {
        u8(DATA_OFFSET_FIELD_OFFSET, lengthBytes >>> 2 << 4);
    }

    public int flags() {
        return u8(FLAGS_FIELD_OFFSET);
    }

    public void flags(final int value) {
        u8(FLAGS_FIELD_OFFSET, value);
    }

    public int window() {
        return u16(WINDOW_FIELD_OFFSET);
    }

    public void window(final int value) {
        u16(WINDOW_FIELD_OFFSET, value);
    }

    public int checksum() {
        return u16(CHECKSUM_FIELD_OFFSET);
    }

    public void checksum(final int value) {
        u16(CHECKSUM_FIELD_OFFSET, value);
    }
}
