package org.sluice.datapath.bridge;

import org.sluice.datapath.buffer.FrameBatch;

/**
 * How much work a port may cause in a duty cycle, so that no port holds up the others for long. A unit is what a small
 * frame for one port costs. The stages charge more where they do more ({@link FrameBatch#charge}): for a new
 * connection, a search for a source port, a fragment, a cut. A port that has overdrawn its budget is not read in the
 * cycles that pay its debt; what it sends waits in the sender's own queue. Copies of flooded frames have a bound of
 * their own in the transmit stage, and bytes in the batch.
 * <p>
 * What a burst costs is known only when it is over. So the budget also remembers what the port's frames have lately
 * cost, and lets a burst have as many of them as it can pay for. That cost rises at once and falls slowly, by a 64th in
 * each burst. Frames of established connections, and within a network, are never limited. Owned by the worker.
 */
public final class WorkBudget {
    /** Units in a duty cycle: a full burst of small frames for one port each. */
    public static final int UNITS = FrameBatch.CAPACITY;

    /** Fixed point: 64 is one unit a frame. */
    private static final int ONE = 64;
    private static final int DECAY_SHIFT = 6;

    private int credit = UNITS;
    private int costOfFrame = ONE;

    /** Begins a duty cycle; false if the port must sit it out. */
    public boolean renew() {
        credit = Math.min(UNITS, credit + UNITS);
        return credit > 0;
    }

    /** Most frames of this cycle's burst; at least one. */
    public int frames() {
        return Math.max(1, Math.min(FrameBatch.CAPACITY, credit * ONE / costOfFrame));
    }

    /**
     * Pays for a burst.
     *
     * @param frames above 0.
     */
    public void spend(final int frames, final int work) {
        credit -= work;
        final int decayed = costOfFrame - (costOfFrame >> DECAY_SHIFT);
        costOfFrame = Math.max(ONE, Math.max(decayed, (int) ((long) work * ONE / frames)));
    }
}
