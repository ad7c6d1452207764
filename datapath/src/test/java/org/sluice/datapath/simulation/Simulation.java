package org.sluice.datapath.simulation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import org.sluice.datapath.buffer.DropReason;

/**
 * One run of the switch in a world of chance. All that is random comes from the seed, and time is what the simulation
 * says, so the same seed does and sees the same.
 */
final class Simulation {
    private final long seed;
    private final List<Runnable> actions = new ArrayList<>();

    Simulation(final long seed) {
        this.seed = seed;
    }

    /**
     * What a run has seen.
     *
     * @param digest of all that was done and seen.
     * @param drops  the reasons that the model has foretold.
     */
    record Result(long digest, Set<DropReason> drops) {
    }

    /**
     * Plays a number of steps.
     *
     * @throws AssertionError that tells the seed, the step and what was done before, when the model is contradicted.
     */
    Result run(final int steps) {
        final Path folder = makeFolder();
        final Dice dice = new Dice(seed);
        try (Scene scene = new Scene(dice, folder)) {
            prepare(scene);
            for (int step = 0; step < steps; step++) {
                play(scene, step);
            }
            return new Result(scene.history.digest(), scene.met());
        } finally {
            remove(folder);
        }
    }

    private void play(final Scene scene, final int step) {
        try {
            scene.history.note("step " + step + " at " + scene.clock.nowNs() / 1_000_000 + " ms");
            scene.begin();
            scene.dice.pick(actions).run();
            scene.settle();
            if (step % 10 == 0) {
                scene.checkConnections();
            }
            scene.advance(scene.dice.between(10, 500));
        } catch (final AssertionError | RuntimeException ex) {
            throw new AssertionError("seed " + seed + ", step " + step + ": " + ex.getMessage() + System.lineSeparator()
                + scene.history + System.lineSeparator() + "Replay it with" + System.lineSeparator()
                + "  mvn -B test -pl datapath -Dtest=SimulationTest -Dsluice.simulation.seed=" + seed, ex);
        }
    }

    private void prepare(final Scene scene) {
        final BridgeTraffic bridged = new BridgeTraffic(scene);
        final FlowTraffic routed = new FlowTraffic(scene);
        final HostileTraffic hostile = new HostileTraffic(scene);
        final Changes changes = new Changes(scene);
        often(45, routed::goOn);
        often(25, routed::open);
        often(5, routed::strain);
        often(3, routed::fragment, routed::complain, routed::intrude, routed::stray,
            routed::pretend);
        often(1, routed::loseFragment);
        often(10, bridged::talk);
        often(3, bridged::teach, bridged::shout, bridged::ask, bridged::solicit, bridged::ping,
            bridged::forge);
        often(4, hostile::attack);
        often(1, hostile::flood);
        often(6, changes::answerNeighbours);
        often(3, changes::publish, changes::flushConnections);
        often(2, changes::attach, changes::detach, changes::refuse, changes::withdraw);
        often(1, changes::reattach, changes::changePolicy, changes::reroute, changes::loseNeighbour, changes::flushFdb,
            changes::flushUnpublished, changes::vanish, changes::flapUplink, changes::restart);
        often(2, () -> changes.wait(35));
        often(1, () -> changes.wait(400));
        often(1, () -> changes.wait(500_000));
    }

    /** How likely each of these is, beside the others. */
    private void often(final int weight, final Runnable... equallyOften) {
        for (final Runnable action : equallyOften) {
            for (int i = 0; i < weight; i++) {
                actions.add(action);
            }
        }
    }

    private static Path makeFolder() {
        try {
            return Files.createTempDirectory("sluice-simulation");
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static void remove(final Path folder) {
        try (var files = Files.list(folder)) {
            for (final Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
