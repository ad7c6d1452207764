package org.sluice.datapath.status;

import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.status.CountersReader;

/**
 * One set of counters in mapped memory: one counter for each constant of an enum, for one port, network or worker.
 * <p>
 * One thread, the worker, adds; any thread or process reads. A worker that adds needs no locked instruction, for it
 * is the only writer.
 *
 * @param <E> names the counters.
 */
public final class CounterGroup<E extends Enum<E>> {
    private final AtomicBuffer values;
    private final int[] offsets;

    /**
     * @param values     the value buffer of the counters file.
     * @param counterIds one a constant, by ordinal.
     */
    public CounterGroup(final AtomicBuffer values, final int[] counterIds) {
        this.values = values;
        offsets = new int[counterIds.length];
        for (int i = 0; i < counterIds.length; i++) {
            offsets[i] = CountersReader.counterOffset(counterIds[i]);
            values.boundsCheck(offsets[i], Long.BYTES);
        }
    }

    public void add(final E counter, final long amount) {
        final int offset = offsets[counter.ordinal()];
        values.putLongRelease(offset, values.getLong(offset) + amount);
    }

    public void increment(final E counter) {
        add(counter, 1);
    }

    public void set(final E counter, final long value) {
        values.putLongRelease(offsets[counter.ordinal()], value);
    }

    public long get(final E counter) {
        return values.getLongVolatile(offsets[counter.ordinal()]);
    }
}
