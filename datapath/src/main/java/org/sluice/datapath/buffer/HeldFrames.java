package org.sluice.datapath.buffer;

import org.agrona.UnsafeApi;

/**
 * Copies of frames that must wait, in a fixed number of places of full frame size. Each place has a tag that tells what
 * the frame waits for. Owned by the worker.
 */
public final class HeldFrames implements AutoCloseable {
    /** No place is free. */
    public static final int NONE = -1;

    // Longer than the virtio header, so that one copy takes header and frame.
    private static final int FRONT_BYTES = 16;
    private static final int SLOT_BYTES = FrameBatch.SLOT_LENGTH;

    private final OffHeapRegion region;
    private final int[] lengths;
    private final int[] tags;
    private final boolean[] used;
    private int size;

    public HeldFrames(final int capacity) {
        region = OffHeapRegion.anonymous((long) capacity * SLOT_BYTES);
        lengths = new int[capacity];
        tags = new int[capacity];
        used = new boolean[capacity];
    }

    /** Copies frame {@code i} and its virtio header; returns its place, or {@link #NONE}. */
    public int hold(final FrameBatch batch, final int i, final int tag) {
        if (size == used.length) {
            return NONE;
        }
        int place = 0;
        while (used[place]) {
            place++;
        }
        used[place] = true;
        size++;
        lengths[place] = batch.length(i);
        tags[place] = tag;
        UnsafeApi.copyMemory(batch.address(i) - FRONT_BYTES, address(place) - FRONT_BYTES,
            FRONT_BYTES + (long) batch.length(i));
        return place;
    }

    public int capacity() {
        return used.length;
    }

    /** How many places are in use. */
    public int size() {
        return size;
    }

    public boolean isUsed(final int place) {
        return used[place];
    }

    public int tag(final int place) {
        return tags[place];
    }

    /** Address of the frame; its virtio header lies in front of it. */
    public long address(final int place) {
        return region.address() + (long) place * SLOT_BYTES + FrameBatch.HEADROOM;
    }

    public int length(final int place) {
        return lengths[place];
    }

    /** Frees a place. The frame stays readable until the next {@link #hold}. */
    public void free(final int place) {
        used[place] = false;
        size--;
    }

    @Override
    public void close() {
        region.close();
    }
}
