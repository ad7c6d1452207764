package org.sluice.datapath.bridge;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.buffer.PortIndex;

/**
 * The forwarding database: which port a MAC address is behind, for all bridge domains of one worker.
 * <p>
 * An entry may stand in one of two buckets of four, chosen by a seeded hash; a bucket is a cache line, so a look-up
 * touches at most two lines and never walks a chain. The table has no tombstones: a flushed or aged entry's place is
 * simply free.
 * <p>
 * <b>Fairness.</b> A container that floods the switch with invented MACs must not push the others out. A port holds at
 * most a fixed number of learned entries. When both buckets of a new MAC are full, it replaces an entry of the port
 * that holds the most. If none of them holds more than the MAC's own port, the MAC is not learned.
 * <p>
 * <b>Flushing</b> a port or a domain is O(1): it starts a new epoch, and entries from an earlier epoch are stale.
 * <p>
 * Owned by the worker, the only writer. {@link FdbReader} reads at the same time without disturbing it.
 */
public final class Fdb {
    /** Exclusive upper bound of domain numbers; no domain has the number 0. */
    public static final int MAX_DOMAINS = FdbLayout.MAX_DOMAINS;
    /** Ageing time of IEEE 802.1D and of the Linux bridge. */
    public static final int DEFAULT_AGEING_SECONDS = 300;
    /** Returned by {@link #lookup} for an unknown MAC. */
    public static final int UNKNOWN = -1;

    /** The result of learning a source address. */
    public enum Learned {
        KNOWN, NEW, MOVED, PORT_LIMIT, TABLE_FULL
    }

    private final FdbLayout layout;
    private final long seed;
    private final int bucketMask;
    private final long bucketsAddress;
    private final int portLimit;
    private final int ageingSeconds;
    private final int[] portEntries = new int[PortIndex.LIMIT];
    private final int[] portEntriesEpoch = new int[PortIndex.LIMIT];
    private int epoch;
    private int sweepBucket;

    /**
     * @param region    of {@link #regionBytes} bytes; the table clears it.
     * @param capacity  entries in all, rounded up to a power of two.
     * @param portLimit learned entries that one port may hold.
     * @param seed      makes the places of entries unpredictable to senders of frames.
     */
    public Fdb(final OffHeapRegion region, final int capacity, final int portLimit, final int ageingSeconds,
               final long seed) {
        layout = FdbLayout.format(region, capacity, ageingSeconds);
        bucketMask = layout.bucketCount() - 1;
        bucketsAddress = layout.bucket(0);
        this.portLimit = portLimit;
        this.ageingSeconds = ageingSeconds;
        this.seed = seed;
    }

    public static long regionBytes(final int capacity) {
        return FdbLayout.regionBytes(capacity);
    }

    /** The port that the MAC is behind, or {@link #UNKNOWN}. */
    public int lookup(final int domain, final long mac, final int nowSeconds) {
        final long key = FdbEntry.key(domain, mac);
        final long entry = find(key, hash(key));
        if (entry == 0) {
            return UNKNOWN;
        }
        final long value = value(entry);
        // Most entries are of the current epoch: no port or domain was flushed since.
        final boolean live = FdbEntry.epoch(value) == epoch && FdbEntry.age(value, nowSeconds) < ageingSeconds
            || layout.isLive(key, value, nowSeconds);
        return live ? FdbEntry.port(value) : UNKNOWN;
    }

    /** The port that the MAC is pinned to, or {@link #UNKNOWN}; the MAC may still be a learned one. */
    public int pinnedTo(final int domain, final long mac) {
        final long key = FdbEntry.key(domain, mac);
        final long entry = find(key, hash(key));
        return entry != 0 && FdbEntry.isStatic(value(entry)) ? FdbEntry.port(value(entry)) : UNKNOWN;
    }

    /** Notes that the MAC was seen as a source behind the port. */
    public Learned learn(final int domain, final long mac, final int port, final int nowSeconds) {
        final long key = FdbEntry.key(domain, mac);
        final long hash = hash(key);
        final long entry = find(key, hash);
        if (entry == 0) {
            return insert(key, hash, port, nowSeconds);
        }
        final long value = value(entry);
        if (FdbEntry.isStatic(value)) {
            return Learned.KNOWN;
        }
        if (FdbEntry.port(value) == port && FdbEntry.isSeenAt(value, nowSeconds) && !layout.isFlushed(key, value)) {
            return Learned.KNOWN;
        }
        return relearn(entry, key, value, port, nowSeconds);
    }

    /**
     * Pins the MAC to the port until {@link #remove}; learning, ageing and flushing do not touch it.
     *
     * @return false when both its buckets are full of other static entries.
     */
    public boolean putStatic(final int domain, final long mac, final int port, final int nowSeconds) {
        final long key = FdbEntry.key(domain, mac);
        final long hash = hash(key);
        long entry = find(key, hash);
        if (entry == 0) {
            entry = replaceable(hash, Integer.MIN_VALUE, nowSeconds);
        }
        if (entry == 0) {
            return false;
        }
        release(entry);
        write(entry, key, FdbEntry.permanent(port));
        return true;
    }

    /** Forgets a MAC, static or learned. */
    public void remove(final int domain, final long mac) {
        final long key = FdbEntry.key(domain, mac);
        final long entry = find(key, hash(key));
        if (entry != 0) {
            release(entry);
            clear(entry);
        }
    }

    /** Forgets the entries learned behind the port. */
    public void flushPort(final int port) {
        layout.portEpoch(port, nextEpoch());
    }

    /** Forgets the entries learned in the domain. */
    public void flushDomain(final int domain) {
        layout.domainEpoch(domain, nextEpoch());
    }

    /** Learned entries that count against the port's limit. */
    public int entriesOf(final int domain, final int port) {
        final int flushed = Math.max(layout.portEpoch(port), layout.domainEpoch(domain));
        if (portEntriesEpoch[port] < flushed) {
            portEntriesEpoch[port] = flushed;
            portEntries[port] = 0;
        }
        return portEntries[port];
    }

    public int bucketCount() {
        return layout.bucketCount();
    }

    /**
     * Removes old entries from the next few buckets, so that their ports may learn others.
     *
     * @return how many entries had aged.
     */
    public int sweep(final int buckets, final int nowSeconds) {
        int aged = 0;
        for (int n = 0; n < buckets; n++) {
            sweepBucket = sweepBucket + 1 & bucketMask;
            final long bucket = layout.bucket(sweepBucket);
            for (int way = 0; way < FdbLayout.WAYS; way++) {
                final long entry = bucket + (long) way * FdbLayout.ENTRY_BYTES;
                if (key(entry) != 0 && !layout.isLive(key(entry), value(entry), nowSeconds)) {
                    aged += layout.isFlushed(key(entry), value(entry)) ? 0 : 1;
                    release(entry);
                    clear(entry);
                }
            }
        }
        return aged;
    }

    private Learned insert(final long key, final long hash, final int port, final int nowSeconds) {
        final int held = entriesOf(FdbEntry.domain(key), port);
        if (held >= portLimit) {
            return Learned.PORT_LIMIT;
        }
        final long entry = replaceable(hash, held, nowSeconds);
        if (entry == 0) {
            return Learned.TABLE_FULL;
        }
        release(entry);
        portEntries[port]++;
        write(entry, key, FdbEntry.learned(port, epoch, nowSeconds));
        return Learned.NEW;
    }

    private Learned relearn(final long entry, final long key, final long value, final int port, final int nowSeconds) {
        final boolean live = layout.isLive(key, value, nowSeconds);
        if (live && FdbEntry.port(value) == port) {
            putValue(entry, FdbEntry.learned(port, FdbEntry.epoch(value), nowSeconds));
            return Learned.KNOWN;
        }
        final boolean counted = FdbEntry.port(value) == port && !layout.isFlushed(key, value);
        if (entriesOf(FdbEntry.domain(key), port) - (counted ? 1 : 0) >= portLimit) {
            return Learned.PORT_LIMIT;
        }
        release(entry);
        portEntries[port]++;
        putValue(entry, FdbEntry.learned(port, epoch, nowSeconds));
        return live ? Learned.MOVED : Learned.NEW;
    }

    /**
     * A place for a new entry in its two buckets: an empty or dead one, otherwise one of the port that holds the most
     * entries, if that port holds more than {@code held}.
     */
    private long replaceable(final long hash, final int held, final int nowSeconds) {
        long victim = 0;
        int most = held;
        for (int choice = 0; choice < 2; choice++) {
            final long bucket = choice == 0 ? firstBucket(hash) : secondBucket(hash);
            for (int way = 0; way < FdbLayout.WAYS; way++) {
                final long entry = bucket + (long) way * FdbLayout.ENTRY_BYTES;
                final long key = key(entry);
                final long value = value(entry);
                if (key == 0 || !layout.isLive(key, value, nowSeconds)) {
                    return entry;
                }
                if (!FdbEntry.isStatic(value)) {
                    final int entries = entriesOf(FdbEntry.domain(key), FdbEntry.port(value));
                    if (entries > most) {
                        most = entries;
                        victim = entry;
                    }
                }
            }
        }
        return victim;
    }

    /** Takes an entry that is about to be removed off its port's count. */
    private void release(final long entry) {
        final long key = key(entry);
        final long value = value(entry);
        if (key != 0 && !FdbEntry.isStatic(value) && !layout.isFlushed(key, value)
            && entriesOf(FdbEntry.domain(key), FdbEntry.port(value)) > 0) {
            portEntries[FdbEntry.port(value)]--;
        }
    }

    private int nextEpoch() {
        if (++epoch == FdbEntry.MAX_EPOCH) {
            restartEpochs();
        }
        return epoch;
    }

    /**
     * The epoch number runs out once in eight million flushes: forgets all learned entries and counts from the start.
     */
    private void restartEpochs() {
        for (int b = 0; b < layout.bucketCount(); b++) {
            for (int way = 0; way < FdbLayout.WAYS; way++) {
                final long entry = layout.bucket(b) + (long) way * FdbLayout.ENTRY_BYTES;
                if (!FdbEntry.isStatic(value(entry))) {
                    clear(entry);
                }
            }
        }
        for (int domain = 0; domain < MAX_DOMAINS; domain++) {
            layout.domainEpoch(domain, 0);
        }
        for (int port = 0; port < PortIndex.LIMIT; port++) {
            layout.portEpoch(port, 0);
            portEntries[port] = 0;
            portEntriesEpoch[port] = 0;
        }
        epoch = 1;
    }

    private long find(final long key, final long hash) {
        final long entry = findIn(firstBucket(hash), key);
        return entry != 0 ? entry : findIn(secondBucket(hash), key);
    }

    /** Checks all four ways without a branch between them: no branch predictor could guess which one matches. */
    private static long findIn(final long bucket, final long key) {
        long entry = key(bucket) == key ? bucket : 0;
        entry = key(bucket + FdbLayout.ENTRY_BYTES) == key ? bucket + FdbLayout.ENTRY_BYTES : entry;
        entry = key(bucket + 2 * FdbLayout.ENTRY_BYTES) == key ? bucket + 2 * FdbLayout.ENTRY_BYTES : entry;
        return key(bucket + 3 * FdbLayout.ENTRY_BYTES) == key ? bucket + 3 * FdbLayout.ENTRY_BYTES : entry;
    }

    private long firstBucket(final long hash) {
        return bucketsAddress + ((hash & bucketMask) << FdbLayout.BUCKET_SHIFT);
    }

    private long secondBucket(final long hash) {
        return bucketsAddress + ((hash >>> 32 & bucketMask) << FdbLayout.BUCKET_SHIFT);
    }

    /** The finalizer of MurmurHash3 over the seeded key. */
    private long hash(final long key) {
        long h = key ^ seed;
        h = (h ^ h >>> 33) * 0xFF51_AFD7_ED55_8CCDL;
        h = (h ^ h >>> 33) * 0xC4CE_B9FE_1A85_EC53L;
        return h ^ h >>> 33;
    }

    private static long key(final long entry) {
        return UnsafeApi.getLong(entry);
    }

    private static long value(final long entry) {
        return UnsafeApi.getLong(entry + Long.BYTES);
    }

    private static void putValue(final long entry, final long value) {
        UnsafeApi.putLongRelease(null, entry + Long.BYTES, value);
    }

    private static void clear(final long entry) {
        UnsafeApi.putLongRelease(null, entry, 0);
    }

    /** Empties the place first, so that a reader never sees one entry's key with another entry's value. */
    private static void write(final long entry, final long key, final long value) {
        clear(entry);
        UnsafeApi.storeFence();
        putValue(entry, value);
        UnsafeApi.putLongRelease(null, entry, key);
    }
}
