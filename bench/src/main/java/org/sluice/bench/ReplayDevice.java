package org.sluice.bench;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.device.PacketDevice;

/**
 * An in-memory device that gives the same frames again and again, and accepts every frame sent to it. It lends the
 * frames' addresses, as a ring would. Used by one thread.
 */
final class ReplayDevice implements PacketDevice {
    private final OffHeapRegion region;
    private final int frameLength;
    private final int stride;
    private final int headroom;
    private final int frames;
    private final int burst;
    private int next;
    private long acceptedBytes;

    /**
     * @param frames   how many different frames there are; a multiple of the burst.
     * @param stride   bytes from one frame to the next.
     * @param headroom bytes in front of each frame, part of the stride.
     */
    ReplayDevice(final int frames, final int frameLength, final int stride, final int headroom, final int burst) {
        this.frames = frames;
        this.frameLength = frameLength;
        this.stride = stride;
        this.headroom = headroom;
        this.burst = burst;
        region = OffHeapRegion.anonymous((long) frames * stride);
    }

    OffHeapRegion region() {
        return region;
    }

    /** Offset of a frame in the region. */
    long offset(final int frame) {
        return (long) frame * stride + headroom;
    }

    @Override
    public int receive(final FrameBatch batch) {
        for (int i = 0; i < burst; i++) {
            batch.append(region.address() + offset(next), frameLength);
            next = next + 1 == frames ? 0 : next + 1;
        }
        return burst;
    }

    @Override
    public void transmit(final EgressQueue queue) {
        acceptedBytes += queue.acceptedBytes();
    }

    long acceptedBytes() {
        return acceptedBytes;
    }

    @Override
    public String name() {
        return "replay";
    }

    @Override
    public void close() {
        region.close();
    }
}
