package org.sluice.bench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * The results of a run of the benchmarks, and their conditions; stored as bench.json.
 *
 * @param conditions date, commit, command, machine, kernel and versions.
 */
public record SuiteReport(Map<String, String> conditions, List<Row> rows) {
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final double TOLERANCE = 1.25;
    private static final String MACHINE = "machine";

    /**
     * A benchmark with its parameters, or a yardstick.
     *
     * @param nanoseconds mean for each operation.
     * @param deviation   standard deviation of the iterations.
     * @param bytes       allocated for each operation.
     */
    public record Row(String name, double nanoseconds, double deviation, double bytes) {
    }

    static SuiteReport read(final Path file) throws IOException {
        return JSON.readValue(Files.readString(file), SuiteReport.class);
    }

    void write(final Path folder) throws IOException {
        Files.writeString(folder.resolve("bench.json"), JSON.writeValueAsString(this) + "\n");
        Files.writeString(folder.resolve("bench.txt"), text());
    }

    String text() {
        final int width = rows.stream().mapToInt(row -> row.name().length()).max().orElse(0);
        final double yardstick = nanoseconds(Yardstick.LOOP);
        final StringBuilder text = new StringBuilder();
        conditions.forEach((name, value) -> text.append(String.format("%-9s%s%n", name, value)));
        text.append(String.format("%n%-" + width + "s %10s %10s %9s %8s%n", "", "ns", "sd", "bytes", "x loop"));
        for (final Row row : rows) {
            text.append(String.format(Locale.ROOT, "%-" + width + "s %10.1f %10.1f %9.1f %8.1f%n", row.name(),
                row.nanoseconds(), row.deviation(), row.bytes(), row.nanoseconds() / yardstick));
        }
        return text.toString();
    }

    private double nanoseconds(final String name) {
        return rows.stream().filter(row -> row.name().equals(name)).findFirst().orElseThrow().nanoseconds();
    }

    /**
     * The rows that take longer than in another report, by more than a quarter and by more than the deviations of both.
     * Times are measured in units of the yardstick, because the reports may come from different machines.
     */
    List<String> slowerThan(final SuiteReport before) {
        final Map<String, Row> theirs = before.rows.stream().collect(Collectors.toMap(Row::name, row -> row));
        final double ratio = nanoseconds(Yardstick.LOOP) / before.nanoseconds(Yardstick.LOOP);
        // On one machine, a yardstick that is faster than before is noise, and no reason to expect more.
        final double speed = Objects.equals(conditions.get(MACHINE), before.conditions.get(MACHINE))
            ? Math.max(1, ratio) : ratio;
        return rows.stream().filter(row -> theirs.containsKey(row.name()))
            .filter(row -> {
                final Row then = theirs.get(row.name());
                return row.nanoseconds() > TOLERANCE * speed * then.nanoseconds()
                    && row.nanoseconds() - row.deviation()
                    > speed * (then.nanoseconds() + then.deviation());
            })
            .map(row -> String.format(Locale.ROOT, "SLOWER %s: %.1f ns, was %.1f (this machine's yardstick is x%.2f)",
                row.name(), row.nanoseconds(), theirs.get(row.name()).nanoseconds(), speed)).toList();
    }
}
