package org.sluice.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.HdrHistogram.Histogram;

/**
 * What is put on a path, and the figures that it gives. The field's own generators where there are any: iperf3,
 * sockperf, wrk; for small packets and for the server of connections, which must not be the narrow place, programs of
 * the comparison's own (bench/src/main/c).
 */
enum Load {
    /** One TCP stream, and what it costs; with the congestion control of the machine, as the next one. */
    ONE_STREAM {
        @Override
        Map<Figure, Double> run(final Ends ends, final int seconds) {
            final double before = CpuMeter.machineSeconds();
            final double gbits = stream(ends, seconds, 1);
            final double worked = CpuMeter.machineSeconds() - before;
            return Map.of(Figure.STREAM_1, gbits, Figure.CPU_PER_GBIT, 1000 * worked / (gbits * seconds));
        }
    },
    FOUR_STREAMS {
        @Override
        Map<Figure, Double> run(final Ends ends, final int seconds) {
            return Map.of(Figure.STREAM_4, stream(ends, seconds, 4));
        }
    },
    ONE_UNPACED_STREAM {
        @Override
        Map<Figure, Double> run(final Ends ends, final int seconds) {
            return Map.of(Figure.UNPACED_1, Congestion.unpaced(ends.client(), () -> stream(ends, seconds, 1)));
        }
    },
    FOUR_UNPACED_STREAMS {
        @Override
        Map<Figure, Double> run(final Ends ends, final int seconds) {
            return Map.of(Figure.UNPACED_4, Congestion.unpaced(ends.client(), () -> stream(ends, seconds, 4)));
        }
    },
    TCP_ROUND_TRIPS {
        @Override
        Map<Figure, Double> run(final Ends ends, final int seconds) {
            return percentiles(roundTrips(ends, seconds, true), Figure.TCP_P50, Figure.TCP_P99, Figure.TCP_P999);
        }
    },
    UDP_ROUND_TRIPS {
        @Override
        Map<Figure, Double> run(final Ends ends, final int seconds) {
            return percentiles(roundTrips(ends, seconds, false), Figure.UDP_P50, Figure.UDP_P99, Figure.UDP_P999);
        }
    },
    SMALL_PACKETS {
        @Override
        Map<Figure, Double> run(final Ends ends, final int seconds) {
            return packets(ends, seconds);
        }
    },
    /** A connection for each request, 16 at a time. */
    CONNECTIONS {
        @Override
        Map<Figure, Double> run(final Ends ends, final int seconds) {
            final String url = "http://" + ends.target() + ":" + HTTP_PORT + "/";
            final String output = Program.serve(ends.server(), true, HTTP_PORT, tool("answers"), "" + HTTP_PORT)
                .during(() -> Program.run(ends.client(), seconds + PATIENCE_SECONDS, "wrk", "-t1", "-c16",
                    "-d" + seconds + "s", "-H", "Connection: close", url));
            return Map.of(Figure.CONNECTIONS, Double.parseDouble(Program.after(output, "Requests/sec:")));
        }
    };

    static final int STREAM_PORT = 5201;
    static final int ROUND_TRIP_PORT = 5555;
    static final int PACKETS_PORT = 5556;
    static final int HTTP_PORT = 8000;

    private static final int PATIENCE_SECONDS = 15;
    private static final long SETTLE_MS = 400;
    private static final long LONGEST_NS = TimeUnit.SECONDS.toNanos(10);

    /**
     * Puts the load on the path.
     *
     * @throws MeasurementException when it does not come to its end.
     */
    abstract Map<Figure, Double> run(Ends ends, int seconds);

    private static String tool(final String name) {
        return System.getProperty("sluice.bench.tools") + "/" + name;
    }

    private static double stream(final Ends ends, final int seconds, final int streams) {
        final String port = String.valueOf(STREAM_PORT);
        final String output = Program.serve(ends.server(), true, STREAM_PORT, "iperf3", "-s", "-1", "-p", port)
            .during(() -> Program.run(ends.client(), seconds + PATIENCE_SECONDS, "iperf3", "-c", ends.target(), "-p",
                port, "-t", String.valueOf(seconds), "-P", String.valueOf(streams), "-f", "k"));
        // The last line of what has been received, of all streams: ... 0.00-2.00 sec 4.2 GBytes 17990000 Kbits/sec
        final List<String> words = List.of(output.lines().filter(line -> line.contains("receiver"))
            .reduce((first, second) -> second)
            .orElseThrow(() -> new MeasurementException("no rate in: " + output)).strip().split("\\s+"));
        return Double.parseDouble(words.get(words.indexOf("Kbits/sec") - 1)) / 1e6;
    }

    /** Whole round trips in nanoseconds. */
    private static Histogram roundTrips(final Ends ends, final int seconds, final boolean tcp) {
        final String port = String.valueOf(ROUND_TRIP_PORT);
        final Path log = temporaryFile();
        try {
            final String[] server = sockperf("server", tcp, "-i", ends.listen(), "-p", port);
            final String[] client = sockperf("ping-pong", tcp, "-i", ends.target(), "-p", port, "-t",
                String.valueOf(seconds), "--full-rtt", "--full-log", log.toString());
            Program.serve(ends.server(), tcp, ROUND_TRIP_PORT, server)
                .during(() -> Program.run(ends.client(), seconds + PATIENCE_SECONDS, client));
            return histogram(log);
        } finally {
            log.toFile().delete();
        }
    }

    private static String[] sockperf(final String role, final boolean tcp, final String... options) {
        return Stream.of(List.of("sockperf", role), tcp ? List.of("--tcp") : List.<String>of(), List.of(options))
            .flatMap(List::stream).toArray(String[]::new);
    }

    private static Path temporaryFile() {
        try {
            return Files.createTempFile("sluice-bench", ".rtt");
        } catch (final IOException ex) {
            throw new MeasurementException("no room for a log of round trips", ex);
        }
    }

    /** Of sockperf's log: a line for each round trip, "number, sent, received, microseconds", between other lines. */
    private static Histogram histogram(final Path log) {
        final Histogram histogram = new Histogram(LONGEST_NS, 3);
        try (Stream<String> lines = Files.lines(log)) {
            lines.filter(line -> line.matches("\\d+, [\\d.]+, [\\d.]+, [\\d.]+")).map(line -> line.split(", "))
                .mapToLong(words -> Math.round(Double.parseDouble(words[3]) * 1e3))
                .forEach(ns -> histogram.recordValue(Math.clamp(ns, 0, LONGEST_NS)));
        } catch (final IOException ex) {
            throw new MeasurementException("cannot read " + log, ex);
        }
        if (histogram.getTotalCount() == 0) {
            throw new MeasurementException("no round trips: sockperf has written none");
        }
        return histogram;
    }

    private static Map<Figure, Double> percentiles(final Histogram histogram, final Figure p50, final Figure p99,
                                                   final Figure p999) {
        return Map.of(p50, histogram.getValueAtPercentile(50) / 1e3, p99, histogram.getValueAtPercentile(99) / 1e3,
            p999, histogram.getValueAtPercentile(99.9) / 1e3);
    }

    private static Map<Figure, Double> packets(final Ends ends, final int seconds) {
        final FirstHop next = FirstHop.of(ends.client(), ends.target());
        final String port = String.valueOf(PACKETS_PORT);
        final int patience = seconds + PATIENCE_SECONDS;
        try (Program receiver = Program.serve(ends.server(), false, PACKETS_PORT, tool("packets"), "receive", port,
            String.valueOf(seconds));
             Program sender = Program.start(ends.client(), tool("packets"), "send", next.link(), next.ownMac(),
                 next.mac(), next.source(), ends.target(), port, String.valueOf(patience))) {
            // The receiver begins to count two tenths after the first one has come.
            Program.sleep(SETTLE_MS);
            final double before = CpuMeter.machineSeconds();
            Program.sleep(seconds * 1000L - SETTLE_MS);
            final double load = (CpuMeter.machineSeconds() - before) / (seconds - SETTLE_MS / 1000.0);
            final double rate = Double.parseDouble(receiver.output(patience).strip());
            sender.stop();
            if (rate == 0) {
                throw new MeasurementException("no packets arrive at " + ends.target());
            }
            final Map<Figure, Double> figures = new EnumMap<>(Figure.class);
            figures.put(Figure.PACKETS, rate / 1e3);
            figures.put(Figure.CPU_PER_MILLION, load / rate * 1e6);
            return figures;
        }
    }
}
