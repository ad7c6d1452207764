package org.sluice.testbed;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for a condition instead of for a fixed time. */
public final class Await {
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(30);
    private static final int PAUSE_MS = 20;

    private Await() {
    }

    /** Asks until the condition holds; the test fails if it does not hold within half a minute. */
    public static void untilTrue(final String condition, final BooleanSupplier holds) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not in time: " + condition);
            }
            SluiceHost.sleep(PAUSE_MS);
        }
    }
}
