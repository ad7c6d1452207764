package org.sluice.datapath.conntrack;

import org.agrona.UnsafeApi;

/**
 * A fingerprint of a tuple that the kernel's side can compute too, from the packet's own bytes: NH, the hash of UMAC
 * (RFC 4418, section 5.2), over the tuple's ten words of 32 bits. Without the keys, nobody can find two tuples with
 * the same one better than by one chance in 2^32. So nobody can claim a flow of another's. Any thread.
 * <p>
 * The words are read as little-endian numbers, of the tuple as a packet has it: source and destination address of 16
 * bytes each, IPv4 mapped, source port and destination port; and last the protocol as a number.
 */
public final class TupleFingerprint {
    /** Words of 32 bits, and so keys. */
    public static final int WORDS = 10;
    /** Spreads the fingerprint over the bits that number a bucket. */
    public static final long SPREAD = 0x9E37_79B9_7F4A_7C15L;

    private final int[] keys = new int[WORDS];

    /**
     * @param seed that nobody outside can guess; the same seed gives the same fingerprints.
     */
    public TupleFingerprint(final long seed) {
        long state = seed;
        for (int i = 0; i < WORDS; i++) {
            // SplitMix64 (Steele, Lea, Flood 2014).
            state += SPREAD;
            long mixed = (state ^ state >>> 30) * 0xBF58_476D_1CE4_E5B9L;
            mixed = (mixed ^ mixed >>> 27) * 0x94D0_49BB_1331_11EBL;
            keys[i] = (int) (mixed ^ mixed >>> 31);
        }
    }

    /** The key that is added to a word. */
    public int key(final int word) {
        return keys[word];
    }

    /** The fingerprint of a {@link FlowTuple}; never 0. */
    public long of(final long tuple) {
        final long ports = Integer.reverseBytes(FlowTuple.ports(tuple)) & 0xFFFF_FFFFL
            | (long) FlowTuple.protocol(tuple) << 32;
        final long sum = product(UnsafeApi.getLong(tuple), 0) + product(UnsafeApi.getLong(tuple + 8), 2)
            + product(UnsafeApi.getLong(tuple + 16), 4) + product(UnsafeApi.getLong(tuple + 24), 6)
            + pair(ports, 8);
        return sum == 0 ? 1 : sum;
    }

    /** Of two words of an address, which a tuple has as one number of the host's order. */
    private long product(final long words, final int first) {
        return pair(Long.reverseBytes(words), first);
    }

    private long pair(final long words, final int first) {
        return ((int) words + keys[first] & 0xFFFF_FFFFL) * ((int) (words >>> 32) + keys[first + 1] & 0xFFFF_FFFFL);
    }
}
