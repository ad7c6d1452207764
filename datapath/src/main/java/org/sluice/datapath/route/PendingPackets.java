package org.sluice.datapath.route;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.HeldFrames;

/**
 * Packets that wait for a neighbour's MAC address: a few in all and fewer for each (a datagram of 64 KiB in fragments
 * fits), and not for long. They are complete but for their MAC addresses. When there is no room, the port that most
 * have come by loses its oldest to one by which fewer have. Owned by the worker.
 */
public final class PendingPackets implements AutoCloseable {
    private static final int MAX_PACKETS = 64;
    private static final int MAX_FOR_NEIGHBOUR = 48;

    private final HeldFrames frames = new HeldFrames(MAX_PACKETS);
    private final long[] deadlineNs = new long[MAX_PACKETS];
    private final int[] ingress = new int[MAX_PACKETS];
    private final long timeoutNs;
    private int lost;

    public PendingPackets(final long timeoutNs) {
        this.timeoutNs = timeoutNs;
    }

    /**
     * Takes a copy of frame {@code i}; false when there is no room.
     *
     * @param ingressIndex of the port that it came by.
     */
    public boolean hold(final FrameBatch batch, final int i, final NextHop hop, final int ingressIndex,
                        final long nowNs) {
        int waiting = 0;
        for (int place = 0; place < MAX_PACKETS; place++) {
            waiting += frames.isUsed(place) && frames.tag(place) == hop.handle() ? 1 : 0;
        }
        final boolean enough = waiting == MAX_FOR_NEIGHBOUR;
        final int place = (enough || frames.size() == MAX_PACKETS) && !makeRoom(ingressIndex, enough ? hop : null)
            ? HeldFrames.NONE : frames.hold(batch, i, hop.handle());
        if (place == HeldFrames.NONE) {
            return false;
        }
        deadlineNs[place] = nowNs + timeoutNs;
        ingress[place] = ingressIndex;
        return true;
    }

    /**
     * Gives a place up that the port with most has.
     *
     * @param hop one of those that wait for it, or null for any.
     * @return false when no port has more than this one.
     */
    private boolean makeRoom(final int ingressIndex, final NextHop hop) {
        int victim = HeldFrames.NONE;
        int most = countOf(ingressIndex) + 1;
        for (int place = 0; place < MAX_PACKETS; place++) {
            if (frames.isUsed(place) && (hop == null || frames.tag(place) == hop.handle())) {
                final int count = countOf(ingress[place]);
                if (count > most || victim != HeldFrames.NONE && count == most
                    && deadlineNs[place] - deadlineNs[victim] < 0) {
                    most = count;
                    victim = place;
                }
            }
        }
        if (victim == HeldFrames.NONE) {
            return false;
        }
        frames.free(victim);
        lost++;
        return true;
    }

    private int countOf(final int ingressIndex) {
        int count = 0;
        for (int place = 0; place < MAX_PACKETS; place++) {
            count += frames.isUsed(place) && ingress[place] == ingressIndex ? 1 : 0;
        }
        return count;
    }

    /**
     * Appends what has waited for the neighbour to the batch, as far as there is room; it waits no longer. The frames
     * are valid until the next {@link #hold}.
     */
    public void take(final NextHop hop, final FrameBatch batch) {
        for (int place = 0; place < MAX_PACKETS && frames.size() > 0 && batch.hasRoom(); place++) {
            if (frames.isUsed(place) && frames.tag(place) == hop.handle()) {
                batch.append(frames.address(place), frames.length(place));
                frames.free(place);
            }
        }
    }

    /** Forgets what has waited for too long; returns how many packets were lost since the last call. */
    public int expire(final long nowNs) {
        int dropped = lost;
        lost = 0;
        for (int place = 0; place < MAX_PACKETS && frames.size() > 0; place++) {
            if (frames.isUsed(place) && deadlineNs[place] - nowNs <= 0) {
                frames.free(place);
                dropped++;
            }
        }
        return dropped;
    }

    @Override
    public void close() {
        frames.close();
    }
}
