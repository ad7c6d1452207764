package org.sluice.datapath.worker;

import java.util.concurrent.TimeUnit;

import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.CoarseClock;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.pipeline.WorkerTables;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;

/**
 * Removes old entries, a bounded number in each duty cycle: FDB entries, connections, fragments, packets that wait for
 * neighbours. A sweep through a table takes ten seconds. It also counts what the devices had no room for. Owned by the
 * worker.
 */
final class Housekeeper {
    private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long SWEEP_PERIOD_NS = TimeUnit.SECONDS.toNanos(10);
    /** How often the devices with a queue of their own are asked what they had no room for. */
    private static final long LOOK_PERIOD_NS = TimeUnit.SECONDS.toNanos(1);
    private static final int MAX_SWEEP_BUCKETS = 4096;
    private static final int MAX_SWEEP_CONNECTIONS = 32_768;
    /** How often neighbours that were used since the last time are refreshed. */
    private static final int REFRESH_SECONDS = 20;

    private final WorkerResources resources;
    private final WorkerTables tables;
    private final Fdb fdb;
    private final ConntrackTable connections;
    private long lastSweepNs;
    private long lastRefreshNs;
    private long lastLookNs;

    Housekeeper(final WorkerResources resources, final WorkerTables tables) {
        this.resources = resources;
        this.tables = tables;
        fdb = resources.fdb();
        connections = tables.connections();
        lastSweepNs = resources.clock().nanoTime();
        lastRefreshNs = lastSweepNs;
        lastLookNs = lastSweepNs;
    }

    void work(final long nowNs) {
        final long elapsedNs = nowNs - lastSweepNs;
        if (elapsedNs < INTERVAL_NS) {
            return;
        }
        lastSweepNs = nowNs;
        final int nowSeconds = CoarseClock.seconds(nowNs);
        final int buckets = share(fdb.bucketCount(), elapsedNs);
        count(WorkerCounter.FDB_AGED, fdb.sweep(Math.min(buckets, MAX_SWEEP_BUCKETS), nowSeconds));
        final int entries = share(connections.highWater(), elapsedNs);
        count(WorkerCounter.CONNECTIONS_EXPIRED,
            connections.sweep(Math.min(entries, MAX_SWEEP_CONNECTIONS), nowNs));
        lose(DropReason.FRAGMENT_EXPIRED, tables.fragments().expire(nowNs));
        lose(DropReason.NEIGHBOUR_UNREACHABLE, tables.pending().expire(nowNs));
        if (nowNs - lastRefreshNs >= TimeUnit.SECONDS.toNanos(REFRESH_SECONDS)) {
            lastRefreshNs = nowNs;
            tables.fib().nextHops().refresh(nowSeconds, REFRESH_SECONDS);
        }
        if (nowNs - lastLookNs >= LOOK_PERIOD_NS) {
            lastLookNs = nowNs;
            countMissed();
        }
    }

    private void countMissed() {
        for (final Port port : tables.ports()) {
            if (port != null && (port.isUplink() || port.isUnderlay())) {
                port.counters().add(PortCounter.RX_MISSED, port.device().takeMissed());
                port.counters().set(PortCounter.RX_OFFERED, port.device().offered());
                port.counters().set(PortCounter.RX_UNACCOUNTED, port.device().unaccounted());
            }
        }
    }

    private static int share(final int size, final long elapsedNs) {
        return 1 + (int) (size * Math.min(elapsedNs, SWEEP_PERIOD_NS) / SWEEP_PERIOD_NS);
    }

    private void count(final WorkerCounter counter, final int amount) {
        if (amount > 0) {
            resources.counters().add(counter, amount);
        }
    }

    private void lose(final DropReason reason, final int frames) {
        if (frames > 0) {
            tables.drops().add(reason, frames);
        }
    }
}
