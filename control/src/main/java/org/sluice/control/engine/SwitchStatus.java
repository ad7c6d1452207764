package org.sluice.control.engine;

import java.time.Instant;
import java.util.List;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.WorkerCounter;

/** A look at the engine's workers: what they have counted and what went wrong. */
public final class SwitchStatus {
    private final SwitchEngine engine;

    /** One worker. */
    public record Worker(String name, boolean alive, CounterGroup<WorkerCounter> counters) {
    }

    /** One distinct error. */
    public record Failure(int count, Instant first, Instant last, String message) {
    }

    public SwitchStatus(final SwitchEngine engine) {
        this.engine = engine;
    }

    public List<Worker> workers() {
        return engine.workers().stream().map(w -> new Worker(w.name(), w.isAlive(), w.counters())).toList();
    }

    public List<Failure> errors() {
        return engine.errors().entries();
    }

    /** Frames dropped for a reason, over all workers. */
    public long drops(final DropReason reason) {
        return engine.workers().stream().mapToLong(w -> w.drops().get(reason)).sum();
    }
}
