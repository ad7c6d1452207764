package org.sluice.datapath.worker;

import java.util.concurrent.TimeUnit;

import org.agrona.concurrent.Agent;
import org.agrona.concurrent.MessageHandler;

import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.pipeline.Pipeline;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;

/**
 * The forwarding loop: an Agrona agent that owns whole networks, with their ports and tables, and shares nothing with
 * other workers. Control speaks to it through its command channel only, and reads what it publishes in mapped memory.
 * <p>
 * {@link #doWork()} is the place to start reading.
 */
public final class ForwardingWorker implements Agent {
    private static final int COMMAND_LIMIT = 8;
    private static final int READY_LIMIT = 64;
    private static final long SWEEP_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(10);
    /** The FDB is swept through once in this time. */
    private static final long SWEEP_PERIOD_NS = TimeUnit.SECONDS.toNanos(10);
    private static final int MAX_SWEEP_BUCKETS = 4096;

    private final WorkerResources resources;
    private final Fdb fdb;
    private final DevicePoller poller;
    private final Port[] ports = new Port[Fdb.MAX_PORTS];
    private final int[] ready = new int[READY_LIMIT];
    private final FrameBatch batch = new FrameBatch();
    private final Pipeline pipeline;
    private final MessageHandler commandApplier;
    private long lastSweepNs;

    public ForwardingWorker(final WorkerResources resources) {
        this.resources = resources;
        fdb = resources.fdb();
        poller = resources.poller();
        pipeline = new Pipeline(fdb, ports, resources.counters(), resources.drops());
        commandApplier = resources.channel().applier(new PortTable(resources, ports), resources.errorHandler());
        lastSweepNs = resources.clock().nanoTime();
    }

    /**
     * One duty cycle: apply commands, carry a burst from each port that has frames, clear old FDB entries away.
     *
     * @return 0 when there was nothing to do.
     */
    @Override
    public int doWork() {
        final long nowNs = resources.clock().nanoTime();
        int work = applyCommands();
        final int readyCount = poller.poll(ready, 0);
        for (int i = 0; i < readyCount; i++) {
            work += forward(ports[ready[i]], seconds(nowNs));
        }
        sweepFdb(nowNs);
        return work;
    }

    /** Sleeps until a device has frames, control has called, or the time is up. For idle strategies. */
    public void awaitWork(final int timeoutMs) {
        // The last look at the devices may have taken the wake-up of a command that came behind the look at the ring.
        if (!resources.channel().hasCommands()) {
            poller.poll(ready, timeoutMs);
        }
    }

    @Override
    public String roleName() {
        return resources.name();
    }

    @Override
    public void onClose() {
        batch.close();
    }

    /** The clock of FDB entries. */
    public static int seconds(final long nowNs) {
        return (int) (nowNs / TimeUnit.SECONDS.toNanos(1));
    }

    private int applyCommands() {
        final int applied = resources.channel().drain(commandApplier, COMMAND_LIMIT);
        if (applied > 0) {
            resources.counters().add(WorkerCounter.COMMANDS, applied);
        }
        return applied;
    }

    private int forward(final Port port, final int nowSeconds) {
        if (port == null) {
            return 0;
        }
        batch.clear();
        try {
            final int received = port.device().receive(batch);
            if (received == PacketDevice.GONE) {
                takeDown(port);
                return 0;
            }
            if (received > 0) {
                pipeline.process(batch, port, nowSeconds);
            }
            return received;
        } catch (final RuntimeException ex) {
            pipeline.abandon();
            resources.counters().increment(WorkerCounter.ERRORS);
            resources.errorHandler().onError(ex);
            return 0;
        }
    }

    /** The device is gone for good. The others go on; control removes the port when it is told to. */
    private void takeDown(final Port port) {
        poller.remove(port.index(), port.device());
        port.domain().remove(port);
        fdb.flushPort(port.index());
        port.counters().set(PortCounter.UP, 0);
        resources.counters().increment(WorkerCounter.DEVICES_GONE);
        resources.errorHandler().onError(new DeviceGoneException(port.device().name()));
    }

    private void sweepFdb(final long nowNs) {
        final long elapsedNs = nowNs - lastSweepNs;
        if (elapsedNs >= SWEEP_INTERVAL_NS) {
            lastSweepNs = nowNs;
            final long buckets = 1 + fdb.bucketCount() * Math.min(elapsedNs, SWEEP_PERIOD_NS) / SWEEP_PERIOD_NS;
            final int aged = fdb.sweep((int) Math.min(buckets, MAX_SWEEP_BUCKETS), seconds(nowNs));
            if (aged > 0) {
                resources.counters().add(WorkerCounter.FDB_AGED, aged);
            }
        }
    }
}
