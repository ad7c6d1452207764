package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.WorkBudget;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;

/**
 * Sorts the frames of a burst into the queues of their egress ports, in order, and flushes each queue once. It drops
 * and counts a frame that exceeds an egress port's MTU or that the device refuses: no queue stands behind it. Only a
 * flooded frame may have to wait, for the copies beyond what one burst may cost. Owned by the worker.
 */
public final class TransmitStage implements AutoCloseable {
    /** Copying 8 KiB costs as much as the rest of a copy. */
    private static final int COPY_BYTES_SHIFT = 13;

    private final Port[] ports;
    /** The ports whose queues are noted, each once. */
    private final Port[] touched = new Port[PortIndex.LIMIT];
    private final CounterGroup<DropReason> drops;
    private final FrameCapture capture;
    private final Ipv4Fragmenter fragmenter = new Ipv4Fragmenter();
    private final PendingFloods floods = new PendingFloods();
    /** The flooded frame that goes on. */
    private final FrameBatch continued = FrameBatch.withoutSlots();
    private int touchedCount;
    /** Work for flooded frames in this burst, or in this turn of those that wait. */
    private int floodWork;

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
        floodWork = 0;
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
        flush(batch);
    }

    /** Whether flooded frames of the port wait. It is then not read, so that its frames keep their order. */
    boolean isFlooding(final Port port) {
        return floods.has(port);
    }

    /** Makes a budget's worth of the copies that wait; false if none do. */
    boolean continueFloods(final long nowNs) {
        if (floods.isEmpty()) {
            return false;
        }
        floodWork = 0;
        while (!floods.isEmpty() && floodWork < WorkBudget.UNITS) {
            continued.begin(nowNs);
            floods.appendOldest(continued);
            final Port ingress = floods.ingress();
            // Noted before the device is called: an error does not repeat itself.
            final int begin = floods.nextMember();
            final int end = affordable(continued, 0, ingress, begin);
            floods.nextMember(end);
            copy(continued, 0, ingress, begin, end);
            flush(continued);
            if (end >= ingress.domain().ports().length) {
                floods.removeOldest();
            }
        }
        return true;
    }

    /** Forgets the frames of a port that goes away. */
    void forget(final Port port) {
        drops.add(DropReason.NO_EGRESS, floods.forget(port));
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
        final int members = ingress.domain().ports().length;
        ingress.domain().counters().increment(NetworkCounter.FLOODED_FRAMES);
        if (floodWork >= WorkBudget.UNITS) {
            if (floods.hold(batch, i, ingress, 0)) {
                batch.hold(i);
            } else {
                batch.drop(i, DropReason.FLOOD_QUEUE_FULL);
            }
            return;
        }
        final int end = affordable(batch, i, ingress, 0);
        final boolean waits = end < members && floods.hold(batch, i, ingress, end);
        final boolean reached = copy(batch, i, ingress, 0, waits ? end : members);
        if (waits) {
            batch.hold(i);
        } else if (!reached) {
            batch.drop(i, DropReason.NO_EGRESS);
        }
    }

    /** Index behind the last member that a flooded frame may go to now; at least one gets it. */
    private int affordable(final FrameBatch batch, final int i, final Port ingress, final int first) {
        final int copies = (WorkBudget.UNITS - floodWork) / workOfCopy(batch, i);
        return Math.min(ingress.domain().ports().length, first + Math.max(1, copies));
    }

    private static int workOfCopy(final FrameBatch batch, final int i) {
        return 1 + (batch.length(i) >> COPY_BYTES_SHIFT);
    }

    /** Queues copies for some of the domain's ports; false if none of them may have one. */
    private boolean copy(final FrameBatch batch, final int i, final Port ingress, final int first, final int end) {
        final Port[] members = ingress.domain().ports();
        final int work = workOfCopy(batch, i);
        int copies = 0;
        for (int m = first; m < end; m++) {
            if (members[m] != ingress && ingress.reaches(members[m])) {
                enqueue(batch, i, members[m]);
                copies++;
            }
        }
        floodWork += copies * work;
        return copies > 0;
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
            flush(batch, egress);
        }
        fragmenter.begin(batch, i, egress.mtu());
        while (fragmenter.next()) {
            if (queue.size() == FrameBatch.CAPACITY) {
                flush(batch, egress);
            }
            queue.add(fragmenter.address(), fragmenter.length());
            batch.charge(1);
        }
        flush(batch, egress);
    }

    private void flush(final FrameBatch batch) {
        for (int t = 0; t < touchedCount; t++) {
            flush(batch, touched[t]);
        }
        for (int t = 0; t < touchedCount; t++) {
            touched[t].egressQueue().noted(false);
        }
        touchedCount = 0;
    }

    private void flush(final FrameBatch batch, final Port egress) {
        final EgressQueue queue = egress.egressQueue();
        if (queue.size() == 0) {
            return; // fragments, already sent
        }
        if (capture.isOn()) {
            capture.onEgress(queue, egress);
        }
        egress.device().transmit(queue);
        batch.charge(queue.work());
        final CounterGroup<PortCounter> counters = egress.counters();
        counters.add(PortCounter.TX_FRAMES, queue.acceptedFrames());
        counters.add(PortCounter.TX_BYTES, queue.acceptedBytes());
        if (queue.refusedFrames() > 0) {
            countRefused(queue, egress);
        }
        queue.clear();
    }

    private void countRefused(final EgressQueue queue, final Port egress) {
        for (int i = 0; i < queue.size(); i++) {
            if (queue.isRefused(i)) {
                lose(egress, queue.refusal(i), 1);
            }
        }
    }

    /** Counts losses at an egress on that port: a flooded frame may reach some ports and not others. */
    private void lose(final Port egress, final DropReason reason, final int frames) {
        drops.add(reason, frames);
        egress.counters().add(PortCounter.TX_DROPS, frames);
    }

    @Override
    public void close() {
        fragmenter.close();
        floods.close();
        continued.close();
    }
}
