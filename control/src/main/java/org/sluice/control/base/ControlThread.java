package org.sluice.control.base;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The one thread that changes the desired state and the switch's tables. Any thread may hand it tasks. */
public final class ControlThread {
    private final ScheduledExecutorService executor =
        Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().name("control").factory());

    /** Runs tasks that nobody waits for, or that are due later. */
    public ScheduledExecutorService executor() {
        return executor;
    }

    /**
     * Runs a task and waits for it. Not to be called on the thread itself.
     *
     * @throws ControlException when the daemon stops before the task's turn comes.
     */
    public <T> T call(final Supplier<T> task) {
        try {
            return executor.submit(task::get).get();
        } catch (final ExecutionException ex) {
            if (ex.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(ex.getCause());
        } catch (final CancellationException | RejectedExecutionException ex) {
            throw new ControlException(ControlException.Kind.FAILED, "the daemon is stopping", ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", ex);
        }
    }

    /** The same for a task without a result. */
    public void run(final Runnable task) {
        call(() -> {
            task.run();
            return null;
        });
    }

    /** Runs a last task; those that still wait behind it are not carried out. */
    public void close(final Runnable last) {
        run(() -> {
            last.run();
            executor.shutdownNow().forEach(waiting -> {
                if (waiting instanceof Future<?> future) {
                    future.cancel(false);
                }
            });
        });
        try {
            executor.awaitTermination(1, TimeUnit.SECONDS);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
