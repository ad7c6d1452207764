package org.sluice.datapath.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.datapath.buffer.DropReason.ARP_SPOOFED;
import static org.sluice.datapath.buffer.DropReason.FRAGMENTATION_NEEDED;
import static org.sluice.datapath.buffer.DropReason.ICC_DISABLED;
import static org.sluice.datapath.buffer.DropReason.INGRESS_MISMATCH;
import static org.sluice.datapath.buffer.DropReason.MARTIAN_ADDRESS;
import static org.sluice.datapath.buffer.DropReason.MTU_EXCEEDED;
import static org.sluice.datapath.buffer.DropReason.ND_SPOOFED;
import static org.sluice.datapath.buffer.DropReason.NETWORK_INTERNAL;
import static org.sluice.datapath.buffer.DropReason.NETWORK_ISOLATED;
import static org.sluice.datapath.buffer.DropReason.NOT_PUBLISHED;
import static org.sluice.datapath.buffer.DropReason.NO_ROUTE;
import static org.sluice.datapath.buffer.DropReason.SOURCE_NOT_HOST;
import static org.sluice.datapath.buffer.DropReason.TCP_NO_CONNECTION;
import static org.sluice.datapath.buffer.DropReason.TTL_EXPIRED;

import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.DropReason;

/**
 * The switch against the model, over many seeds. {@code -Dsluice.simulation.seed=N} replays one seed;
 * {@code -Dsluice.simulation.seconds=S} says for how long new seeds are tried. The time chooses how many seeds are run,
 * never what comes of one.
 */
class SimulationTest {
    private static final int STEPS = 2000;
    private static final int USUAL_SECONDS = 60;
    private static final int FIXED_SEEDS = 20;

    @Test
    void shouldDoWhatTheModelSays() {
        final Long given = Long.getLong("sluice.simulation.seed");
        if (given != null) {
            new Simulation(given).run(STEPS);
            return;
        }
        final long first = new SecureRandom().nextInt(Integer.MAX_VALUE);
        final long seconds = Long.getLong("sluice.simulation.seconds", USUAL_SECONDS);
        System.out.println("simulation: seeds from " + first + " on, for " + seconds + " s");
        final long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        long seed = first;
        do {
            new Simulation(seed++).run(STEPS);
        } while (System.nanoTime() - endNs < 0);
        System.out.println("simulation: " + (seed - first) + " seeds did what the model says");
    }

    @Test
    void shouldDoTheSameAgainWithTheSameSeed() {
        for (long seed = 1; seed <= 3; seed++) {
            assertEquals(new Simulation(seed).run(STEPS), new Simulation(seed).run(STEPS));
        }
    }

    /** A simulation in which nothing happens proves nothing. */
    @Test
    void shouldMeetWhatItIsAbout() {
        final Set<DropReason> missing = EnumSet.of(ARP_SPOOFED, FRAGMENTATION_NEEDED, ICC_DISABLED, INGRESS_MISMATCH,
            MARTIAN_ADDRESS, MTU_EXCEEDED, ND_SPOOFED, NETWORK_INTERNAL, NETWORK_ISOLATED, NOT_PUBLISHED, NO_ROUTE,
            SOURCE_NOT_HOST, TCP_NO_CONNECTION, TTL_EXPIRED);
        for (long seed = 1; seed <= FIXED_SEEDS; seed++) {
            missing.removeAll(new Simulation(seed).run(STEPS).drops());
        }
        assertTrue(missing.isEmpty(), () -> "never met: " + missing);
    }
}
