package org.sluice.control.base;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs steps that must not keep each other from being taken: one that fails is logged, and the next one runs. */
public final class BestEffort {
    private static final Logger LOG = LoggerFactory.getLogger(BestEffort.class);

    private BestEffort() {
    }

    /**
     * Runs all.
     *
     * @param failure what to log of a step that fails.
     */
    public static void run(final Iterable<Runnable> steps, final String failure) {
        for (final Runnable step : steps) {
            try {
                step.run();
            } catch (final RuntimeException ex) {
                LOG.error("{}", failure, ex);
            }
        }
    }
}
