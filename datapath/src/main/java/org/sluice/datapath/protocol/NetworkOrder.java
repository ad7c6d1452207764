package org.sluice.datapath.protocol;

import java.nio.ByteOrder;

import org.agrona.UnsafeApi;

/**
 * Numbers in network order at raw addresses, for code that reads a field or two and needs no {@link Flyweight}. It
 * checks nothing: the caller knows that the bytes are there.
 */
public final class NetworkOrder {
    private static final boolean NATIVE_IS_LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private NetworkOrder() {
    }

    public static int u8(final long address) {
        return UnsafeApi.getByte(address) & 0xFF;
    }

    public static int u16(final long address) {
        return toHost(UnsafeApi.getShort(address)) & 0xFFFF;
    }

    public static void u16(final long address, final int value) {
        UnsafeApi.putShort(address, toHost((short) value));
    }

    public static int i32(final long address) {
        return toHost(UnsafeApi.getInt(address));
    }

    public static void i32(final long address, final int value) {
        UnsafeApi.putInt(address, toHost(value));
    }

    public static long i64(final long address) {
        return toHost(UnsafeApi.getLong(address));
    }

    public static void i64(final long address, final long value) {
        UnsafeApi.putLong(address, toHost(value));
    }

    /** From network to host order, and back. */
    public static long toHost(final long value) {
        return NATIVE_IS_LITTLE_ENDIAN ? Long.reverseBytes(value) : value;
    }

    /** From network to host order, and back. */
    public static int toHost(final int value) {
        return NATIVE_IS_LITTLE_ENDIAN ? Integer.reverseBytes(value) : value;
    }

    private static short toHost(final short value) {
        return NATIVE_IS_LITTLE_ENDIAN ? Short.reverseBytes(value) : value;
    }
}
