package org.sluice.bench;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Gives copies of its frames, in a cycle, in the batch's own slots, and accepts every frame sent to it. Used by one
 * thread.
 */
final class TemplateDevice implements PacketDevice {
    private final OffHeapRegion region;
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private final int frames;
    private final int frameLength;
    private final int burst;
    private int next;

    /**
     * @param frames      a multiple of the burst.
     * @param frameLength a multiple of eight.
     */
    TemplateDevice(final int frames, final int frameLength, final int burst) {
        this.frames = frames;
        this.frameLength = frameLength;
        this.burst = burst;
        region = OffHeapRegion.anonymous((long) frames * frameLength);
    }

    int frames() {
        return frames;
    }

    /** Address where the caller writes the frame. */
    long template(final int number) {
        return region.address() + (long) number * frameLength;
    }

    /** Starts again with the first frame. */
    void rewind() {
        next = 0;
    }

    @Override
    public int receive(final FrameBatch batch) {
        for (int i = 0; i < burst; i++) {
            final long slot = batch.slotAddress();
            virtio.wrapBefore(slot).clear();
            copy(template(next), slot, frameLength);
            batch.append(slot, frameLength);
            next = next + 1 == frames ? 0 : next + 1;
        }
        return burst;
    }

    @Override
    public void transmit(final EgressQueue queue) {
        // Accepts all frames and ignores them.
    }

    @Override
    public String name() {
        return "template";
    }

    @Override
    public void close() {
        region.close();
    }

    static void copy(final long from, final long to, final int length) {
        for (int offset = 0; offset < length; offset += Long.BYTES) {
            UnsafeApi.putLong(to + offset, UnsafeApi.getLong(from + offset));
        }
    }
}
