package org.sluice.datapath.protocol;

import org.agrona.DirectBuffer;
import org.agrona.UnsafeApi;

/**
 * A view of one header; it owns no memory. The thread that makes an instance owns it, and wraps it again and again.
 * Values are in host order for the caller and in network order in the frame.
 * <p>
 * Accessors check bounds against the frame's end, unless Agrona's {@code agrona.disable.bounds.checks} is set. The
 * caller must check first that the whole header is there. A flyweight reads raw addresses, not an Agrona buffer. A
 * buffer must be wrapped for each frame, and the compiler puts a barrier at each access as long as the buffer might be
 * a heap array: that made parsing three times as slow.
 */
public abstract class Flyweight {

    private long address;
    private int available;

    Flyweight() {
    }

    /**
     * @param headerAddress address of the header's first byte.
     * @param bytes         from there to the frame's end.
     */
    protected final void wrapAt(final long headerAddress, final int bytes) {
        address = headerAddress;
        available = bytes;
    }

    /** Address of the header's first byte. */
    public final long address() {
        return address;
    }

    protected final int u8(final int field) {
        checkBounds(field, Byte.BYTES);
        return NetworkOrder.u8(address + field);
    }

    protected final void u8(final int field, final int value) {
        checkBounds(field, Byte.BYTES);
        UnsafeApi.putByte(address + field, (byte) value);
    }

    protected final int u16(final int field) {
        checkBounds(field, Short.BYTES);
        return NetworkOrder.u16(address + field);
    }

    protected final void u16(final int field, final int value) {
        checkBounds(field, Short.BYTES);
        NetworkOrder.u16(address + field, value);
    }

    protected final int i32(final int field) {
        checkBounds(field, Integer.BYTES);
        return NetworkOrder.i32(address + field);
    }

    protected final void i32(final int field, final int value) {
        checkBounds(field, Integer.BYTES);
        NetworkOrder.i32(address + field, value);
    }

    protected final long i64(final int field) {
        checkBounds(field, Long.BYTES);
        return NetworkOrder.i64(address + field);
    }

    protected final void i64(final int field, final long value) {
        checkBounds(field, Long.BYTES);
        NetworkOrder.i64(address + field, value);
    }

    /** A MAC address in the low 48 bits. */
    protected final long mac(final int field) {
        return (long) u16(field) << 32 | i32(field + Short.BYTES) & 0xFFFF_FFFFL;
    }

    protected final void mac(final int field, final long value) {
        u16(field, (int) (value >>> 32));
        i32(field + Short.BYTES, (int) value);
    }

    private void checkBounds(final int field, final int bytes) {
        if (DirectBuffer.SHOULD_BOUNDS_CHECK && field > available - bytes) {
            throw new IndexOutOfBoundsException(
                "field " + field + "+" + bytes + " of a header with " + available + " bytes left in its frame");
        }
    }
}
