package org.sluice.control.model;

import java.io.UncheckedIOException;

import org.sluice.control.base.Undo;

/**
 * One change of the desired state and of all that follows from it. It is made whole or not at all: each step says how
 * it is taken back, and {@link #save()} or {@link #stage()} ends the change. Closed before that, for whatever reason,
 * it takes its steps back, the last one first. Owned by the control thread.
 */
public final class Change implements AutoCloseable {
    private final StateStore store;
    private final Undo undo = new Undo();
    private boolean mayBeStaged;

    Change(final StateStore store) {
        this.store = store;
        undo.add(this::unstage);
    }

    /** Says how a step is taken back: before the step, if it can fail half-way. */
    public void undo(final Runnable step) {
        undo.add(step);
    }

    /**
     * Ends the change: it is on the disk when this returns.
     *
     * @throws UncheckedIOException when it cannot be saved.
     */
    public void save() {
        mayBeStaged = true;
        store.save();
        undo.commit();
    }

    /** Ends the change; it goes to the disk with the next {@link StateStore#commit()}. */
    public void stage() {
        mayBeStaged = true;
        store.stage();
        undo.commit();
    }

    /** The next change must not write what this one could not. */
    private void unstage() {
        if (mayBeStaged) {
            store.stage();
        }
    }

    @Override
    public void close() {
        undo.close();
    }
}
