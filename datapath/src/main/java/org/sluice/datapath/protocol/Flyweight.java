package org.sluice.datapath.protocol;

import java.nio.ByteOrder;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * A view of one header at an offset of a frame. It owns nothing; one instance is made once and wrapped again and again
 * by the thread that owns it. Values are in host order on this side and in the header's own order in the buffer.
 * Accessors check bounds as the buffer does; whether a whole header is there is for the caller to check before.
 */
public abstract class Flyweight {
    private static final ByteOrder BIG_ENDIAN = ByteOrder.BIG_ENDIAN;

    protected UnsafeBuffer buffer;
    protected int offset;

    Flyweight() {
    }

    protected final void wrapAt(final UnsafeBuffer frame, final int headerOffset) {
        buffer = frame;
        offset = headerOffset;
    }

    public final int offset() {
        return offset;
    }

    protected final int u8(final int field) {
        return buffer.getByte(offset + field) & 0xFF;
    }

    protected final void u8(final int field, final int value) {
        buffer.putByte(offset + field, (byte) value);
    }

    protected final int u16(final int field) {
        return buffer.getShort(offset + field, BIG_ENDIAN) & 0xFFFF;
    }

    protected final void u16(final int field, final int value) {
        buffer.putShort(offset + field, (short) value, BIG_ENDIAN);
    }

    protected final int i32(final int field) {
        return buffer.getInt(offset + field, BIG_ENDIAN);
    }

    protected final void i32(final int field, final int value) {
        buffer.putInt(offset + field, value, BIG_ENDIAN);
    }

    protected final long i64(final int field) {
        return buffer.getLong(offset + field, BIG_ENDIAN);
    }

    protected final void i64(final int field, final long value) {
        buffer.putLong(offset + field, value, BIG_ENDIAN);
    }
}
