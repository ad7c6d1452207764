package org.sluice.datapath.route;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.HeldFrames;

/**
 * Packets that wait for a neighbour's MAC address, for a limited time. The table holds a few in all and fewer for each
 * neighbour; a datagram of 64 KiB in fragments fits. The packets are complete except for their MAC addresses. Without
 * room, the ingress port with the most packets loses its oldest one to a port with fewer. Owned by the worker.
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
     * Copies frame {@code i}; false without room.
     *
     * @param ingressIndex index of the packet's ingress port.
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
     * Frees a place of the port that has the most.
     *
     * @param hop limits the choice to packets that wait for it; null for any.
     * @return false when no port has enough more than this one.
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
     * Moves the packets that wait for the neighbour into the batch, as far as it has room. The frames are valid until
     * the next {@link #hold}.
     */
    public void take(final NextHop hop, final FrameBatch batch) {
        for (int place = 0; place < MAX_PACKETS && frames.size() > 0 && batch.hasRoom(); place++) {
            if (frames.isUsed(place) && frames.tag(place) == hop.handle()) {
                batch.append(frames.address(place), frames.length(place));
                frames.free(place);
            }
        }
    }

    /** Drops packets that waited too long. Returns how many packets were lost since the last call. */
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
