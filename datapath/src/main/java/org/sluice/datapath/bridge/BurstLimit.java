package org.sluice.datapath.bridge;

import org.sluice.datapath.buffer.FrameBatch;

/**
 * How many frames a port may bring in one burst, by the copies that its frames have lately cost. A flooded frame is
 * written to each port of its network, so that a full burst of them in a network of 200 endpoints would hold the worker
 * for 12,800 writes. The limit lets a burst cost about {@link #COPIES}; the rest waits in the sender's own queue. The
 * cost rises at once and falls slowly, by a 64th in each burst. Frames for one port each are never limited. Owned by
 * the worker.
 */
public final class BurstLimit {
    /** Copies that a burst may cost, a few tenths of a millisecond; a frame that costs more comes alone. */
    public static final int COPIES = 256;

    /** Fixed point: 64 is one copy a frame. */
    private static final int ONE = 64;
    private static final int DECAY_SHIFT = 6;

    private int copiesOfFrame = ONE;

    /** Most frames of the next burst. */
    public int frames() {
        return Math.max(1, Math.min(FrameBatch.CAPACITY, COPIES * ONE / copiesOfFrame));
    }

    /**
     * Notes what a burst has cost.
     *
     * @param frames above 0.
     */
    public void onBurst(final int frames, final int copies) {
        final int decayed = copiesOfFrame - (copiesOfFrame >> DECAY_SHIFT);
        copiesOfFrame = Math.max(ONE, Math.max(decayed, (int) ((long) copies * ONE / frames)));
    }
}
