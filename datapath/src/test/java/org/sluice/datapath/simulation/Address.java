package org.sluice.datapath.simulation;

import java.nio.ByteBuffer;

/** An IP address in two halves, as commands carry it: an IPv4 address is a mapped one. */
record Address(long high, long low) {
    static Address v4(final int a, final int b, final int c, final int d) {
        return new Address(0, 0xFFFF_0000_0000L | a << 24 & 0xFFFF_FFFFL | b << 16 | c << 8 | d);
    }

    static Address v4(final int bits) {
        return new Address(0, 0xFFFF_0000_0000L | bits & 0xFFFF_FFFFL);
    }

    static Address v6(final long high, final long low) {
        return new Address(high, low);
    }

    boolean isV4() {
        return high == 0 && low >>> 32 == 0xFFFF;
    }

    byte[] bytes() {
        return isV4() ? ByteBuffer.allocate(4).putInt((int) low).array()
            : ByteBuffer.allocate(16).putLong(high).putLong(low).array();
    }

    /** Whether the first bits are those of the prefix; both of one family. */
    boolean isIn(final Address prefix, final int length) {
        if (isV4() != prefix.isV4()) {
            return false;
        }
        final int bits = isV4() ? length + 96 : length;
        for (int i = 0; i < bits; i++) {
            if (bit(i) != prefix.bit(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean bit(final int number) {
        return (number < 64 ? high >>> 63 - number : low >>> 127 - number) % 2 != 0;
    }

    @Override
    public String toString() {
        return isV4() ? (low >>> 24 & 0xFF) + "." + (low >>> 16 & 0xFF) + "." + (low >>> 8 & 0xFF) + "." + (low & 0xFF)
            : Long.toHexString(high) + "::" + Long.toHexString(low);
    }
}
