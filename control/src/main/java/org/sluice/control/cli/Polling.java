package org.sluice.control.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Asks the daemon again and again until there is enough or the user interrupts. Either way it then ends what the
 * command began.
 */
final class Polling implements AutoCloseable {
    private static final long PAUSE_MS = 100;
    private static final long END_MS = 5000;

    private final CountDownLatch interrupted = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Runnable end;

    /**
     * @param end ends it at the daemon.
     */
    Polling(final Runnable end) {
        this.end = end;
        Runtime.getRuntime().addShutdownHook(new Thread(this::interrupt));
    }

    /** Waits until it is time to ask; false when the user has interrupted. */
    boolean pause() {
        try {
            return !interrupted.await(PAUSE_MS, TimeUnit.MILLISECONDS);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Runs while the process ends: lets the command's own thread end what it began. */
    private void interrupt() {
        interrupted.countDown();
        try {
            ended.await(END_MS, TimeUnit.MILLISECONDS);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        try {
            end.run();
        } finally {
            ended.countDown();
        }
    }
}
