package org.sluice.datapath.protocol;

import java.nio.ByteOrder;

import org.agrona.UnsafeApi;

/**
 * The legacy virtio-net header that a TAP or packet socket puts in front of a frame (Linux uapi/linux/virtio_net.h), in
 * little endian.
 * <pre>
 *    0       1          2             4             6             8             10
 *   +-------+----------+-------------+-------------+-------------+-------------+
 *   | flags | gso type | header len  |  gso size   | csum start  | csum offset |
 *   +-------+----------+-------------+-------------+-------------+-------------+
 * </pre>
 * With {@link #NEEDS_CHECKSUM} the field at {@code csum start + csum offset} holds the folded pseudo-header sum, and
 * the device that puts the frame on a wire completes it. With a GSO type the frame is a super-frame, which that device
 * cuts into packets of {@code gso size} payload bytes. {@code header len} is a hint that the switch ignores.
 * <p>
 * The whole header is always there: the device that appends a frame to a batch ensures it.
 */
public final class VirtioNetHeaderFlyweight {
    public static final int LENGTH = 10;
    public static final int NEEDS_CHECKSUM = 1;
    /** The device found the checksum right. */
    public static final int DATA_VALID = 2;

    public static final int GSO_NONE = 0;
    public static final int GSO_TCPV4 = 1;
    public static final int GSO_UDP = 3;
    public static final int GSO_TCPV6 = 4;
    public static final int GSO_UDP_L4 = 5;
    /** Set beside a TCP type when the flow uses ECN. */
    public static final int GSO_ECN = 0x80;

    private static final boolean NATIVE_IS_LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    private static final int GSO_TYPE_FIELD_OFFSET = 1;
    private static final int HEADER_LENGTH_FIELD_OFFSET = 2;
    private static final int GSO_SIZE_FIELD_OFFSET = 4;
    private static final int CHECKSUM_START_FIELD_OFFSET = 6;
    private static final int CHECKSUM_OFFSET_FIELD_OFFSET = 8;

    private long address;

    /** Wraps the header in front of a frame. */
    public VirtioNetHeaderFlyweight wrapBefore(final long frameAddress) {
        address = frameAddress - LENGTH;
        return this;
    }

    /** Sets no flag and no GSO type: the frame is complete as it is. */
    public void clear() {
        UnsafeApi.putLong(address, 0);
        UnsafeApi.putShort(address + Long.BYTES, (short) 0);
    }

    /** Whether neither a flag nor a GSO type is set. */
    public boolean isPlain() {
        return UnsafeApi.getShort(address) == 0;
    }

    public int flags() {
        return UnsafeApi.getByte(address) & 0xFF;
    }

    public boolean needsChecksum() {
        return (flags() & NEEDS_CHECKSUM) != 0;
    }

    public void flags(final int value) {
        UnsafeApi.putByte(address, (byte) value);
    }

    public int gsoType() {
        return UnsafeApi.getByte(address + GSO_TYPE_FIELD_OFFSET) & 0xFF;
    }

    public void gsoType(final int value) {
        UnsafeApi.putByte(address + GSO_TYPE_FIELD_OFFSET, (byte) value);
    }

    public int headerLength() {
        return u16(HEADER_LENGTH_FIELD_OFFSET);
    }

    public void headerLength(final int value) {
        u16(HEADER_LENGTH_FIELD_OFFSET, value);
    }

    public int gsoSize() {
        return u16(GSO_SIZE_FIELD_OFFSET);
    }

    public void gsoSize(final int value) {
        u16(GSO_SIZE_FIELD_OFFSET, value);
    }

    public int checksumStart() {
        return u16(CHECKSUM_START_FIELD_OFFSET);
    }

    public void checksumStart(final int value) {
        u16(CHECKSUM_START_FIELD_OFFSET, value);
    }

    public int checksumOffset() {
        return u16(CHECKSUM_OFFSET_FIELD_OFFSET);
    }

    public void checksumOffset(final int value) {
        u16(CHECKSUM_OFFSET_FIELD_OFFSET, value);
    }

    private int u16(final int field) {
        final short bits = UnsafeApi.getShort(address + field);
        return (NATIVE_IS_LITTLE_ENDIAN ? bits : Short.reverseBytes(bits)) & 0xFFFF;
    }

    private void u16(final int field, final int value) {
        final short bits = (short) value;
        UnsafeApi.putShort(address + field, NATIVE_IS_LITTLE_ENDIAN ? bits : Short.reverseBytes(bits));
    }
}
