package org.sluice.bench.compare;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

import org.sluice.linux.testbed.TestNamespace;

/**
 * Measures systems by turns, round by round: each is set up, every path of it is put under every load, and it is
 * removed before the next one, so that nothing runs beside what is measured.
 */
final class Comparison {
    private static final int WARM_UP_SECONDS = 1;
    /** Connections by loopback pass a proxy, whose code is compiled only after some tens of thousands of them. */
    private static final int LONG_WARM_UP_SECONDS = 8;
    private static final Set<Load> WARM_UP = Set.of(Load.ONE_STREAM, Load.SMALL_PACKETS, Load.CONNECTIONS);
    private static final long CALM_MS = 5000;
    private static final long IDLE_MS = 10_000;

    private final List<Contender> contenders;
    private final Set<TrafficPath> paths;
    private final int rounds;
    private final int seconds;
    private final PrintStream progress;
    private final Results results = new Results();
    private final long start = System.nanoTime();
    /** What is to be removed when the run is broken off. */
    private volatile AutoCloseable current;

    /**
     * @param seconds of each load.
     */
    Comparison(final List<Contender> contenders, final Set<TrafficPath> paths, final int rounds, final int seconds,
               final PrintStream progress) {
        this.contenders = contenders;
        this.paths = paths;
        this.rounds = rounds;
        this.seconds = seconds;
        this.progress = progress;
    }

    /**
     * Runs it to its end. Broken off by a signal, it removes what it has made.
     *
     * @throws MeasurementException when a figure cannot be measured.
     */
    Results run() {
        final Thread cleaner = new Thread(this::breakOff, "cleaner");
        Runtime.getRuntime().addShutdownHook(cleaner);
        try {
            for (int round = 1; round <= rounds; round++) {
                say("round " + round + " of " + rounds);
                for (final Contender contender : contenders) {
                    for (final Contender.Stage stage : contender.stages()) {
                        if (stage.hasAnyOf(paths)) {
                            measure(contender, stage, round == rounds && paths.contains(TrafficPath.HOST));
                        }
                    }
                }
            }
            if (paths.contains(TrafficPath.HOST)) {
                new HostFigures(contenders, results, this::keep, this::say).measure();
            }
            return results;
        } finally {
            breakOff();
            Runtime.getRuntime().removeShutdownHook(cleaner);
        }
    }

    private void measure(final Contender contender, final Contender.Stage stage, final boolean atRest) {
        final Scene scene = stage.scene().get();
        keep(scene);
        scene.ends().entrySet().stream().filter(entry -> paths.contains(entry.getKey()))
            .sorted(Map.Entry.comparingByKey())
            .forEach(entry -> measure(contender, entry.getKey(), entry.getValue()));
        final List<ProcessHandle> processes = scene.processes();
        if (atRest && !processes.isEmpty() && scene.ends().containsKey(TrafficPath.CONTAINER)) {
            results.add(new Results.Key(contender, TrafficPath.HOST, Figure.MEMORY),
                CpuMeter.residentMegabytes(processes));
            Program.sleep(CALM_MS);
            final double before = CpuMeter.seconds(processes);
            Program.sleep(IDLE_MS);
            results.add(new Results.Key(contender, TrafficPath.HOST, Figure.IDLE),
                100 * (CpuMeter.seconds(processes) - before) * 1000 / IDLE_MS);
        }
        removeCurrent();
    }

    private void measure(final Contender contender, final TrafficPath path, final Ends ends) {
        if (contender.warmsUp()) {
            path.loads().stream().filter(WARM_UP::contains).forEach(load -> load.run(ends,
                path == TrafficPath.LOOPBACK && load == Load.CONNECTIONS ? LONG_WARM_UP_SECONDS : WARM_UP_SECONDS));
        }
        final StringJoiner line = new StringJoiner("  ", String.format("  %-9s %-14s", contender.id(), path.id()), "");
        for (final Load load : path.loads()) {
            load.run(ends, seconds).forEach((figure, value) -> {
                results.add(new Results.Key(contender, path, figure), value);
                if (figure.isShownAtOnce()) {
                    line.add(String.format("%s %s", Numbers.format(value), figure.unit()));
                }
            });
        }
        say(line.toString());
    }

    private void keep(final AutoCloseable resource) {
        current = resource;
    }

    private synchronized void removeCurrent() {
        final AutoCloseable open = current;
        current = null;
        if (open != null) {
            try {
                open.close();
            } catch (final Exception ex) {
                throw new MeasurementException("not all could be removed", ex);
            }
        }
    }

    /** What a run that is broken off while it sets a system up has made so far. */
    private void breakOff() {
        try {
            removeCurrent();
        } finally {
            TestNamespace.removeAll();
        }
    }

    private void say(final String line) {
        final Duration since = Duration.ofNanos(System.nanoTime() - start);
        progress.printf("%3d:%02d %s%n", since.toMinutes(), since.toSecondsPart(), line);
    }
}
