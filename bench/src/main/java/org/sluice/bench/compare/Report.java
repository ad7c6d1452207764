package org.sluice.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * The stored form of a comparison: all values, and their conditions. The file is compare.json in a folder of
 * perf-results.
 *
 * @param conditions date, commit, command, machine, kernel and versions.
 * @param rounds     how often each system was measured.
 * @param seconds    duration of each load.
 */
public record Report(Map<String, String> conditions, int rounds, int seconds, List<Sample> samples) {
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /**
     * The values of one figure.
     *
     * @param values one for each round, in their order.
     */
    public record Sample(Contender system, TrafficPath path, Figure figure, String unit, List<Double> values) {
    }

    static Report of(final Results results, final Map<String, String> conditions, final int rounds,
                     final int seconds) {
        return new Report(conditions, rounds, seconds, results.all().entrySet().stream()
            .map(entry -> new Sample(entry.getKey().contender(), entry.getKey().path(), entry.getKey().figure(),
                entry.getKey().figure().unit(), entry.getValue())).toList());
    }

    static Report read(final Path file) throws IOException {
        return JSON.readValue(Files.readString(file), Report.class);
    }

    void write(final Path file) throws IOException {
        Files.writeString(file, JSON.writeValueAsString(this) + "\n");
    }

    Results results() {
        final Results results = new Results();
        for (final Sample sample : samples) {
            sample.values().forEach(value ->
                results.add(new Results.Key(sample.system(), sample.path(), sample.figure()), value));
        }
        return results;
    }
}
