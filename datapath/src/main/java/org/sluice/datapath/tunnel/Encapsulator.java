package org.sluice.datapath.tunnel;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;
import org.sluice.datapath.protocol.VxlanFlyweight;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.PortCounter;

/**
 * Puts frames into VXLAN datagrams for a VTEP and passes them to the underlay's device. Consecutive frames of a flow
 * with one length become one message, which the kernel cuts into datagrams ({@code UDP_SEGMENT}). This applies to the
 * segments of a super-frame, cut here first, and to bursts of small frames. So a burst costs one system call and one
 * pass through the host's stack.
 * <p>
 * It copies frames, because the same frame may also leave through other ports, with its virtio-net header in front.
 * Owned by the worker.
 */
public final class Encapsulator implements AutoCloseable {
    /** So many segments cost a unit of a port's budget. */
    private static final int SEGMENTS_PER_UNIT_SHIFT = 4;
    private static final int ARENA_BYTES = 1 << 20;
    /** The longest datagram, its note, and some bytes for alignment. */
    private static final int MESSAGE_BYTES = Datagram.HEADER_BYTES + FrameBatch.SLOT_FRAME_LENGTH + 64;

    private final Segmenter segmenter = new Segmenter();
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private final OffHeapRegion arena = OffHeapRegion.anonymous(ARENA_BYTES);
    private final EgressQueue messages = new EgressQueue();
    /** For each message, the first and the last frame of the queue in it. */
    private final int[] firstFrame = new int[FrameBatch.CAPACITY];
    private final int[] lastFrame = new int[FrameBatch.CAPACITY];
    private final PathEvents events;
    private final OuterHeader outerHeader = new OuterHeader();
    /** Where the outer headers are written: at the arena's end. */
    private final long outerHeaders;
    private SuperFrameDevice underlay;
    private CounterGroup<PortCounter> counters;

    // The message that is being written; its start is 0 if there is none.
    private long message;
    private long end;
    private int segmentBytes;
    private int segments;
    private boolean closed;
    private int flow;
    private int trafficClass;
    private int frame;

    /** Is notified when the path MTU to a VTEP has decreased. Called by the worker. */
    @FunctionalInterface
    public interface PathEvents {
        /** Must not block; the worker may call it again for the same port. */
        void onTooBig(int portIndex);
    }

    public Encapsulator(final PathEvents events) {
        this.events = events;
        outerHeaders = arena.address() + ARENA_BYTES - OuterHeader.MAX_BYTES;
    }

    /**
     * Sets the device that sends the datagrams from now on.
     *
     * @param device       null for none; every frame is then refused.
     * @param portCounters counters of its port.
     */
    public void underlay(final SuperFrameDevice device, final CounterGroup<PortCounter> portCounters) {
        underlay = device;
        counters = portCounters;
    }

    /** Sends the queue's frames to the VTEP. Refuses in the queue the frames that it could not send. */
    void transmit(final EgressQueue queue, final Vtep vtep) {
        if (underlay == null) {
            for (int i = 0; i < queue.size(); i++) {
                queue.refuse(i, DropReason.EGRESS_DOWN);
            }
            return;
        }
        begin();
        for (int i = 0, size = queue.size(); i < size; i++) {
            final long address = queue.address(i);
            final int length = queue.length(i);
            frame = i;
            flow = FlowHash.of(address, length) & Datagram.FLOWS - 1;
            trafficClass = Ecn.trafficClass(address, length);
            if (virtio.wrapBefore(address).gsoType() == VirtioNetHeaderFlyweight.GSO_NONE) {
                final long target = place(length + VxlanFlyweight.LENGTH, queue, vtep);
                UnsafeApi.copyMemory(address, target, length);
                if (virtio.needsChecksum()) {
                    complete(target, length);
                }
            } else if (!transmitWhole(address, length, queue, vtep)) {
                cut(address, length, queue, vtep);
            }
        }
        flush(queue, vtep);
    }

    /** Sends the pending messages first, so that a flow keeps its order. */
    private boolean transmitWhole(final long address, final int length, final EgressQueue queue, final Vtep vtep) {
        if (vtep.linkIndex() == 0 || !underlay.carriesWhole() || !OuterHeader.fits(length)) {
            return false;
        }
        flush(queue, vtep);
        begin();
        final int headerBytes = outerHeader.write(outerHeaders, vtep, trafficClass, underlay.sourcePort(flow),
            underlay.tunnelPort(), address, length);
        if (!underlay.transmitWhole(outerHeaders, headerBytes, address, length)) {
            return false;
        }
        counters.increment(PortCounter.TX_FRAMES);
        counters.add(PortCounter.TX_BYTES, length + VxlanFlyweight.LENGTH);
        return true;
    }

    private void cut(final long address, final int length, final EgressQueue queue, final Vtep vtep) {
        segmenter.begin(address, length);
        queue.charge(segmenter.count() >> SEGMENTS_PER_UNIT_SHIFT);
        while (segmenter.hasNext()) {
            final int bytes = segmenter.nextBytes();
            segmenter.next(place(bytes + VxlanFlyweight.LENGTH, queue, vtep));
        }
    }

    /** Completes the checksum that the endpoint's kernel left to the device that puts the frame on a wire. */
    private void complete(final long copy, final int length) {
        final int start = virtio.checksumStart();
        final int field = virtio.checksumOffset();
        InternetChecksum.complete(copy + start, field, length - start, field == UdpFlyweight.CHECKSUM_FIELD_OFFSET);
    }

    private void begin() {
        messages.clear();
        message = 0;
        end = arena.address();
    }

    /**
     * Finds room for a frame: in the present message if length and flow agree, otherwise in a new one. Writes the VXLAN
     * header.
     */
    private long place(final int bytes, final EgressQueue queue, final Vtep vtep) {
        if (message == 0 || closed || bytes > segmentBytes || segments == Datagram.MAX_SEGMENTS
            || end + bytes - message > Datagram.MAX_BYTES || Datagram.flow(message) != flow
            || Datagram.trafficClass(message) != trafficClass) {
            open(bytes, queue, vtep);
        }
        // A shorter frame can only be the last one.
        closed = bytes < segmentBytes;
        segments++;
        lastFrame[messages.size()] = frame;
        final long header = end;
        NetworkOrder.i64(header, VxlanFlyweight.header(vtep.vni()));
        end += bytes;
        return header + VxlanFlyweight.LENGTH;
    }

    private void open(final int bytes, final EgressQueue queue, final Vtep vtep) {
        finish();
        if (messages.size() == FrameBatch.CAPACITY || outerHeaders - end < MESSAGE_BYTES) {
            flush(queue, vtep);
            begin();
        }
        message = (end + Datagram.HEADER_BYTES + Long.BYTES - 1) & -Long.BYTES;
        end = message;
        segmentBytes = bytes;
        segments = 0;
        Datagram.clear(message);
        Datagram.peer(message, vtep.high(), vtep.low());
        Datagram.flow(message, flow);
        Datagram.trafficClass(message, trafficClass);
        firstFrame[messages.size()] = frame;
    }

    private void finish() {
        if (message != 0) {
            Datagram.segmentBytes(message, segments > 1 ? segmentBytes : 0);
            messages.add(message, (int) (end - message));
            message = 0;
        }
    }

    private void flush(final EgressQueue queue, final Vtep vtep) {
        finish();
        if (messages.size() == 0) {
            return;
        }
        underlay.transmit(messages);
        counters.add(PortCounter.TX_FRAMES, messages.acceptedFrames());
        counters.add(PortCounter.TX_BYTES, messages.acceptedBytes());
        if (messages.refusedFrames() > 0) {
            counters.add(PortCounter.TX_DROPS, messages.refusedFrames());
            refuse(queue, vtep);
        }
    }

    /** Counts a frame once, even if several of its segments were refused. */
    private void refuse(final EgressQueue queue, final Vtep vtep) {
        for (int m = 0; m < messages.size(); m++) {
            if (messages.isRefused(m)) {
                for (int i = firstFrame[m]; i <= lastFrame[m]; i++) {
                    if (!queue.isRefused(i)) {
                        queue.refuse(i, messages.refusal(m));
                    }
                }
                if (Datagram.isTooBig(messages.address(m))) {
                    events.onTooBig(vtep.portIndex());
                }
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
