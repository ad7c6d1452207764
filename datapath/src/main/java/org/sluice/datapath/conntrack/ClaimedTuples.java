package org.sluice.datapath.conntrack;

import org.agrona.UnsafeApi;

/**
 * The answers that the switch awaits at the host's own addresses: the tuples of the REPLY direction of all masqueraded
 * connections, in memory that the kernel's steering reads. The kernel hands those packets to the switch, and leaves
 * all others to the host. So the switch may use any port of the host, and shares a port with the host's own
 * connections to other peers.
 * <p>
 * A {@link TupleFingerprint} stands for a tuple. Its bits name two buckets, of eight fingerprints in one cache line; it
 * is in one of them. Free places are zero. Each place is written in one store, so that a reader sees it whole.
 * <p>
 * Without memory it keeps nothing: there is no uplink yet. Owned by the worker.
 */
public final class ClaimedTuples {
    /** Fingerprints in a bucket. */
    public static final int SLOTS = 8;
    public static final int BUCKET_BYTES = SLOTS * Long.BYTES;

    private static final int LEAST_BUCKET_BITS = 6;

    private long address;
    private int bucketBits;
    private TupleFingerprint fingerprint = new TupleFingerprint(0);

    /**
     * Buckets, as a power of two, for a table of connections: half of the places stay free, so that a fingerprint all
     * but surely finds one.
     */
    public static int bucketBits(final int capacity) {
        return Math.max(LEAST_BUCKET_BITS, Integer.SIZE - Integer.numberOfLeadingZeros(capacity - 1) - 2);
    }

    /** Number of the bucket that a fingerprint is in first; the other one's bits follow these. */
    private long bucket(final long print, final int which) {
        final long number = print * TupleFingerprint.SPREAD << which * bucketBits >>> Long.SIZE - bucketBits;
        return address + number * BUCKET_BYTES;
    }

    /**
     * Begins to use memory that is all zero, or ends to use any.
     *
     * @param memory of two to the power of {@code bits} buckets; 0 for none.
     * @param seed   of the fingerprints.
     */
    void use(final long memory, final int bits, final long seed) {
        address = memory;
        bucketBits = bits;
        fingerprint = new TupleFingerprint(seed);
    }

    /** Adds a tuple that is not in it; false when there is no room. */
    boolean add(final long tuple) {
        if (address == 0) {
            return true;
        }
        final long print = fingerprint.of(tuple);
        return replace(bucket(print, 0), 0, print) || replace(bucket(print, 1), 0, print);
    }

    /** Removes a tuple. A missing one is no error. */
    void remove(final long tuple) {
        if (address != 0) {
            final long print = fingerprint.of(tuple);
            if (!replace(bucket(print, 0), print, 0)) {
                replace(bucket(print, 1), print, 0);
            }
        }
    }

    private static boolean replace(final long bucket, final long before, final long after) {
        for (int slot = 0; slot < SLOTS; slot++) {
            final long at = bucket + (long) slot * Long.BYTES;
            if (UnsafeApi.getLong(at) == before) {
                UnsafeApi.putLongRelease(null, at, after);
                return true;
            }
        }
        return false;
    }
}
