package org.sluice.datapath.buffer;

/**
 * The frames of one burst that leave through one port, in order, as columns. The transmit stage fills the queue, and
 * the port's device empties it with one flush. Owned by the worker.
 */
public final class EgressQueue {
    private final long[] address = new long[FrameBatch.CAPACITY];
    private final int[] length = new int[FrameBatch.CAPACITY];
    /** Of the refused frames. */
    private final DropReason[] refusal = new DropReason[FrameBatch.CAPACITY];
    /** One bit for each frame. */
    private long refused;
    private boolean noted;
    private int size;
    private int refusedFrames;
    private long refusedBytes;
    private int work;

    public void clear() {
        size = 0;
        refused = 0;
        refusedFrames = 0;
        refusedBytes = 0;
        work = 0;
    }

    /** Whether the transmit stage has noted that it is to flush this queue; {@link #clear()} keeps the note. */
    public boolean isNoted() {
        return noted;
    }

    public void noted(final boolean on) {
        noted = on;
    }

    /** Adds a frame; its virtio-net header lies in front of the address. */
    public void add(final long frameAddress, final int frameLength) {
        final int i = size;
        address[i] = frameAddress;
        length[i] = frameLength;
        size = i + 1;
    }

    public int size() {
        return size;
    }

    public long address(final int i) {
        return address[i];
    }

    public int length(final int i) {
        return length[i];
    }

    /** Notes work beyond that of a frame each, in the units of a port's budget; called by the device. */
    public void charge(final int units) {
        work += units;
    }

    public int work() {
        return work;
    }

    /** Marks a frame that the device did not accept; called by the device. */
    public void refuse(final int i, final DropReason reason) {
        refused |= 1L << i;
        refusal[i] = reason;
        refusedFrames++;
        refusedBytes += length[i];
    }

    public boolean isRefused(final int i) {
        return (refused & 1L << i) != 0;
    }

    /** Why a refused frame was refused. */
    public DropReason refusal(final int i) {
        return refusal[i];
    }

    public int refusedFrames() {
        return refusedFrames;
    }

    public int acceptedFrames() {
        return size - refusedFrames;
    }

    /** Bytes of the frames that were not refused. */
    public long acceptedBytes() {
        long bytes = -refusedBytes;
        for (int i = 0; i < size; i++) {
            bytes += length[i];
        }
        return bytes;
    }
}
