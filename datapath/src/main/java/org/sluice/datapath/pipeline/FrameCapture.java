package org.sluice.datapath.pipeline;

import org.agrona.UnsafeApi;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.conntrack.TupleReader;
import org.sluice.datapath.trace.CapturedFrame;
import org.sluice.datapath.trace.PacketFilter;
import org.sluice.datapath.trace.ProbeRing;

/**
 * Copies the frames that a filter selects, as they come in and as they leave. A routed packet therefore appears twice,
 * with the addresses of both sides. Does nothing until it is switched on. Owned by the worker.
 */
final class FrameCapture implements AutoCloseable {
    private static final int MAX_BYTES = CapturedFrame.HEADER_BYTES + FrameBatch.MAX_FRAME_LENGTH;

    private final ParseStage parse = new ParseStage();
    private final TupleReader tuples = new TupleReader();
    /** Describes the frames that leave, because their ingress batch no longer does. */
    private final FrameBatch leaving = FrameBatch.withoutSlots();
    private final OffHeapRegion copy = OffHeapRegion.anonymous(MAX_BYTES);
    private final CapturedFrame frame = new CapturedFrame().wrap(copy.address());
    private ProbeRing ring;
    private PacketFilter filter = PacketFilter.ALL;
    private int snapBytes;
    private long nowNs;

    /**
     * @param to    the ring to fill; null switches the capture off.
     * @param bytes limit for each frame.
     */
    void capture(final ProbeRing to, final PacketFilter meant, final int bytes) {
        ring = to;
        filter = meant;
        snapBytes = Math.min(bytes, FrameBatch.MAX_FRAME_LENGTH);
    }

    boolean isOn() {
        return ring != null;
    }

    /** Captures a burst that came in and is parsed. */
    void onIngress(final FrameBatch batch, final Port ingress) {
        nowNs = batch.nowNs();
        if (filter.matchesPort(ingress)) {
            for (int i = 0, size = batch.size(); i < size; i++) {
                offerIfMeant(batch, i, ingress, false);
            }
        }
    }

    /** Captures a queue before it is sent. */
    void onEgress(final EgressQueue queue, final Port egress) {
        if (!filter.matchesPort(egress)) {
            return;
        }
        leaving.clear();
        for (int i = 0, size = queue.size(); i < size; i++) {
            leaving.append(queue.address(i), queue.length(i));
        }
        parse.process(leaving);
        for (int i = 0, size = queue.size(); i < size; i++) {
            offerIfMeant(leaving, i, egress, true);
        }
    }

    private void offerIfMeant(final FrameBatch batch, final int i, final Port port, final boolean outbound) {
        final long tuple = batch.tupleAddress(i);
        if (batch.dropReason(i) == null && batch.isIp(i)) {
            tuples.read(batch, i);
        } else {
            UnsafeApi.setMemory(tuple, FlowTuple.BYTES, (byte) 0);
        }
        if (filter.matchesTuple(tuple)) {
            final int length = batch.length(i);
            final int kept = Math.min(length, snapBytes);
            frame.header(nowNs, port.index(), length, outbound);
            UnsafeApi.copyMemory(batch.address(i), copy.address() + CapturedFrame.HEADER_BYTES, kept);
            ring.offer(copy.address(), CapturedFrame.HEADER_BYTES + kept);
        }
    }

    @Override
    public void close() {
        leaving.close();
        copy.close();
    }
}
