package org.sluice.datapath.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The switch against the model, over many seeds. {@code -Dsluice.simulation.seed=N} replays one seed;
 * {@code -Dsluice.simulation.seconds=S} says for how long new seeds are tried.
 */
class SimulationTest {
    private static final int STEPS = 2000;
    private static final int USUAL_SECONDS = 60;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldDoTheSameAgainWithTheSameSeed(final long seed) {
        assertEquals(new Simulation(seed).run(STEPS), new Simulation(seed).run(STEPS));
    }

    @Test
    void shouldDoWhatTheModelSays() {
        final Long given = Long.getLong("sluice.simulation.seed");
        if (given != null) {
            new Simulation(given).run(STEPS);
            return;
        }
        final long first = new SecureRandom().nextLong() >>> 16;
        final long seconds = Long.getLong("sluice.simulation.seconds", USUAL_SECONDS);
        final long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        long seed = first;
        do {
            new Simulation(seed++).run(STEPS);
        } while (System.nanoTime() - endNs < 0);
        System.out.println("simulated seeds " + first + " to " + (seed - 1));
    }
}
