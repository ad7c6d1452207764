package org.sluice.control.base;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Takes steps back, in reverse, when a change fails half-way: it does so when it is closed without {@link #commit()}. A
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
