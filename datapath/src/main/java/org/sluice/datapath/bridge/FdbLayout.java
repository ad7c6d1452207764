package org.sluice.datapath.bridge;

import org.agrona.BitUtil;
import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.buffer.PortIndex;

/**
 * The memory layout of an FDB, apart from the table's rules. A reader in another thread or process shares it. Written
 * by the worker that owns the table.
 * <pre>
 *   0      magic and version (8)  bucket count (4)  ageing seconds (4)   ... to 64
 *   64     flush epoch of each domain   (4 bytes each)
 *   ...    flush epoch of each port     (4 bytes each)
 *   ...    buckets: a cache line each, four entries of {@link FdbEntry} key and value
 * </pre>
 */
final class FdbLayout {
    static final int MAX_DOMAINS = 4096;
    static final int WAYS = 4;
    static final int ENTRY_BYTES = 16;
    static final int BUCKET_BYTES = WAYS * ENTRY_BYTES;
    static final int BUCKET_SHIFT = 6;

    private static final long MAGIC = 0x534C_4644_4200_0001L;
    private static final int BUCKET_COUNT_FIELD_OFFSET = 8;
    private static final int AGEING_FIELD_OFFSET = 12;
    private static final int DOMAIN_EPOCHS_OFFSET = 64;
    private static final int PORT_EPOCHS_OFFSET = DOMAIN_EPOCHS_OFFSET + MAX_DOMAINS * Integer.BYTES;
    private static final int BUCKETS_OFFSET = PORT_EPOCHS_OFFSET + PortIndex.LIMIT * Integer.BYTES;

    private final long address;
    private final int bucketCount;
    private final int ageingSeconds;

    private FdbLayout(final long address) {
        this.address = address;
        bucketCount = UnsafeApi.getInt(address + BUCKET_COUNT_FIELD_OFFSET);
        ageingSeconds = UnsafeApi.getInt(address + AGEING_FIELD_OFFSET);
    }

    static long regionBytes(final int capacity) {
        return BUCKETS_OFFSET + (long) bucketCount(capacity) * BUCKET_BYTES;
    }

    /** Formats an empty table over whatever the region held. */
    static FdbLayout format(final OffHeapRegion region, final int capacity, final int ageingSeconds) {
        final long address = region.address();
        requireSize(region, regionBytes(capacity));
        UnsafeApi.setMemory(address, region.sizeBytes(), (byte) 0);
        UnsafeApi.putInt(address + BUCKET_COUNT_FIELD_OFFSET, bucketCount(capacity));
        UnsafeApi.putInt(address + AGEING_FIELD_OFFSET, ageingSeconds);
        UnsafeApi.putLongRelease(null, address, MAGIC);
        return new FdbLayout(address);
    }

    /**
     * Opens the table that a worker has formatted.
     *
     * @throws IllegalStateException when the region holds no table of this version.
     */
    static FdbLayout open(final OffHeapRegion region) {
        requireSize(region, BUCKETS_OFFSET);
        if (UnsafeApi.getLongAcquire(null, region.address()) != MAGIC) {
            throw new IllegalStateException("not an FDB of this version");
        }
        final FdbLayout layout = new FdbLayout(region.address());
        requireSize(region, BUCKETS_OFFSET + (long) layout.bucketCount * BUCKET_BYTES);
        return layout;
    }

    int bucketCount() {
        return bucketCount;
    }

    long bucket(final int index) {
        return address + BUCKETS_OFFSET + (long) index * BUCKET_BYTES;
    }

    int domainEpoch(final int domain) {
        return UnsafeApi.getInt(address + DOMAIN_EPOCHS_OFFSET + (long) domain * Integer.BYTES);
    }

    void domainEpoch(final int domain, final int epoch) {
        UnsafeApi.putInt(address + DOMAIN_EPOCHS_OFFSET + (long) domain * Integer.BYTES, epoch);
    }

    int portEpoch(final int port) {
        return UnsafeApi.getInt(address + PORT_EPOCHS_OFFSET + (long) port * Integer.BYTES);
    }

    void portEpoch(final int port, final int epoch) {
        UnsafeApi.putInt(address + PORT_EPOCHS_OFFSET + (long) port * Integer.BYTES, epoch);
    }

    /** Whether the entry is neither flushed nor too old. */
    boolean isLive(final long key, final long value, final int nowSeconds) {
        return FdbEntry.isStatic(value) || !isFlushed(key, value) && FdbEntry.age(value, nowSeconds) < ageingSeconds;
    }

    boolean isFlushed(final long key, final long value) {
        final int epoch = FdbEntry.epoch(value);
        return epoch < domainEpoch(FdbEntry.domain(key)) || epoch < portEpoch(FdbEntry.port(value));
    }

    private static int bucketCount(final int capacity) {
        return BitUtil.findNextPositivePowerOfTwo(Math.max(WAYS, capacity)) / WAYS;
    }

    private static void requireSize(final OffHeapRegion region, final long bytes) {
        if (region.sizeBytes() < bytes) {
            throw new IllegalArgumentException(
                "an FDB of " + bytes + " bytes does not fit a region of " + region.sizeBytes());
        }
    }
}
