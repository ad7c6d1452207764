package org.sluice.datapath.bridge;

/**
 * How an FDB entry is packed into two {@code long}s.
 * <pre>
 *   key     63         48 47                                          0
 *          +-------------+---------------------------------------------+
 *          |   domain    |                  MAC                        |
 *          +-------------+---------------------------------------------+
 *   value   63         40 39             17 16   15                   0
 *          +-------------+-----------------+----+----------------------+
 *          |  last seen  |      epoch      | st |         port         |
 *          +-------------+-----------------+----+----------------------+
 * </pre>
 * Last seen is in seconds modulo 2^24. The epoch is the number of flushes before the entry was learned; the entry is
 * stale when its port or its domain was flushed since. {@code st} marks a static entry. No domain has the number 0, so
 * a key of 0 is an empty place.
 */
public final class FdbEntry {
    public static final int MAX_EPOCH = 1 << 23;
    private static final int SECONDS_MASK = 0xFF_FFFF;
    private static final long STATIC_BIT = 1L << 16;

    private FdbEntry() {
    }

    public static long key(final int domain, final long mac) {
        return (long) domain << 48 | mac;
    }

    public static int domain(final long key) {
        return (int) (key >>> 48);
    }

    public static long mac(final long key) {
        return key & 0xFFFF_FFFF_FFFFL;
    }

    static long learned(final int port, final int epoch, final int nowSeconds) {
        return (long) (nowSeconds & SECONDS_MASK) << 40 | (long) epoch << 17 | port;
    }

    static long permanent(final int port) {
        return STATIC_BIT | port;
    }

    public static int port(final long value) {
        return (int) value & 0xFFFF;
    }

    public static boolean isStatic(final long value) {
        return (value & STATIC_BIT) != 0;
    }

    static int epoch(final long value) {
        return (int) (value >>> 17) & MAX_EPOCH - 1;
    }

    static boolean isSeenAt(final long value, final int nowSeconds) {
        return value >>> 40 == (nowSeconds & SECONDS_MASK);
    }

    /**
     * Seconds since the entry's MAC was last seen. A reader may find a time after {@code now}: the result is then 0
     * too.
     */
    public static int age(final long value, final int nowSeconds) {
        final int age = nowSeconds - (int) (value >>> 40) & SECONDS_MASK;
        return age > SECONDS_MASK >> 1 ? 0 : age;
    }
}
