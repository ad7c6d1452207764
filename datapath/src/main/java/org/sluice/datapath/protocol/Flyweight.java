package org.sluice.datapath.protocol;

import org.agrona.DirectBuffer;
import org.agrona.UnsafeApi;

/**
 * A view of one header. It owns nothing; one instance is made once and wrapped again and again by the thread that owns
 * it. Values are in host order on this side and in network order in the frame.
 * <p>
 * Accessors check bounds against the frame's end, unless Agrona's {@code agrona.disable.bounds.checks} is set. Whether
 * a whole header is there is for the caller to check before. Memory is read by its address and not through an Agrona
 * buffer: to wrap one for each frame, and the barrier that the compiler puts at each access as long as the buffer might
 * be a heap array, made parsing three times as slow.
 */
public abstract class Flyweight {

    private long address;
    private int available;

    Flyweight() {
    }

    /**
     * @param headerAddress of the header's first byte.
     * @param bytes         from there to the frame's end.
     */
    protected final void wrapAt(final long headerAddress, final int bytes) {
        address = headerAddress;
        available = bytes;
    }

    /** Of the header's first byte. */
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
