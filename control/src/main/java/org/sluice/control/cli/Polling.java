package org.sluice.control.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Asks the daemon again and again, until there is enough or the user interrupts: then what was begun is ended, either
 * way.
 */
final class Polling implements AutoCloseable {
    private static final long PAUSE_MS = 100;
    private static final long END_MS = 5000;

    private final CountDownLatch interrupted = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Runnable end;

    /**
     * @param end tells the daemon that it is over.
     */
    Polling(final Runnable end) {
        this.end = end;
        Runtime.getRuntime().addShutdownHook(new Thread(this::interrupt));
    }

    /** Waits until it is time to ask; false when it is over. */
    boolean pause() {
        try {
            return !interrupted.await(PAUSE_MS, TimeUnit.MILLISECONDS);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** On the way out of the process: the command's own thread ends what it has begun. */
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
