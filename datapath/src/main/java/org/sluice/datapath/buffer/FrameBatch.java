package org.sluice.datapath.buffer;

import org.agrona.UnsafeApi;

import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * A burst of frames from one port, and for each frame a note of what the stages found out about it.
 * <p>
 * The batch carries addresses, not buffers. A device either reads into a slot of the batch ({@link #slotAddress()}) or
 * appends the address of its own mapped memory. Either way a virtio-net header of
 * {@link VirtioNetHeaderFlyweight#LENGTH} bytes lies directly in front of the frame:
 * <pre>
 *   slot                    address - 10        address              address + length
 *    |  headroom (encap)         | virtio header     | Ethernet frame ... |   tail room  |
 * </pre>
 * The notes are off-heap: one cache line for each frame, and a second one that only routed frames use.
 * <pre>
 *   first line                               second line, of routed frames
 *    0  address                8              0  tuple (FlowTuple)   40
 *    8  destination MAC        8             40  tuple's hash         8
 *   16  source MAC             8             48  connection           8
 *   24  length                 4             56  has own tuple        1
 *   28  wire length            4
 *   32  egress                 4
 *   36  EtherType              2
 *   38  layer-3 offset         2
 *   40  layer-4 offset         2
 *   42  layer-4 protocol       1
 *   43  offloaded              1
 *   44  drop reason            1
 *   48  source IPv4            4
 *   52  layer-4 length         4
 *   56  fragment, 57 cuttable  1 each
 * </pre>
 * With one Java array for each column, every access would load and check another array's length: the bridge path took 4
 * ns longer for each frame. The index of a frame is not checked either: it comes from a loop up to {@link #size()}.
 * <p>
 * The batch also holds what all its frames share: the time of the burst, and the list of the frames to route. One
 * worker thread owns a batch and fills it anew for every burst.
 */
public final class FrameBatch implements AutoCloseable {
    /** Most frames in a burst. */
    public static final int CAPACITY = 64;
    /** A burst of this size takes no further frame: the copied bytes should still be in the cache when they go out. */
    public static final int BURST_BYTES = 256 * 1024;
    /**
     * Room in front of a frame, for the virtio header and for encapsulation. The frame starts 16 bytes after a cache
     * line's start, so that one line holds the virtio header and all headers up to the TCP or UDP ports.
     */
    public static final int HEADROOM = 256 + 16;
    /** The longest frame that the switch accepts: a 64 KiB packet, an Ethernet header and two VLAN tags. */
    public static final int MAX_FRAME_LENGTH = 65_535 + 14 + 8;
    /** Room for a frame in a slot. It exceeds the longest frame, so that the length reveals a truncated one. */
    public static final int SLOT_FRAME_LENGTH = 65_600;

    /** Egress: to every other port of the domain. */
    public static final int EGRESS_FLOOD = -1;
    /** Egress: to the gateway of the domain. */
    public static final int EGRESS_GATEWAY = -2;

    // Room for the longest frame that replaces another, an ICMPv6 error of 1280 bytes, and for the space in front of
    // it.
    private static final int SCRATCH_LENGTH = 1408;
    private static final byte NOT_DROPPED = -1;
    private static final byte HELD = -2;
    private static final DropReason[] REASONS = DropReason.values();
    private static final int SCRATCH_FRAME_OFFSET = 32;
    // Not a multiple of the page size: slots that start alike would compete for the same sets of the cache.
    static final int SLOT_LENGTH = HEADROOM + SLOT_FRAME_LENGTH + 48;

    private static final int NOTE_LENGTH = 64;
    private static final int ADDRESS_FIELD_OFFSET = 0;
    private static final int DESTINATION_MAC_FIELD_OFFSET = 8;
    private static final int SOURCE_MAC_FIELD_OFFSET = 16;
    private static final int LENGTH_FIELD_OFFSET = 24;
    private static final int WIRE_LENGTH_FIELD_OFFSET = 28;
    private static final int EGRESS_FIELD_OFFSET = 32;
    private static final int ETHER_TYPE_FIELD_OFFSET = 36;
    private static final int L3_FIELD_OFFSET = 38;
    private static final int L4_FIELD_OFFSET = 40;
    private static final int L4_PROTOCOL_FIELD_OFFSET = 42;
    private static final int OFFLOADED_FIELD_OFFSET = 43;
    private static final int DROP_REASON_FIELD_OFFSET = 44;
    private static final int ANSWER_REASON_FIELD_OFFSET = 45;
    private static final int SOURCE_IPV4_FIELD_OFFSET = 48;
    private static final int L4_LENGTH_FIELD_OFFSET = 52;
    private static final int FRAGMENT_FIELD_OFFSET = 56;
    private static final int CUTTABLE_FIELD_OFFSET = 57;
    private static final int REFUSED_LINK_FIELD_OFFSET = 60;
    // In the second line, of routed frames.
    private static final int TUPLE_FIELD_OFFSET = 0;
    private static final int TUPLE_HASH_FIELD_OFFSET = 40;
    private static final int CONNECTION_FIELD_OFFSET = 48;
    private static final int OWN_TUPLE_FIELD_OFFSET = 56;

    private final OffHeapRegion slots;
    private final OffHeapRegion scratch;

    private final OffHeapRegion notes;
    private final long notesAddress;
    private final long routedNotesAddress;
    private final long routedAddress;
    private long nowNs;
    private int nowSeconds;
    private int limit = CAPACITY;
    private int size;
    private long byteCount;
    private int droppedCount;
    private int routedCount;
    private int charged;

    /** Makes a batch with slots for devices that read into them. */
    public FrameBatch() {
        this((long) CAPACITY * SLOT_LENGTH);
    }

    /** Makes a batch without slots, for frames that lie elsewhere. */
    public static FrameBatch withoutSlots() {
        return new FrameBatch(1);
    }

    private FrameBatch(final long slotBytes) {
        notes = OffHeapRegion.anonymous(CAPACITY * (2L * NOTE_LENGTH + Integer.BYTES));
        notesAddress = notes.address();
        routedNotesAddress = notesAddress + (long) CAPACITY * NOTE_LENGTH;
        routedAddress = routedNotesAddress + (long) CAPACITY * NOTE_LENGTH;
        slots = OffHeapRegion.anonymous(slotBytes);
        scratch = OffHeapRegion.anonymous((long) CAPACITY * SCRATCH_LENGTH);
    }

    private long note(final int i) {
        return notesAddress + (long) i * NOTE_LENGTH;
    }

    private long routedNote(final int i) {
        return routedNotesAddress + (long) i * NOTE_LENGTH;
    }

    /** Begins an empty burst. The stages handle it as of the given time, on the worker's clock. */
    public void begin(final long burstNs) {
        nowNs = burstNs;
        nowSeconds = CoarseClock.seconds(burstNs);
        clear();
    }

    /** Lets bursts hold so many frames from now on, 1 to {@link #CAPACITY}. */
    public void limit(final int frames) {
        limit = frames;
    }

    /** Empties the batch; its time stays. */
    public void clear() {
        size = 0;
        byteCount = 0;
        droppedCount = 0;
        routedCount = 0;
        charged = 0;
    }

    /** When the burst began, on the worker's clock. All stages use this one time. */
    public long nowNs() {
        return nowNs;
    }

    /** The same time on the {@link CoarseClock}. */
    public int nowSeconds() {
        return nowSeconds;
    }

    public int size() {
        return size;
    }

    /** Sum of the frame lengths. */
    public long byteCount() {
        return byteCount;
    }

    /** Charges the ingress port for work beyond that of a small frame for one port, which is the unit. */
    public void charge(final int units) {
        charged += units;
    }

    /** What the burst has cost so far. */
    public int work() {
        return size + charged;
    }

    /** Whether the burst may grow. It ends at the limit, or when it would no longer fit the cache. */
    public boolean hasRoom() {
        return size < limit && byteCount < BURST_BYTES;
    }

    /** How many more frames the burst may have. */
    public int room() {
        return limit - size;
    }

    /** Where a device may put the next frame. {@link #SLOT_FRAME_LENGTH} bytes follow, and a headroom lies in front. */
    public long slotAddress() {
        return slots.address() + (long) size * SLOT_LENGTH + HEADROOM;
    }

    /**
     * The same, for a device that receives several frames at once.
     *
     * @param ahead how many frames beyond the next one; the batch with them holds at most {@link #CAPACITY}.
     */
    public long slotAddress(final int ahead) {
        return slotAddress() + (long) ahead * SLOT_LENGTH;
    }

    /**
     * Adds a frame; its virtio-net header lies in front of the address.
     *
     * @param frameAddress of the first byte of the Ethernet header.
     * @param frameLength  in bytes, as received; the stages check it.
     */
    public void append(final long frameAddress, final int frameLength) {
        final int i = size++;
        UnsafeApi.putLong(note(i) + ADDRESS_FIELD_OFFSET, frameAddress);
        UnsafeApi.putInt(note(i) + LENGTH_FIELD_OFFSET, frameLength);
        UnsafeApi.putByte(note(i) + DROP_REASON_FIELD_OFFSET, NOT_DROPPED);
        byteCount += frameLength;
    }

    /** Replaces frame {@code i} with an all-zero frame in scratch memory. Clears its virtio header too. */
    public void replace(final int i, final int frameLength) {
        final long start = scratch.address() + (long) i * SCRATCH_LENGTH;
        UnsafeApi.setMemory(start, SCRATCH_LENGTH, (byte) 0);
        UnsafeApi.putLong(note(i) + ADDRESS_FIELD_OFFSET, start + SCRATCH_FRAME_OFFSET);
        UnsafeApi.putInt(note(i) + LENGTH_FIELD_OFFSET, frameLength);
    }

    /** Notes why an ICMP error takes the place of frame {@code i}. Only a trace reads it. */
    public void answered(final int i, final DropReason reason) {
        UnsafeApi.putByte(note(i) + ANSWER_REASON_FIELD_OFFSET, (byte) reason.ordinal());
    }

    /** Number of the reason that {@link #answered} has noted since {@link #clearAnswer}, or -1. */
    public int answerReason(final int i) {
        return UnsafeApi.getByte(note(i) + ANSWER_REASON_FIELD_OFFSET);
    }

    /** Notes the kernel's number of the interface that frame {@code i} may not leave by. Only a trace reads it. */
    public void refusedLink(final int i, final int linkIndex) {
        UnsafeApi.putInt(note(i) + REFUSED_LINK_FIELD_OFFSET, linkIndex);
    }

    /** That number, or 0. */
    public int refusedLink(final int i) {
        return UnsafeApi.getInt(note(i) + REFUSED_LINK_FIELD_OFFSET);
    }

    /** Forgets what an earlier burst has noted for a trace. */
    public void clearAnswer(final int i) {
        UnsafeApi.putByte(note(i) + ANSWER_REASON_FIELD_OFFSET, NOT_DROPPED);
        refusedLink(i, 0);
    }

    /** Drops frame {@code i}: it goes no further. */
    public void drop(final int i, final DropReason reason) {
        droppedCount++;
        UnsafeApi.putByte(note(i) + DROP_REASON_FIELD_OFFSET, (byte) reason.ordinal());
    }

    /** How many frames were dropped so far. */
    public int droppedCount() {
        return droppedCount;
    }

    /** Marks a frame that was put aside. The batch no longer owns it, and it does not count as dropped. */
    public void hold(final int i) {
        UnsafeApi.putByte(note(i) + DROP_REASON_FIELD_OFFSET, HELD);
    }

    /** Whether the frame was dropped or held: it goes no further in this burst. */
    public boolean isDropped(final int i) {
        return UnsafeApi.getByte(note(i) + DROP_REASON_FIELD_OFFSET) != NOT_DROPPED;
    }

    /** Why the frame was dropped; null if it was not, or is held. */
    public DropReason dropReason(final int i) {
        final int reason = UnsafeApi.getByte(note(i) + DROP_REASON_FIELD_OFFSET);
        return reason < 0 ? null : REASONS[reason];
    }

    public long address(final int i) {
        return UnsafeApi.getLong(note(i) + ADDRESS_FIELD_OFFSET);
    }

    public int length(final int i) {
        return UnsafeApi.getInt(note(i) + LENGTH_FIELD_OFFSET);
    }

    /** Notes that the frame has grown in place, before the first stage. */
    public void length(final int i, final int bytes) {
        byteCount += bytes - length(i);
        UnsafeApi.putInt(note(i) + LENGTH_FIELD_OFFSET, bytes);
    }

    public long destinationMac(final int i) {
        return UnsafeApi.getLong(note(i) + DESTINATION_MAC_FIELD_OFFSET);
    }

    public long sourceMac(final int i) {
        return UnsafeApi.getLong(note(i) + SOURCE_MAC_FIELD_OFFSET);
    }

    public void macs(final int i, final long destination, final long source) {
        UnsafeApi.putLong(note(i) + DESTINATION_MAC_FIELD_OFFSET, destination);
        UnsafeApi.putLong(note(i) + SOURCE_MAC_FIELD_OFFSET, source);
    }

    /** The EtherType behind all VLAN tags. */
    public int etherType(final int i) {
        return UnsafeApi.getShort(note(i) + ETHER_TYPE_FIELD_OFFSET) & 0xFFFF;
    }

    /** Whether the EtherType is IPv4's or IPv6's. */
    public boolean isIp(final int i) {
        final int type = etherType(i);
        return type == EtherType.IPV4 || type == EtherType.IPV6;
    }

    public int l3Offset(final int i) {
        return UnsafeApi.getShort(note(i) + L3_FIELD_OFFSET) & 0xFFFF;
    }

    /** Address of the layer-3 header. */
    public long l3Address(final int i) {
        return address(i) + l3Offset(i);
    }

    /** Bytes from the layer-3 header to the frame's end. */
    public int l3Available(final int i) {
        return length(i) - l3Offset(i);
    }

    public void layer3(final int i, final int type, final int offset) {
        UnsafeApi.putShort(note(i) + ETHER_TYPE_FIELD_OFFSET, (short) type);
        UnsafeApi.putShort(note(i) + L3_FIELD_OFFSET, (short) offset);
        UnsafeApi.putShort(note(i) + L4_FIELD_OFFSET, (short) 0);
        UnsafeApi.putByte(note(i) + L4_PROTOCOL_FIELD_OFFSET, (byte) 0);
        UnsafeApi.putShort(note(i) + FRAGMENT_FIELD_OFFSET, (short) 0); // and may not be cut into fragments
    }

    /** Where the layer-4 header starts; 0 if the frame has none (not IP, or a later fragment). */
    public int l4Offset(final int i) {
        return UnsafeApi.getShort(note(i) + L4_FIELD_OFFSET) & 0xFFFF;
    }

    /** Address of the layer-4 header. */
    public long l4Address(final int i) {
        return address(i) + l4Offset(i);
    }

    /** Bytes from the layer-4 header to the frame's end. */
    public int l4Available(final int i) {
        return length(i) - l4Offset(i);
    }

    /** Bytes from the layer-4 header to the end of the packet; 0 without a layer-4 header. */
    public int l4Length(final int i) {
        return UnsafeApi.getInt(note(i) + L4_LENGTH_FIELD_OFFSET);
    }

    public int l4Protocol(final int i) {
        return UnsafeApi.getByte(note(i) + L4_PROTOCOL_FIELD_OFFSET) & 0xFF;
    }

    /**
     * @param lengthBytes from the layer-4 header to the end of the packet, which may be before the frame's end.
     */
    public void layer4(final int i, final int protocol, final int offset, final int lengthBytes,
                       final boolean fragment) {
        UnsafeApi.putByte(note(i) + L4_PROTOCOL_FIELD_OFFSET, (byte) protocol);
        UnsafeApi.putShort(note(i) + L4_FIELD_OFFSET, (short) offset);
        UnsafeApi.putInt(note(i) + L4_LENGTH_FIELD_OFFSET, lengthBytes);
        UnsafeApi.putByte(note(i) + FRAGMENT_FIELD_OFFSET, (byte) (fragment ? 1 : 0));
    }

    /** Whether the frame is a packet that is too long for its egress port and may be cut into fragments. */
    public boolean isCuttable(final int i) {
        return UnsafeApi.getByte(note(i) + CUTTABLE_FIELD_OFFSET) != 0;
    }

    public void cuttable(final int i) {
        UnsafeApi.putByte(note(i) + CUTTABLE_FIELD_OFFSET, (byte) 1);
    }

    /** Whether the packet is a part of a larger one. */
    public boolean isFragment(final int i) {
        return UnsafeApi.getByte(note(i) + FRAGMENT_FIELD_OFFSET) != 0;
    }

    /** The source address; valid only if the EtherType is IPv4's. */
    public int sourceIpv4(final int i) {
        return UnsafeApi.getInt(note(i) + SOURCE_IPV4_FIELD_OFFSET);
    }

    public void sourceIpv4(final int i, final int address) {
        UnsafeApi.putInt(note(i) + SOURCE_IPV4_FIELD_OFFSET, address);
    }

    /** Address of the routed frame's {@link org.sluice.datapath.conntrack.FlowTuple}. */
    public long tupleAddress(final int i) {
        return routedNote(i) + TUPLE_FIELD_OFFSET;
    }

    /**
     * Whether the noted ports are the packet's own. They are not for a fragment after the first, and for an ICMP
     * message that is no echo: it may be an error about another packet.
     */
    public boolean hasOwnTuple(final int i) {
        return UnsafeApi.getByte(routedNote(i) + OWN_TUPLE_FIELD_OFFSET) != 0;
    }

    public void hasOwnTuple(final int i, final boolean value) {
        UnsafeApi.putByte(routedNote(i) + OWN_TUPLE_FIELD_OFFSET, (byte) (value ? 1 : 0));
    }

    /** Adds frame {@code i} to the frames to route. */
    public void addRouted(final int i) {
        UnsafeApi.putInt(routedAddress + (long) routedCount++ * Integer.BYTES, i);
    }

    /** How many frames are to be routed. */
    public int routedCount() {
        return routedCount;
    }

    /**
     * The frames to route, in their order in the burst.
     *
     * @param n below {@link #routedCount()}.
     */
    public int routed(final int n) {
        return UnsafeApi.getInt(routedAddress + (long) n * Integer.BYTES);
    }

    public long tupleHash(final int i) {
        return UnsafeApi.getLong(routedNote(i) + TUPLE_HASH_FIELD_OFFSET);
    }

    public void tupleHash(final int i, final long hash) {
        UnsafeApi.putLong(routedNote(i) + TUPLE_HASH_FIELD_OFFSET, hash);
    }

    /** Ref of the routed frame's connection, or 0 without one. */
    public long connection(final int i) {
        return UnsafeApi.getLong(routedNote(i) + CONNECTION_FIELD_OFFSET);
    }

    public void connection(final int i, final long ref) {
        UnsafeApi.putLong(routedNote(i) + CONNECTION_FIELD_OFFSET, ref);
    }

    /** Layer-3 bytes of the longest packet that this frame becomes on a wire. An egress MTU is compared with it. */
    public int wireLength(final int i) {
        return UnsafeApi.getInt(note(i) + WIRE_LENGTH_FIELD_OFFSET);
    }

    public void wireLength(final int i, final int bytes) {
        UnsafeApi.putInt(note(i) + WIRE_LENGTH_FIELD_OFFSET, bytes);
    }

    /** Whether the virtio-net header asks for a checksum or for segmentation. */
    public boolean isOffloaded(final int i) {
        return UnsafeApi.getByte(note(i) + OFFLOADED_FIELD_OFFSET) != 0;
    }

    public void offloaded(final int i, final boolean value) {
        UnsafeApi.putByte(note(i) + OFFLOADED_FIELD_OFFSET, (byte) (value ? 1 : 0));
    }

    /** A port's index, or one of the negative {@code EGRESS_*} values. */
    public int egress(final int i) {
        return UnsafeApi.getInt(note(i) + EGRESS_FIELD_OFFSET);
    }

    public void egress(final int i, final int value) {
        UnsafeApi.putInt(note(i) + EGRESS_FIELD_OFFSET, value);
    }

    @Override
    public void close() {
        notes.close();
        slots.close();
        scratch.close();
    }
}
