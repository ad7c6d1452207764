package org.sluice.bench.compare;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ResultsTest {
    private static final Results.Key DOCKER0 =
        new Results.Key(Contender.DOCKER0, TrafficPath.CONTAINER, Figure.STREAM_1);
    private static final Results.Key BUSY =
        new Results.Key(Contender.SLUICE_BUSY, TrafficPath.CONTAINER, Figure.STREAM_1);

    private static Results results() {
        final Results results = new Results();
        // The machine is slower in each round than in the one before.
        for (final double value : new double[] {20, 10, 5}) {
            results.add(DOCKER0, value);
        }
        for (final double value : new double[] {22, 12, 5}) {
            results.add(BUSY, value);
        }
        return results;
    }

    @Test
    void shouldTakeTheRatioRoundByRound() {
        final Results.Spread ratio = results().ratios(BUSY).orElseThrow();
        assertEquals(1.1, ratio.median(), 1e-9);
        assertEquals(1.0, ratio.least(), 1e-9);
        assertEquals(1.2, ratio.most(), 1e-9);
    }

    @Test
    void shouldHaveNoRatioForThePeerItselfNorWithoutOne() {
        assertTrue(results().ratios(DOCKER0).isEmpty());
        final Results alone = new Results();
        alone.add(BUSY, 1);
        assertTrue(alone.ratios(BUSY).isEmpty());
    }

    @Test
    void shouldTakeTheMeanOfTheMiddleTwoOfAnEvenNumber() {
        final Results results = new Results();
        results.add(DOCKER0, 4);
        results.add(DOCKER0, 1);
        assertEquals(new Results.Spread(2.5, 1, 4), results.spread(DOCKER0).orElseThrow());
    }

    @Test
    void shouldGiveBackWhatItHasWritten(@TempDir final Path folder) throws IOException {
        final Report report = Report.of(results(), Map.of("commit", "abc"), 3, 2);
        final Path file = folder.resolve("compare.json");
        report.write(file);
        assertEquals(report, Report.read(file));
        assertEquals(results().all(), Report.read(file).results().all());
    }

    @Test
    void shouldTellPeopleMedianSpreadAndRatio() {
        final String text = TextReport.of(Report.of(results(), Map.of("commit", "abc"), 3, 2));
        assertTrue(text.contains("commit   abc"), text);
        assertTrue(text.contains("10.0 (5.00 to 20.0)"), text);
        assertTrue(text.contains("12.0 (5.00 to 22.0) x1.10"), text);
    }
}
