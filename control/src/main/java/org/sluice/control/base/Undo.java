package org.sluice.control.base;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What must be taken back, in reverse, when a change fails half-way: closed without {@link #commit()}, it does so. A
 * step back that fails is logged and the others still run.
 */
public final class Undo implements AutoCloseable {
    private final Deque<Runnable> steps = new ArrayDeque<>();

    public void add(final Runnable step) {
        steps.push(step);
    }

    public void commit() {
        steps.clear();
    }

    @Override
    public void close() {
        BestEffort.run(steps, "cannot undo a step");
    }
}
