package org.sluice.datapath.protocol;

/**
 * UDP header (RFC 768).
 * <pre>
 *    0             2             4             6             8
 *   +-------------+-------------+-------------+-------------+
 *   | source port |  dest. port |   length    |  checksum   |
 *   +-------------+-------------+-------------+-------------+
 * </pre>
 */
public final class UdpFlyweight extends Flyweight {
    public static final int LENGTH = 8;
    public static final int LENGTH_FIELD_OFFSET = 4;
    public static final int CHECKSUM_FIELD_OFFSET = 6;
    private static final int DESTINATION_PORT_FIELD_OFFSET = 2;

    public UdpFlyweight wrap(final long address, final int available) {
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

    /** Header and payload in bytes. */
    public int datagramLength() {
        return u16(LENGTH_FIELD_OFFSET);
    }

    public void datagramLength(final int lengthBytes) {
        u16(LENGTH_FIELD_OFFSET, lengthBytes);
    }

    public int checksum() {
        return u16(CHECKSUM_FIELD_OFFSET);
    }

    public void checksum(final int value) {
        u16(CHECKSUM_FIELD_OFFSET, value);
    }
}
