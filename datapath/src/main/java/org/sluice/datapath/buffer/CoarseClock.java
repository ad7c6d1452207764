package org.sluice.datapath.buffer;

import java.util.concurrent.TimeUnit;

/**
 * The clock of FDB entries and neighbours: the worker's clock in whole seconds. A 32-bit field of an entry holds them.
 */
public final class CoarseClock {
    private CoarseClock() {
    }

    /** Whole seconds of a time on the worker's clock. */
    public static int seconds(final long nowNs) {
        return (int) TimeUnit.NANOSECONDS.toSeconds(nowNs);
    }
}
