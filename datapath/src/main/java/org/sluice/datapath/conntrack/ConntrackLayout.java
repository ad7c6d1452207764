package org.sluice.datapath.conntrack;

import org.agrona.BitUtil;
import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * The memory layout of a connection table, apart from the table's rules. A reader in another thread or process, and the
 * worker of a restarted daemon, share it. Written by the worker that owns the table.
 * <pre>
 *   0      magic and version (8)  capacity (4)  bucket count (4)  seed (8)  high-water mark (4)  live (4)  ... to 4096
 *   4096   generation of each port (4 bytes each)
 *   ...    index: buckets of a cache line each, eight slots of fingerprint (4) and reference (4)
 *   ...    connections, {@link Connection#BYTES} each
 * </pre>
 * A reference is a connection's number plus one, shifted left, and the direction; 0 is a free slot.
 */
final class ConntrackLayout {
    static final int SLOTS = 8;
    static final int BUCKET_SHIFT = 6;

    private static final long MAGIC = 0x534C_4354_0000_0001L;
    private static final int CAPACITY_FIELD_OFFSET = 8;
    private static final int BUCKET_COUNT_FIELD_OFFSET = 12;
    private static final int SEED_FIELD_OFFSET = 16;
    private static final int HIGH_WATER_FIELD_OFFSET = 24;
    private static final int LIVE_FIELD_OFFSET = 28;
    private static final int GENERATIONS_OFFSET = 4096;
    private static final int INDEX_OFFSET = GENERATIONS_OFFSET + PortGenerations.BYTES;

    private final long address;
    private final int capacity;
    private final int bucketCount;

    ConntrackLayout(final long address) {
        this.address = address;
        capacity = UnsafeApi.getInt(address + CAPACITY_FIELD_OFFSET);
        bucketCount = UnsafeApi.getInt(address + BUCKET_COUNT_FIELD_OFFSET);
    }

    static long regionBytes(final int capacity) {
        return INDEX_OFFSET + ((long) bucketCount(capacity) << BUCKET_SHIFT) + (long) capacity * Connection.BYTES;
    }

    /** Whether the region holds a table of this capacity and version. */
    static boolean isPresent(final OffHeapRegion region, final int capacity) {
        return UnsafeApi.getLong(region.address()) == MAGIC
            && UnsafeApi.getInt(region.address() + CAPACITY_FIELD_OFFSET) == capacity;
    }

    /** Formats an empty table over whatever the region held. */
    static ConntrackLayout format(final OffHeapRegion region, final int capacity, final long seed) {
        if (region.sizeBytes() < regionBytes(capacity)) {
            throw new IllegalArgumentException("a table of " + capacity + " connections needs " + regionBytes(capacity)
                + " bytes, not " + region.sizeBytes());
        }
        final long address = region.address();
        // The connections themselves stay: none is below the high-water mark.
        UnsafeApi.setMemory(address, INDEX_OFFSET + ((long) bucketCount(capacity) << BUCKET_SHIFT), (byte) 0);
        UnsafeApi.putInt(address + CAPACITY_FIELD_OFFSET, capacity);
        UnsafeApi.putInt(address + BUCKET_COUNT_FIELD_OFFSET, bucketCount(capacity));
        UnsafeApi.putLong(address + SEED_FIELD_OFFSET, seed);
        UnsafeApi.putLongRelease(null, address, MAGIC);
        return new ConntrackLayout(address);
    }

    /** At most half full: each connection takes two slots. */
    private static int bucketCount(final int capacity) {
        return BitUtil.findNextPositivePowerOfTwo(Math.max(1, 4 * capacity / SLOTS));
    }

    void clearIndex() {
        UnsafeApi.setMemory(bucket(0), (long) bucketCount << BUCKET_SHIFT, (byte) 0);
    }

    int capacity() {
        return capacity;
    }

    int bucketCount() {
        return bucketCount;
    }

    long seed() {
        return UnsafeApi.getLong(address + SEED_FIELD_OFFSET);
    }

    PortGenerations generations() {
        return new PortGenerations(address + GENERATIONS_OFFSET);
    }

    /** Connections from this number on were never used. */
    int highWater() {
        return UnsafeApi.getInt(address + HIGH_WATER_FIELD_OFFSET);
    }

    void highWater(final int number) {
        UnsafeApi.putIntRelease(null, address + HIGH_WATER_FIELD_OFFSET, number);
    }

    /** How many connections the table holds, including those whose end was not noticed yet. */
    int live() {
        return UnsafeApi.getInt(address + LIVE_FIELD_OFFSET);
    }

    void live(final int count) {
        UnsafeApi.putIntRelease(null, address + LIVE_FIELD_OFFSET, count);
    }

    long bucket(final int number) {
        return address + INDEX_OFFSET + ((long) number << BUCKET_SHIFT);
    }

    long connection(final int number) {
        return bucket(bucketCount) + (long) number * Connection.BYTES;
    }

    int numberOf(final long connection) {
        return (int) ((connection - bucket(bucketCount)) / Connection.BYTES);
    }
}
