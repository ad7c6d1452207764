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
 * Merges the segments of TCP and UDP flows that arrive one behind the other into super-frames, so that a receiver's
 * stack is walked through once for many: what the kernel's GRO does, by its rules. A frame that may not be merged goes
 * on alone, behind what its flow has pending. The result, cut again, is what came.
 * <p>
 * A burst's frames come one by one; the first of a super-frame grows in its place, and those that were merged into it
 * are gone. Owned by the worker.
 */
final class Coalescer {
    private static final int MAX_PACKET_BYTES = 65_535;
    /** Flows at once; of more than these the oldest is closed. */
    private static final int ITEMS = 8;

    /** A super-frame to be, from its first frame on. */
    private static final class Item {
        private final SegmentHeader header = new SegmentHeader();
        private int index;
        private long limit;
        private int segmentBytes;
        private int segments;
        private int nextSequence;
        private int push;
        private boolean checked;
        /** Takes nothing more, but is still to be finished. */
        private boolean closed;
    }

    private final SegmentHeader candidate = new SegmentHeader();
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    /** At most one for each frame of the batch. */
    private final Item[] items = new Item[FrameBatch.CAPACITY];
    private int size;
    private int oldestOpen;

    Coalescer() {
        for (int i = 0; i < items.length; i++) {
            items[i] = new Item();
        }
    }

    /**
     * Merges a frame into one that the batch holds, if it may. Otherwise it is to be kept: see {@link #keep}.
     *
     * @param frame its virtio-net header is not written yet.
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

    /** A fragment has no ports: it goes behind all that is between its addresses. */
    private boolean isRelated(final Item item) {
        return candidate.isWhole() ? candidate.isOfSameFlow(item.header)
            : candidate.isBetweenSameAddresses(item.header);
    }

    /**
     * Writes the virtio-net header of the frame that was not merged just now, and lets others be merged into it.
     *
     * @param frame where it now is.
     * @param limit end of the memory that it may grow in; not below its own end.
     * @param batch that it is appended to.
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

    /** Whether a frame's packet is longer, by its own word, than the frame is. */
    boolean claimsMore(final long frame, final int length) {
        return candidate.read(frame, length).claimedBytes() > length;
    }

    /**
     * Appends a frame that is a super-frame already.
     *
     * @param segmentBytes of payload.
     * @return false when it is none.
     */
    boolean keepSuperFrame(final long frame, final int length, final int segmentBytes, final FrameBatch batch) {
        candidate.read(frame, length);
        return candidate.isWhole() && candidate.length() == length && keepSuperFrame(segmentBytes, batch);
    }

    /**
     * The same for a super-frame of TCP of which nobody has said how long its segments are, as the kernel delivers one
     * that never was on a wire: it is longer than what the way takes, and its checksum is not complete. The receiver
     * does not mind segments that are longer than the sender meant.
     *
     * @param mtu of the way.
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

    /** Only what is right is merged, for its checksum is lost; and so the first one too is looked at. */
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
        // Before the copy, which may go over the candidate's own headers.
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

    /** Makes super-frames of what was merged, and begins anew. */
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

    /** To be cut into segments of so many bytes of payload, and the checksum to be completed in each. */
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
