package org.sluice.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

import org.sluice.bench.Conditions;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The comparison of switches, end to end: what {@code make compare} runs. */
@Command(name = "compare", mixinStandardHelpOptions = true,
    description = "Measures Sluice beside docker0 and other switches, all in network namespaces of its own.")
public final class CompareCommand implements Callable<Integer> {
    private static final List<Figure> PLOTS = List.of(Figure.STREAM_1, Figure.STREAM_4,
        Figure.UNPACED_1, Figure.UNPACED_4, Figure.TCP_P50, Figure.TCP_P99,
        Figure.UDP_P50, Figure.PACKETS, Figure.CONNECTIONS, Figure.CPU_PER_GBIT, Figure.CPU_PER_MILLION);
    /** Apart from picocli's own, 1 for a run that failed and 2 for wrong options. */
    private static final int SLOWER_STATUS = 3;

    @Option(names = "--rounds", defaultValue = "3",
        description = "How often each system is measured: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "2", description = "How long each load lasts: ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(names = "--systems", split = ",", paramLabel = "SYSTEM",
        description = "Of docker0, bridge, ovs, vxlan, adaptive, busy (the last two are Sluice); default all.")
    private List<String> systems;

    @Option(names = "--paths", split = ",", paramLabel = "PATH", description = "Of container, egress, published,"
        + " loopback, overlay, overlay-plain, host; default all but overlay-plain.")
    private List<String> paths;

    @Option(names = "--out", paramLabel = "FOLDER",
        description = "Where compare.json, compare.txt and the plots go; default perf-results/TIME-COMMIT.")
    private Path out;

    @Option(names = "--against", paramLabel = "FILE",
        description = "A compare.json to check the result against; status 3 when something got slower.")
    private Path against;

    @Option(names = "--report", paramLabel = "FILE",
        description = "Measures nothing: takes a compare.json that is there, and writes what is made of it.")
    private Path existing;

    public static void main(final String[] arguments) {
        System.exit(new CommandLine(new CompareCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException {
        final Report report = existing == null ? measure() : Report.read(existing);
        final Path folder = out != null ? out
            : existing == null ? Conditions.resultFolder() : existing.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        report.write(folder.resolve("compare.json"));
        final String text = TextReport.of(report);
        Files.writeString(folder.resolve("compare.txt"), text);
        for (final Figure figure : PLOTS) {
            final Optional<String> plot = BarChart.of(report.results(), figure);
            if (plot.isPresent()) {
                Files.writeString(folder.resolve(figure.name().toLowerCase(Locale.ROOT).replace('_', '-')
                    + ".svg"), plot.get());
            }
        }
        System.out.println(text);
        System.out.println("written to " + folder);
        return against == null ? 0 : check(report);
    }

    private Report measure() {
        final List<Contender> contenders = systems == null ? List.of(Contender.values())
            : systems.stream().map(Contender::of).toList();
        final Set<TrafficPath> wanted = (paths == null
            ? Arrays.stream(TrafficPath.values()).filter(path -> path != TrafficPath.OVERLAY_PLAIN)
            : paths.stream().map(TrafficPath::of)).collect(Collectors.toUnmodifiableSet());
        final Map<String, String> conditions = Conditions.read();
        conditions.put("tcp", Congestion.of(Place.ofProcess(ProcessHandle.current().pid()))
            + ", and reno where it says not paced");
        return Report.of(new Comparison(contenders, wanted, rounds, seconds, System.out).run(), conditions, rounds,
            seconds);
    }

    private int check(final Report report) throws IOException {
        final List<RegressionCheck.Change> changes =
            RegressionCheck.changes(Report.read(against).results(), report.results());
        System.out.println("beside " + against + ":");
        changes.forEach(change -> System.out.println("  " + change));
        final boolean slower = changes.stream().anyMatch(RegressionCheck.Change::slower);
        System.out.println(slower ? "something got slower" : "nothing got slower");
        return slower ? SLOWER_STATUS : 0;
    }
}
