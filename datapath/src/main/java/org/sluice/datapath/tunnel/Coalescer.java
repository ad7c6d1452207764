package org.sluice.datapath.tunnel;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Merges consecutive segments of TCP and UDP flows into super-frames, so that the receiver's stack runs once for many
 * segments. It follows the rules of the kernel's GRO: a super-frame, cut again, gives the segments that arrived. A
 * frame that may not be merged goes on alone, behind the pending segments of its flow.
 * <p>
 * The caller passes a burst's frames one by one. The first frame of a super-frame grows in its place and absorbs the
 * others. Owned by the worker.
 */
final class Coalescer {
    private static final int MAX_PACKET_BYTES = 65_535;
    /** Most flows at once; one more closes the oldest. */
    private static final int ITEMS = 8;

    /** A super-frame in the making, from its first frame on. */
    private static final class Item {
        private final SegmentHeader header = new SegmentHeader();
        private int index;
        private long limit;
        private int segmentBytes;
        private int segments;
        private int nextSequence;
        private int push;
        private boolean checked;
        /** Accepts no more frames, but is not finished yet. */
        private boolean closed;
    }

    private final SegmentHeader candidate = new SegmentHeader();
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    /** At most one item for each frame of the batch. */
    private final Item[] items = new Item[FrameBatch.CAPACITY];
    private int size;
    private int oldestOpen;

    Coalescer() {
        for (int i = 0; i < items.length; i++) {
            items[i] = new Item();
        }
    }

    /**
     * Merges a frame into one of the batch, if that is allowed. Otherwise the caller must {@link #keep} it.
     *
     * @param frame whose virtio-net header is not written yet.
     */
    boolean merge(final long frame, final int length) {
        candidate.read(frame, length);
        final boolean mergeable = candidate.isMergeable();
        for (int n = size - 1; n >= oldestOpen; n--) {
            final Item item = items[n];
            if (!item.closed && isRelated(item)) {
                if (mergeable && mayJoin(item) && isRight(item)) {
                    join(item);
                    return true;
                }
                item.closed = true;
            }
        }
        return false;
    }

    /** A fragment has no ports, so it goes behind every flow between its addresses. */
    private boolean isRelated(final Item item) {
        return candidate.isWhole() ? candidate.isOfSameFlow(item.header)
            : candidate.isBetweenSameAddresses(item.header);
    }

    /**
     * Writes the virtio-net header of the frame that was just not merged, and accepts others into it.
     *
     * @param frame its present address.
     * @param limit end of the memory that it may grow into; not below its own end.
     * @param batch that receives it.
     */
    void keep(final long frame, final long limit, final FrameBatch batch) {
        candidate.moveTo(frame);
        virtio.wrapBefore(frame);
        virtio.clear();
        if (candidate.isWhole() && (candidate.isTcp() || candidate.checksum() != 0) && candidate.isPartial()) {
            virtio.flags(VirtioNetHeaderFlyweight.NEEDS_CHECKSUM);
            virtio.checksumStart(candidate.l4Offset());
            virtio.checksumOffset(candidate.checksumField() - candidate.l4Offset());
        }
        if (candidate.isMergeable()) {
            open(limit, batch.size());
        }
        batch.append(frame, candidate.length());
    }

    /** Whether the packet is longer, according to its header, than the frame. */
    boolean claimsMore(final long frame, final int length) {
        return candidate.read(frame, length).claimedBytes() > length;
    }

    /**
     * Appends a frame that already is a super-frame.
     *
     * @param segmentBytes payload bytes of each segment.
     * @return false when it is none.
     */
    boolean keepSuperFrame(final long frame, final int length, final int segmentBytes, final FrameBatch batch) {
        candidate.read(frame, length);
        return candidate.isWhole() && candidate.length() == length && keepSuperFrame(segmentBytes, batch);
    }

    /**
     * The same for a TCP super-frame of unknown segment length. The kernel delivers such a frame when it never was on a
     * wire: it exceeds the path MTU, and its checksum is not complete. The receiver tolerates segments longer than the
     * sender meant.
     *
     * @param mtu of the path.
     */
    boolean keepUncutTcp(final long frame, final int length, final int mtu, final FrameBatch batch) {
        candidate.read(frame, length);
        return candidate.isWhole() && candidate.isTcp() && candidate.length() - EthernetFlyweight.LENGTH > mtu
            && candidate.looksPartial()
            && keepSuperFrame(mtu - (candidate.headerBytes() - EthernetFlyweight.LENGTH), batch);
    }

    private boolean keepSuperFrame(final int segmentBytes, final FrameBatch batch) {
        if (segmentBytes <= 0 || candidate.payloadBytes() <= segmentBytes) {
            return false;
        }
        for (int n = oldestOpen; n < size; n++) {
            items[n].closed |= candidate.isOfSameFlow(items[n].header);
        }
        writeOffload(candidate, segmentBytes);
        batch.append(candidate.address(), candidate.length());
        return true;
    }

    private boolean mayJoin(final Item item) {
        final int payload = candidate.payloadBytes();
        return payload <= item.segmentBytes
            && item.header.length() + payload - EthernetFlyweight.LENGTH <= MAX_PACKET_BYTES
            && item.header.address() + item.header.length() + payload <= item.limit
            && (candidate.isTcp() ? candidate.sequence() == item.nextSequence
            : item.segments < Datagram.MAX_SEGMENTS)
            && candidate.isAlike(item.header);
    }

    /** Merges only correct segments, because merging loses their checksums. So it checks the first one too. */
    private boolean isRight(final Item item) {
        if (!item.checked) {
            if (!item.header.isChecksumRight()) {
                return false;
            }
            item.checked = true;
        }
        return candidate.isChecksumRight();
    }

    private void join(final Item item) {
        final int payload = candidate.payloadBytes();
        // Before the copy, which may overwrite the candidate's own headers.
        item.nextSequence += payload;
        note(item, payload);
        UnsafeApi.copyMemory(candidate.address() + candidate.headerBytes(),
            item.header.address() + item.header.length(), payload);
        item.header.grow(payload);
        item.segments++;
    }

    private void note(final Item item, final int payload) {
        if (candidate.isTcp()) {
            item.push |= candidate.tcpFlags() & TcpFlyweight.PSH;
        }
        item.closed = payload < item.segmentBytes || item.push != 0;
    }

    private void open(final long limit, final int index) {
        oldestOpen = Math.max(oldestOpen, size + 1 - ITEMS);
        final Item item = items[size++];
        item.header.set(candidate);
        item.index = index;
        item.limit = limit;
        item.segmentBytes = candidate.payloadBytes();
        item.segments = 1;
        item.push = 0;
        item.checked = false;
        if (candidate.isTcp()) {
            item.nextSequence = candidate.sequence() + item.segmentBytes;
        }
        note(item, item.segmentBytes);
    }

    /** Finishes the super-frames and starts with none. */
    void finish(final FrameBatch batch) {
        for (int n = 0; n < size; n++) {
            if (items[n].segments > 1) {
                finish(batch, items[n]);
            }
        }
        size = 0;
        oldestOpen = 0;
    }

    private void finish(final FrameBatch batch, final Item item) {
        final SegmentHeader header = item.header;
        final long frame = header.address();
        final long l3 = frame + EthernetFlyweight.LENGTH;
        final int packetBytes = header.length() - EthernetFlyweight.LENGTH;
        if (header.isIpv4()) {
            NetworkOrder.u16(l3 + Ipv4Flyweight.TOTAL_LENGTH_FIELD_OFFSET, packetBytes);
            NetworkOrder.u16(l3 + Ipv4Flyweight.CHECKSUM_FIELD_OFFSET, 0);
            NetworkOrder.u16(l3 + Ipv4Flyweight.CHECKSUM_FIELD_OFFSET,
                InternetChecksum.finish(InternetChecksum.sum(l3, Ipv4Flyweight.MIN_LENGTH)));
        } else {
            NetworkOrder.u16(l3 + Ipv6Flyweight.PAYLOAD_LENGTH_FIELD_OFFSET, packetBytes - Ipv6Flyweight.LENGTH);
        }
        final long l4 = frame + header.l4Offset();
        if (header.isTcp()) {
            UnsafeApi.putByte(l4 + TcpFlyweight.FLAGS_FIELD_OFFSET, (byte) (header.tcpFlags() | item.push));
        } else {
            NetworkOrder.u16(l4 + UdpFlyweight.LENGTH_FIELD_OFFSET, header.length() - header.l4Offset());
        }
        writeOffload(header, item.segmentBytes);
        batch.length(item.index, header.length());
    }

    /** Requests segments of this many payload bytes, and a checksum in each. */
    private void writeOffload(final SegmentHeader header, final int segmentBytes) {
        NetworkOrder.u16(header.address() + header.checksumField(), InternetChecksum.fold(header.pseudoHeader()));
        virtio.wrapBefore(header.address());
        virtio.flags(VirtioNetHeaderFlyweight.NEEDS_CHECKSUM);
        virtio.gsoType(!header.isTcp() ? VirtioNetHeaderFlyweight.GSO_UDP_L4
            : header.isIpv4() ? VirtioNetHeaderFlyweight.GSO_TCPV4 : VirtioNetHeaderFlyweight.GSO_TCPV6);
        virtio.headerLength(header.headerBytes());
        virtio.gsoSize(segmentBytes);
        virtio.checksumStart(header.l4Offset());
        virtio.checksumOffset(header.checksumField() - header.l4Offset());
    }
}
