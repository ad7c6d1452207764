package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;

/**
 * The stages in order. A burst runs through one stage as a whole before the next begins. Owned by the worker.
 */
public final class Pipeline {
    private final ParseStage parse = new ParseStage();
    private final SourceGuardStage sourceGuard = new SourceGuardStage();
    private final BridgeStage bridge;
    private final GatewayStage gateway;
    private final TransmitStage transmit;
    private final CounterGroup<DropReason> drops;
    private final CounterGroup<WorkerCounter> counters;

    /**
     * @param ports the worker's ports by index.
     */
    public Pipeline(final Fdb fdb, final Port[] ports, final CounterGroup<WorkerCounter> counters,
                    final CounterGroup<DropReason> drops) {
        this.counters = counters;
        this.drops = drops;
        bridge = new BridgeStage(fdb, counters);
        gateway = new GatewayStage(counters);
        transmit = new TransmitStage(ports, drops);
    }

    /** Carries a burst that came in by one port to its end. */
    public void process(final FrameBatch batch, final Port ingress, final int nowSeconds) {
        parse.process(batch);
        sourceGuard.process(batch, ingress);
        if (bridge.process(batch, ingress, nowSeconds) > 0) {
            gateway.process(batch, ingress);
        }
        transmit.process(batch, ingress);
        count(batch, ingress);
    }

    /** Forgets what an exception left half done. */
    public void abandon() {
        transmit.abandon();
    }

    private void count(final FrameBatch batch, final Port ingress) {
        counters.increment(WorkerCounter.BURSTS);
        ingress.counters().add(PortCounter.RX_FRAMES, batch.size());
        ingress.counters().add(PortCounter.RX_BYTES, batch.byteCount());
        ingress.domain().counters().add(NetworkCounter.RX_FRAMES, batch.size());
        ingress.domain().counters().add(NetworkCounter.RX_BYTES, batch.byteCount());
        if (batch.droppedCount() > 0) {
            countDrops(batch, ingress);
        }
    }

    private void countDrops(final FrameBatch batch, final Port ingress) {
        ingress.counters().add(PortCounter.RX_DROPS, batch.droppedCount());
        ingress.domain().counters().add(NetworkCounter.DROPS, batch.droppedCount());
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i)) {
                drops.increment(batch.dropReason(i));
            }
        }
    }
}
