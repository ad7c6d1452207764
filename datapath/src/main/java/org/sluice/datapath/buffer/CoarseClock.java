package org.sluice.datapath.buffer;

import java.util.concurrent.TimeUnit;

/** The clock of FDB entries and neighbours: the worker's clock in whole seconds, which fit an entry's 32 bits. */
public final class CoarseClock {
    private CoarseClock() {
    }

    public static int seconds(final long nowNs) {
        return (int) TimeUnit.NANOSECONDS.toSeconds(nowNs);
    }
}
