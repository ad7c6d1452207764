package org.sluice.datapath.bridge;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * Reads an FDB beside the worker that writes it, from another thread or process, without a lock: an entry that changes
 * while it is read is left out.
 */
public final class FdbReader {
    private final FdbLayout layout;

    /**
     * @throws IllegalStateException when no FDB of this version stands in the region.
     */
    public FdbReader(final OffHeapRegion region) {
        layout = FdbLayout.open(region);
    }

    /** Receives the entries. */
    @FunctionalInterface
    public interface Consumer {
        /** One entry, packed as {@link FdbEntry} tells. */
        void accept(long key, long value);
    }

    /**
     * Visits every live entry.
     *
     * @param nowSeconds by the same clock as the worker's, {@link System#nanoTime()}.
     */
    public void forEach(final int nowSeconds, final Consumer consumer) {
        for (int b = 0; b < layout.bucketCount(); b++) {
            for (int way = 0; way < FdbLayout.WAYS; way++) {
                final long entry = layout.bucket(b) + (long) way * FdbLayout.ENTRY_BYTES;
                final long key = UnsafeApi.getLongVolatile(null, entry);
                final long value = UnsafeApi.getLongVolatile(null, entry + Long.BYTES);
                if (key != 0 && UnsafeApi.getLongVolatile(null, entry) == key
                    && layout.isLive(key, value, nowSeconds)) {
                    consumer.accept(key, value);
                }
            }
        }
    }
}
