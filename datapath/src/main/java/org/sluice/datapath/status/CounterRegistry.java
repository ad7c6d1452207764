package org.sluice.datapath.status;

import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.agrona.concurrent.status.CountersReader;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * Allocates labelled counters in one mapped region. Another process can read them with Agrona's {@link CountersReader}.
 * The layout: the values, 128 bytes each, then the metadata, 512 bytes each. Owned by the control thread; a worker
 * writes the counters.
 */
public final class CounterRegistry implements AutoCloseable {
    private final OffHeapRegion region;
    private final CountersManager manager;

    /**
     * @param region of {@link #regionBytes} bytes, all zero.
     */
    public CounterRegistry(final OffHeapRegion region, final int maxCounters) {
        this.region = region;
        final int valueBytes = maxCounters * CountersReader.COUNTER_LENGTH;
        manager = new CountersManager(
            region.slice(valueBytes, maxCounters * CountersReader.METADATA_LENGTH), region.slice(0, valueBytes));
    }

    /** Bytes of a region for this many counters. */
    public static long regionBytes(final int maxCounters) {
        return (long) maxCounters * (CountersReader.COUNTER_LENGTH + CountersReader.METADATA_LENGTH);
    }

    /**
     * Allocates counters, all 0, one for each constant of the enum.
     *
     * @param typeId tells a reader what kind of owner they have.
     * @param owner  comes first in the labels, before the constant's name.
     * @return their ids by ordinal.
     * @throws IllegalStateException when the region is full; then none is allocated.
     */
    public int[] allocate(final Class<? extends Enum<?>> names, final int typeId, final String owner) {
        final Enum<?>[] constants = names.getEnumConstants();
        if (manager.available() < constants.length) {
            throw new IllegalStateException("no counters left for " + owner + ": all " + manager.capacity()
                + " are in use");
        }
        final int[] ids = new int[constants.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = manager.allocate(owner + " " + constants[i].name(), typeId);
        }
        return ids;
    }

    /** Frees counters that no worker writes any more. */
    public void free(final int[] counterIds) {
        for (final int id : counterIds) {
            manager.free(id);
        }
    }

    public AtomicBuffer values() {
        return manager.valuesBuffer();
    }

    @Override
    public void close() {
        region.close();
    }
}
