package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;

/**
 * Sorts the frames of a burst into the queues of their egress ports, in order, and flushes each queue once. It drops
 * and counts a frame that exceeds an egress port's MTU or that the device refuses: no queue stands behind it. Owned by
 * the worker.
 */
public final class TransmitStage implements AutoCloseable {
    private final Port[] ports;
    /** The ports whose queues are noted, each once. */
    private final Port[] touched = new Port[PortIndex.LIMIT];
    private final CounterGroup<DropReason> drops;
    private final FrameCapture capture;
    private final Ipv4Fragmenter fragmenter = new Ipv4Fragmenter();
    private int touchedCount;
    private int floodCopies;

    /**
     * @param ports the worker's ports by index; the worker changes them between bursts.
     */
    TransmitStage(final Port[] ports, final CounterGroup<DropReason> drops, final FrameCapture capture) {
        this.ports = ports;
        this.drops = drops;
        this.capture = capture;
    }

    public void process(final FrameBatch batch, final Port ingress) {
        // Consecutive frames mostly go to the same port.
        int lastEgress = FrameBatch.EGRESS_FLOOD;
        Port port = null;
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i)) {
                continue;
            }
            final int egress = batch.egress(i);
            if (egress == FrameBatch.EGRESS_FLOOD) {
                flood(batch, i, ingress);
                continue;
            }
            if (egress != lastEgress) {
                lastEgress = egress;
                port = ports[egress];
            }
            enqueue(batch, i, port);
        }
        flush();
    }

    /** How many copies of flooded frames it has made since the last call. */
    int takeFloodCopies() {
        final int copies = floodCopies;
        floodCopies = 0;
        return copies;
    }

    /** Empties the queues after a failure in the middle of a burst, so that the next one starts clean. */
    public void abandon() {
        for (int t = 0; t < touchedCount; t++) {
            touched[t].egressQueue().clear();
            touched[t].egressQueue().noted(false);
        }
        touchedCount = 0;
    }

    private void flood(final FrameBatch batch, final int i, final Port ingress) {
        ingress.domain().counters().increment(NetworkCounter.FLOODED_FRAMES);
        final Port[] members = ingress.domain().ports();
        boolean reached = false;
        for (final Port member : members) {
            if (member != ingress && ingress.reaches(member)) {
                enqueue(batch, i, member);
                floodCopies++;
                reached = true;
            }
        }
        if (!reached) {
            batch.drop(i, DropReason.NO_EGRESS);
        }
    }

    private void enqueue(final FrameBatch batch, final int i, final Port egress) {
        if (batch.wireLength(i) > egress.mtu()) {
            if (batch.isCuttable(i)) {
                cut(batch, i, egress);
            } else {
                lose(egress, DropReason.MTU_EXCEEDED, 1);
            }
            return;
        }
        queueOf(egress).add(batch.address(i), batch.length(i));
    }

    /** The port's queue, noted before it holds a frame, so that {@link #abandon()} finds it. */
    private EgressQueue queueOf(final Port egress) {
        final EgressQueue queue = egress.egressQueue();
        if (!queue.isNoted()) {
            queue.noted(true);
            touched[touchedCount++] = egress;
        }
        return queue;
    }

    /** Sends the fragments at once, behind the queued frames, because the next packet reuses their memory. */
    private void cut(final FrameBatch batch, final int i, final Port egress) {
        final EgressQueue queue = queueOf(egress);
        if (queue.size() > 0) {
            flush(egress);
        }
        fragmenter.begin(batch, i, egress.mtu());
        while (fragmenter.next()) {
            if (queue.size() == FrameBatch.CAPACITY) {
                flush(egress);
            }
            queue.add(fragmenter.address(), fragmenter.length());
        }
        flush(egress);
    }

    private void flush() {
        for (int t = 0; t < touchedCount; t++) {
            flush(touched[t]);
        }
        for (int t = 0; t < touchedCount; t++) {
            touched[t].egressQueue().noted(false);
        }
        touchedCount = 0;
    }

    private void flush(final Port egress) {
        final EgressQueue queue = egress.egressQueue();
        if (queue.size() == 0) {
            return; // fragments, already sent
        }
        if (capture.isOn()) {
            capture.onEgress(queue, egress);
        }
        egress.device().transmit(queue);
        final CounterGroup<PortCounter> counters = egress.counters();
        counters.add(PortCounter.TX_FRAMES, queue.acceptedFrames());
        counters.add(PortCounter.TX_BYTES, queue.acceptedBytes());
        if (queue.refusedFrames() > 0) {
            lose(egress, DropReason.EGRESS_REFUSED, queue.refusedFrames());
        }
        queue.clear();
    }

    /** Counts losses at an egress on that port: a flooded frame may reach some ports and not others. */
    private void lose(final Port egress, final DropReason reason, final int frames) {
        drops.add(reason, frames);
        egress.counters().add(PortCounter.TX_DROPS, frames);
    }

    @Override
    public void close() {
        fragmenter.close();
    }
}
