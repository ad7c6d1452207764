package org.sluice.datapath.route;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A map from IP addresses of both families (IPv4 ones mapped, see {@link org.sluice.datapath.protocol.IpAddress}). Open
 * addressing with linear probing; a look-up allocates nothing. Each table has its own seed, so that a sender of packets
 * cannot choose addresses that collide. Owned by the worker.
 *
 * @param <V> the type of the values.
 */
public final class AddressTable<V> {
    private static final int MIN_CAPACITY = 16;

    private long[] highs = new long[MIN_CAPACITY];
    private long[] lows = new long[MIN_CAPACITY];
    private Object[] values = new Object[MIN_CAPACITY];
    private final long seed = ThreadLocalRandom.current().nextLong();
    private int size;

    /** The value of the address, or null. */
    @SuppressWarnings("unchecked") // Only V are put in.
    public V get(final long high, final long low) {
        final int mask = values.length - 1;
        int slot = slotOf(high, low, mask);
        while (values[slot] != null) {
            if (lows[slot] == low && highs[slot] == high) {
                return (V) values[slot];
            }
            slot = slot + 1 & mask;
        }
        return null;
    }

    /** Sets the value of the address. */
    public void put(final long high, final long low, final V value) {
        if (2 * (size + 1) > values.length) {
            grow();
        }
        final int slot = find(high, low);
        if (values[slot] == null) {
            size++;
        }
        highs[slot] = high;
        lows[slot] = low;
        values[slot] = value;
    }

    /** Removes the address. A missing one is no error. */
    public void remove(final long high, final long low) {
        final int mask = values.length - 1;
        int hole = find(high, low);
        if (values[hole] == null) {
            return;
        }
        size--;
        values[hole] = null;
        // The entries that the removed one had displaced move up, so that no search ends at the hole.
        for (int slot = hole + 1 & mask; values[slot] != null; slot = slot + 1 & mask) {
            final int home = slotOf(highs[slot], lows[slot], mask);
            if ((slot - home & mask) >= (slot - hole & mask)) {
                highs[hole] = highs[slot];
                lows[hole] = lows[slot];
                values[hole] = values[slot];
                values[slot] = null;
                hole = slot;
            }
        }
    }

    public int size() {
        return size;
    }

    /** Removes all addresses. */
    public void clear() {
        Arrays.fill(values, null);
        size = 0;
    }

    private int find(final long high, final long low) {
        final int mask = values.length - 1;
        int slot = slotOf(high, low, mask);
        while (values[slot] != null && (lows[slot] != low || highs[slot] != high)) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private void grow() {
        final long[] oldHighs = highs;
        final long[] oldLows = lows;
        final Object[] oldValues = values;
        highs = new long[2 * oldValues.length];
        lows = new long[2 * oldValues.length];
        values = new Object[2 * oldValues.length];
        for (int i = 0; i < oldValues.length; i++) {
            if (oldValues[i] != null) {
                final int slot = find(oldHighs[i], oldLows[i]);
                highs[slot] = oldHighs[i];
                lows[slot] = oldLows[i];
                values[slot] = oldValues[i];
            }
        }
    }

    private int slotOf(final long high, final long low, final int mask) {
        final long a = low ^ seed;
        final long b = high ^ 0x9E37_79B9_7F4A_7C15L;
        return (int) ((a * b ^ Math.unsignedMultiplyHigh(a, b)) * 0xD6E8_FEB8_6659_FD93L >>> 32) & mask;
    }
}
