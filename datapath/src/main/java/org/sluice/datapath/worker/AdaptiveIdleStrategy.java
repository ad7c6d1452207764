package org.sluice.datapath.worker;

import java.util.concurrent.TimeUnit;

import org.agrona.concurrent.IdleStrategy;

/**
 * Spins for a short budget after the last frame, then sleeps until a device or control has work, so that an idle switch
 * uses almost no CPU. Owned by the worker.
 */
public final class AdaptiveIdleStrategy implements IdleStrategy {
    /** Longer than the time from a request to its answer by a container on the same host. */
    private static final long SPIN_BUDGET_NS = TimeUnit.MICROSECONDS.toNanos(100);
    /** Limit of a sleep without an event: the worker must sweep the FDB now and then. */
    private static final int MAX_SLEEP_MS = 1000;

    private final ForwardingWorker worker;
    private long idleSinceNs;
    private boolean spinning;

    public AdaptiveIdleStrategy(final ForwardingWorker worker) {
        this.worker = worker;
    }

    @Override
    public void idle(final int workCount) {
        if (workCount > 0) {
            reset();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        final long nowNs = System.nanoTime();
        if (!spinning) {
            spinning = true;
            idleSinceNs = nowNs;
        } else if (nowNs - idleSinceNs > SPIN_BUDGET_NS) {
            worker.awaitWork(MAX_SLEEP_MS);
            reset();
        } else {
            Thread.yield();
        }
    }

    @Override
    public void reset() {
        spinning = false;
    }
}
