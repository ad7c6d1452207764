package org.sluice.datapath.buffer;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * A burst of frames from one port, as columns of primitives: what the stages have found out about frame {@code i}
 * stands at index {@code i} of each column.
 * <p>
 * The batch carries addresses, not buffers. A device either reads into a slot of the batch ({@link #slotAddress()})
 * or appends the address of its own mapped memory. Either way a virtio-net header of
 * {@link VirtioNetHeaderFlyweight#LENGTH} bytes lies directly in front of the frame:
 * <pre>
 *   slot                    address - 10        address              address + length
 *    |  headroom (encap)         | virtio header     | Ethernet frame ... |   tail room  |
 * </pre>
 * One worker thread owns a batch and fills it anew for every burst.
 */
public final class FrameBatch implements AutoCloseable {
    /** Frames in a burst at most. */
    public static final int CAPACITY = 64;
    /** A burst takes no further frame beyond this: what was copied in should still be in the cache when it goes out. */
    public static final int BURST_BYTES = 256 * 1024;
    /** Room in front of a frame, for the virtio header and for encapsulation. */
    public static final int HEADROOM = 256;
    /** The longest frame that is believed: a 64 KiB packet, an Ethernet header and two VLAN tags. */
    public static final int MAX_FRAME_LENGTH = 65_535 + 14 + 8;
    /** Room for a frame in a slot; more than the longest frame, so that a cut-off one shows by its length. */
    public static final int SLOT_FRAME_LENGTH = 65_600;
    /** Room for a reply that is longer than the frame it answers. */
    public static final int SCRATCH_LENGTH = 256;

    /** Egress column: nobody has decided yet. */
    public static final int EGRESS_NONE = -1;
    /** Egress column: to every other port of the domain. */
    public static final int EGRESS_FLOOD = -2;
    /** Egress column: to the gateway of the domain. */
    public static final int EGRESS_GATEWAY = -3;

    private static final int SCRATCH_FRAME_OFFSET = 32;
    // Not a multiple of the page size: slots that start alike would compete for the same sets of the cache.
    private static final int SLOT_LENGTH = HEADROOM + SLOT_FRAME_LENGTH + 64;

    private final OffHeapRegion slots;
    private final OffHeapRegion scratch;
    private final UnsafeBuffer frame = new UnsafeBuffer(0, 0);

    private final long[] address = new long[CAPACITY];
    private final int[] length = new int[CAPACITY];
    private final long[] destinationMac = new long[CAPACITY];
    private final long[] sourceMac = new long[CAPACITY];
    private final int[] etherType = new int[CAPACITY];
    private final int[] l3Offset = new int[CAPACITY];
    private final int[] l4Offset = new int[CAPACITY];
    private final int[] l4Protocol = new int[CAPACITY];
    private final int[] wireLength = new int[CAPACITY];
    private final boolean[] offloaded = new boolean[CAPACITY];
    private final int[] egress = new int[CAPACITY];
    private final DropReason[] dropReason = new DropReason[CAPACITY];
    private int size;
    private long byteCount;

    public FrameBatch() {
        slots = OffHeapRegion.anonymous((long) CAPACITY * SLOT_LENGTH);
        scratch = OffHeapRegion.anonymous((long) CAPACITY * SCRATCH_LENGTH);
    }

    public void clear() {
        size = 0;
        byteCount = 0;
    }

    public int size() {
        return size;
    }

    /** Sum of the frame lengths. */
    public long byteCount() {
        return byteCount;
    }

    /** Whether the burst may grow: it ends with the last slot, or when it would no longer fit the cache. */
    public boolean hasRoom() {
        return size < CAPACITY && byteCount < BURST_BYTES;
    }

    /** Where a device may put the next frame, with {@link #SLOT_FRAME_LENGTH} bytes behind and a headroom in front. */
    public long slotAddress() {
        return slots.address() + (long) size * SLOT_LENGTH + HEADROOM;
    }

    /**
     * Adds a frame; its virtio-net header lies in front of the address.
     *
     * @param frameAddress of the first byte of the Ethernet header.
     * @param frameLength  in bytes, as received; the stages check it.
     */
    public void append(final long frameAddress, final int frameLength) {
        final int i = size++;
        address[i] = frameAddress;
        length[i] = frameLength;
        egress[i] = EGRESS_NONE;
        dropReason[i] = null;
        byteCount += frameLength;
    }

    /** The frame's bytes, bounds-checked to its length. The view is shared: it holds until the next call. */
    public UnsafeBuffer frame(final int i) {
        frame.wrap(address[i], length[i]);
        return frame;
    }

    /** Replaces frame {@code i} by an all-zero one in scratch memory, its virtio header cleared too. */
    public UnsafeBuffer replace(final int i, final int frameLength) {
        final long start = scratch.address() + (long) i * SCRATCH_LENGTH;
        frame.wrap(start, SCRATCH_LENGTH);
        frame.setMemory(0, SCRATCH_LENGTH, (byte) 0);
        address[i] = start + SCRATCH_FRAME_OFFSET;
        length[i] = frameLength;
        return frame(i);
    }

    /** Ends the way of frame {@code i}. */
    public void drop(final int i, final DropReason reason) {
        dropReason[i] = reason;
    }

    public boolean isDropped(final int i) {
        return dropReason[i] != null;
    }

    /** Why the frame was dropped, or null while it is on its way. */
    public DropReason dropReason(final int i) {
        return dropReason[i];
    }

    public long address(final int i) {
        return address[i];
    }

    public int length(final int i) {
        return length[i];
    }

    public long destinationMac(final int i) {
        return destinationMac[i];
    }

    public long sourceMac(final int i) {
        return sourceMac[i];
    }

    public void macs(final int i, final long destination, final long source) {
        destinationMac[i] = destination;
        sourceMac[i] = source;
    }

    /** The EtherType behind all VLAN tags. */
    public int etherType(final int i) {
        return etherType[i];
    }

    public int l3Offset(final int i) {
        return l3Offset[i];
    }

    public void layer3(final int i, final int type, final int offset) {
        etherType[i] = type;
        l3Offset[i] = offset;
        l4Offset[i] = 0;
        l4Protocol[i] = 0;
    }

    /** Where the layer-4 header starts, or 0 when there is none here (not IP, or a later fragment). */
    public int l4Offset(final int i) {
        return l4Offset[i];
    }

    public int l4Protocol(final int i) {
        return l4Protocol[i];
    }

    public void layer4(final int i, final int protocol, final int offset) {
        l4Protocol[i] = protocol;
        l4Offset[i] = offset;
    }

    /** Layer-3 bytes of the longest packet that this frame is on a wire: what an egress MTU is held against. */
    public int wireLength(final int i) {
        return wireLength[i];
    }

    public void wireLength(final int i, final int bytes) {
        wireLength[i] = bytes;
    }

    /** Whether the virtio-net header asks for a checksum or for segmentation. */
    public boolean isOffloaded(final int i) {
        return offloaded[i];
    }

    public void offloaded(final int i, final boolean value) {
        offloaded[i] = value;
    }

    /** A port's index, or one of the negative {@code EGRESS_*} values. */
    public int egress(final int i) {
        return egress[i];
    }

    public void egress(final int i, final int value) {
        egress[i] = value;
    }

    @Override
    public void close() {
        slots.close();
        scratch.close();
    }
}
