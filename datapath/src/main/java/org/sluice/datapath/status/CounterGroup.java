package org.sluice.datapath.status;

import org.agrona.UnsafeApi;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.status.CountersReader;

/**
 * One set of counters in mapped memory: one counter for each constant of an enum, for one port, network or worker.
 * <p>
 * Written by the worker; any thread or process may read. The worker is the only writer, so adding needs no locked
 * instruction.
 *
 * @param <E> the enum that names the counters.
 */
public final class CounterGroup<E extends Enum<E>> {
    private final long[] addresses;

    /**
     * @param values     the value buffer of the counters file, off-heap.
     * @param counterIds one for each constant, by ordinal.
     */
    public CounterGroup(final AtomicBuffer values, final int[] counterIds) {
        addresses = new long[counterIds.length];
        for (int i = 0; i < counterIds.length; i++) {
            final int offset = CountersReader.counterOffset(counterIds[i]);
            values.boundsCheck(offset, Long.BYTES);
            addresses[i] = values.addressOffset() + offset;
        }
    }

    public void add(final E counter, final long amount) {
        final long address = addresses[counter.ordinal()];
        UnsafeApi.putLongRelease(null, address, UnsafeApi.getLong(address) + amount);
    }

    public void increment(final E counter) {
        add(counter, 1);
    }

    public void set(final E counter, final long value) {
        UnsafeApi.putLongRelease(null, addresses[counter.ordinal()], value);
    }

    public long get(final E counter) {
        return UnsafeApi.getLongVolatile(null, addresses[counter.ordinal()]);
    }
}
