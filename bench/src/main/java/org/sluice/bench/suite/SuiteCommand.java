package org.sluice.bench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.sluice.bench.Conditions;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The JMH benchmarks: what {@code make bench} runs. By default those that tell most, in minutes; with {@code --full}
 * all of them with all of their parameters, in the better part of an hour.
 */
@Command(name = "bench", mixinStandardHelpOptions = true,
    description = "Measures the datapath in memory, with JMH, beside a polling loop in C.")
public final class SuiteCommand implements Callable<Integer> {
    /** Apart from picocli's own, 1 for a run that failed and 2 for wrong options. */
    private static final int SLOWER_STATUS = 3;
    private static final String WITHOUT_BOUNDS_CHECKS = "-Dagrona.disable.bounds.checks=true";
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    /** Benchmarks with the parameters that the short suite has of them; those without any have none. */
    private static final List<Choice> CHOICES = List.of(
        new Choice("BridgeBenchmark.forward", "frameLength=64", "macs=1,1024,65536", "sources=one"),
        new Choice("BridgeBenchmark.forward", "frameLength=64", "macs=1024", "sources=many"),
        new Choice("RoutingBenchmark.forward", "flows=1024,1048576", "protocol=udp"),
        new Choice("RoutingBenchmark.forward", "flows=1024", "protocol=tcp"),
        new Choice("NewConnectionBenchmark", "established=0"),
        new Choice("TunnelBenchmark.(encapsulate|decapsulate)$", "vteps=1"),
        new Choice("ChecksumBenchmark", "length=1448"),
        new Choice("SegmentationBenchmark"),
        new Choice("TableBenchmark", "entries=1024,65536,1048576"),
        new Choice("PortMapBenchmark", "ports=1,10000"),
        new Choice("CommandBenchmark"));
    private static final List<Choice> UNCHECKED = List.of(
        new Choice("BridgeBenchmark.forward", "frameLength=64", "macs=1024", "sources=one"),
        new Choice("RoutingBenchmark.forward", "flows=1024", "protocol=udp"),
        new Choice("CommandBenchmark"));

    @Option(names = "--full", description = "Everything, with two forks of ten seconds each.")
    private boolean full;

    @Option(names = "--only", paramLabel = "REGEX", description = "Those benchmarks alone, as they are annotated.")
    private String only;

    @Option(names = "--out", paramLabel = "FOLDER",
        description = "Where bench.json, bench.txt and jmh.json go; default perf-results/TIME-COMMIT.")
    private Path out;

    @Option(names = "--against", paramLabel = "FILE",
        description = "A bench.json to check the result against; status 3 when something got slower.")
    private Path against;

    /**
     * A benchmark.
     *
     * @param parameters each NAME=VALUE,...
     */
    private record Choice(String regex, String... parameters) {
    }

    public static void main(final String[] arguments) {
        System.exit(new CommandLine(new SuiteCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, RunnerException {
        final Path folder = out == null ? Conditions.resultFolder() : out;
        Files.createDirectories(folder);
        final List<SuiteReport.Row> rows = new ArrayList<>(Yardstick.measure());
        final List<RunResult> raw = new ArrayList<>();
        if (only != null) {
            run(rows, raw, List.of(new Choice(only)), true, false);
        } else {
            run(rows, raw, full ? List.of(new Choice(".*")) : CHOICES, full, false);
            run(rows, raw, UNCHECKED, full, true);
        }
        final SuiteReport report = new SuiteReport(Conditions.read(), rows);
        report.write(folder);
        ResultFormatFactory.getInstance(ResultFormatType.JSON, folder.resolve("jmh.json").toString()).writeOut(raw);
        System.out.println(report.text() + "written to " + folder);
        return against == null ? 0 : check(report);
    }

    private static void run(final List<SuiteReport.Row> rows, final List<RunResult> raw, final List<Choice> choices,
                            final boolean thorough, final boolean unchecked) throws RunnerException {
        for (final Choice choice : choices) {
            final ChainedOptionsBuilder options =
                new OptionsBuilder().include(choice.regex()).addProfiler(GCProfiler.class);
            for (final String parameter : choice.parameters()) {
                final String[] words = parameter.split("=");
                options.param(words[0], words[1].split(","));
            }
            if (!thorough) {
                options.forks(1);
                // Those of single shots have iterations of another kind, and are short.
                if (!choice.regex().startsWith("NewConnection")) {
                    options.warmupIterations(3).warmupTime(TimeValue.seconds(1)).measurementIterations(4)
                        .measurementTime(TimeValue.seconds(1));
                }
            }
            if (unchecked) {
                options.jvmArgsAppend(WITHOUT_BOUNDS_CHECKS);
            }
            final Collection<RunResult> results = new Runner(options.build()).run();
            raw.addAll(results);
            results.forEach(result -> rows.add(row(result, unchecked ? ", no bounds checks" : "")));
        }
    }

    private static SuiteReport.Row row(final RunResult result, final String suffix) {
        final BenchmarkParams params = result.getParams();
        final String[] words = params.getBenchmark().split("\\.");
        final String parameters = new TreeMap<>(params.getParamsKeys().stream()
            .collect(Collectors.toMap(key -> key, params::getParam))).toString();
        final Result<?> allocated = result.getSecondaryResults().get(ALLOCATED);
        return new SuiteReport.Row(String.join(".", Arrays.asList(words).subList(words.length - 2, words.length))
            + ("{}".equals(parameters) ? "" : " " + parameters) + suffix, result.getPrimaryResult().getScore(),
            result.getPrimaryResult().getStatistics().getStandardDeviation(),
            allocated == null ? 0 : allocated.getScore());
    }

    private int check(final SuiteReport report) throws IOException {
        final List<String> slower = report.slowerThan(SuiteReport.read(against));
        System.out.println("beside " + against + ":");
        slower.forEach(line -> System.out.println("  " + line));
        System.out.println(slower.isEmpty() ? "nothing got slower" : "something got slower");
        return slower.isEmpty() ? 0 : SLOWER_STATUS;
    }
}
