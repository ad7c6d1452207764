package org.sluice.linux.bpf;

import static org.sluice.linux.bpf.BpfAssembler.DOUBLE;
import static org.sluice.linux.bpf.BpfAssembler.R0;
import static org.sluice.linux.bpf.BpfAssembler.R1;
import static org.sluice.linux.bpf.BpfAssembler.R2;
import static org.sluice.linux.bpf.BpfAssembler.R3;
import static org.sluice.linux.bpf.BpfAssembler.STACK;
import static org.sluice.linux.bpf.BpfAssembler.WORD;

import org.sluice.datapath.conntrack.ClaimedTuples;
import org.sluice.datapath.conntrack.TupleFingerprint;

/**
 * The look-up of a packet's tuple among {@link ClaimedTuples}, as eBPF instructions. Used by one thread, which
 * assembles them.
 */
final class ClaimTest {
    private final BpfMap claims;
    private final int bucketBits;
    private final TupleFingerprint fingerprint;

    /**
     * @param claims      array of buckets.
     * @param bucketBits  how many there are, as a power of two.
     * @param fingerprint with the worker's keys.
     */
    ClaimTest(final BpfMap claims, final int bucketBits, final TupleFingerprint fingerprint) {
        this.claims = claims;
        this.bucketBits = bucketBits;
        this.fingerprint = fingerprint;
    }

    /**
     * Appends the test. It uses registers 0 to 5.
     *
     * @param tupleOffset of the packet's tuple on the stack, its words as {@link TupleFingerprint} has them.
     * @param work        offset of sixteen bytes on the stack that the test may use; a multiple of eight.
     * @param claimed     label to go to if the tuple is claimed; it continues if not.
     */
    void append(final BpfAssembler code, final int tupleOffset, final int work, final String claimed) {
        code.set(R1, 0);
        for (int word = 0; word < TupleFingerprint.WORDS; word += 2) {
            code.load(WORD, R2, STACK, tupleOffset + Integer.BYTES * word)
                .addValue32(R2, fingerprint.key(word))
                .load(WORD, R3, STACK, tupleOffset + Integer.BYTES * (word + 1))
                .addValue32(R3, fingerprint.key(word + 1))
                .multiplyRegister(R2, R3).addRegister(R1, R2);
        }
        code.jumpIfNotEqual(R1, 0, "fingerprint").set(R1, 1).label("fingerprint").store(DOUBLE, STACK, work, R1)
            .setLong(R2, TupleFingerprint.SPREAD).multiplyRegister(R1, R2).move(R3, R1)
            .shiftRight(R1, Long.SIZE - bucketBits).store(WORD, STACK, work + Long.BYTES, R1)
            .shiftLeft(R3, bucketBits).shiftRight(R3, Long.SIZE - bucketBits)
            .store(WORD, STACK, work + Long.BYTES + Integer.BYTES, R3);
        searchBucket(code, work + Long.BYTES, work, claimed, "second bucket");
        code.label("second bucket");
        searchBucket(code, work + Long.BYTES + Integer.BYTES, work, claimed, "not claimed");
        code.label("not claimed");
    }

    private void searchBucket(final BpfAssembler code, final int indexOffset, final int printOffset,
                              final String found, final String otherwise) {
        code.lookup(claims, indexOffset).jumpIfEqual(R0, 0, otherwise).load(DOUBLE, R1, STACK, printOffset);
        for (int slot = 0; slot < ClaimedTuples.SLOTS; slot++) {
            code.load(DOUBLE, R2, R0, slot * Long.BYTES).jumpIfEqualRegister(R2, R1, found);
        }
    }
}
