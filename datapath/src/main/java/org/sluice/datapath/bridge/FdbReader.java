package org.sluice.datapath.bridge;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * Reads an FDB while the worker writes it, from another thread or process and without a lock. It skips an entry that
 * changes during the read. Used by one thread.
 */
public final class FdbReader {
    private final FdbLayout layout;

    /**
     * @throws IllegalStateException when the region holds no FDB of this version.
     */
    public FdbReader(final OffHeapRegion region) {
        layout = FdbLayout.open(region);
    }

    /** Receives the entries. */
    @FunctionalInterface
    public interface Consumer {
        /** One entry, packed as {@link FdbEntry} describes. */
        void accept(long key, long value);
    }

    /**
     * Visits every live entry.
     *
     * @param nowSeconds on the worker's clock, {@link System#nanoTime()}.
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
