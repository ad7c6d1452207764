package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.HeldFrames;
import org.sluice.datapath.buffer.PortIndex;

/**
 * Flooded frames of which some ports have not had their copy yet, in their order. A large network would otherwise hold
 * up all others for as long as it takes to write one frame to all its ports. A port is not read while a frame of it is
 * here. Owned by the worker.
 */
final class PendingFloods implements AutoCloseable {
    /** Most frames in all. */
    static final int MAX_FRAMES = 2 * FrameBatch.CAPACITY;
    /** Most frames of one port: a burst. So a port that floods alone loses none. */
    static final int MAX_OF_PORT = FrameBatch.CAPACITY;

    private final HeldFrames frames = new HeldFrames(MAX_FRAMES);
    /** Places of the frames, the oldest first. */
    private final int[] order = new int[MAX_FRAMES];
    private final Port[] ingress = new Port[MAX_FRAMES];
    private final int[] wireLength = new int[MAX_FRAMES];
    private final int[] nextMember = new int[MAX_FRAMES];
    private final int[] framesOfPort = new int[PortIndex.LIMIT];
    private int framesOfVteps;

    /**
     * Copies frame {@code i}.
     *
     * @param member index of the domain's port that it goes to next.
     * @return false without room.
     */
    boolean hold(final FrameBatch batch, final int i, final Port from, final int member) {
        if (framesOfPort[from.index()] == MAX_OF_PORT) {
            return false;
        }
        final int behind = frames.size();
        final int place = frames.hold(batch, i, 0);
        if (place == HeldFrames.NONE) {
            return false;
        }
        order[behind] = place;
        ingress[place] = from;
        wireLength[place] = batch.wireLength(i);
        nextMember[place] = member;
        count(from, 1);
        return true;
    }

    boolean isEmpty() {
        return frames.size() == 0;
    }

    /** Whether a frame is here that came by the port. An underlay brings the frames of all VTEPs. */
    boolean has(final Port port) {
        return framesOfPort[port.index()] > 0 || port.isUnderlay() && framesOfVteps > 0;
    }

    /** Where the oldest frame came from. */
    Port ingress() {
        return ingress[order[0]];
    }

    /** Index of the domain's port that the oldest frame goes to next. */
    int nextMember() {
        return nextMember[order[0]];
    }

    void nextMember(final int member) {
        nextMember[order[0]] = member;
    }

    /** Appends the oldest frame to the batch. It is lent until the next call of {@link #hold}. */
    void appendOldest(final FrameBatch batch) {
        final int place = order[0];
        final int i = batch.size();
        batch.append(frames.address(place), frames.length(place));
        batch.layer3(i, 0, 0);
        batch.wireLength(i, wireLength[place]);
    }

    void removeOldest() {
        remove(0);
    }

    /** Forgets the frames from a port that goes away; returns how many. */
    int forget(final Port port) {
        int count = 0;
        for (int n = frames.size() - 1; n >= 0; n--) {
            if (ingress[order[n]] == port) {
                remove(n);
                count++;
            }
        }
        return count;
    }

    private void remove(final int n) {
        final int place = order[n];
        count(ingress[place], -1);
        ingress[place] = null;
        frames.free(place);
        System.arraycopy(order, n + 1, order, n, frames.size() - n);
    }

    private void count(final Port port, final int change) {
        framesOfPort[port.index()] += change;
        if (port.isVtep()) {
            framesOfVteps += change;
        }
    }

    @Override
    public void close() {
        frames.close();
    }
}
