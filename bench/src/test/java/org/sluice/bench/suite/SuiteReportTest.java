package org.sluice.bench.suite;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SuiteReportTest {
    private static SuiteReport report(final double yardstick, final double nanoseconds, final double deviation) {
        return new SuiteReport(Map.of(), List.of(new SuiteReport.Row(Yardstick.LOOP, yardstick, 0, 0),
            new SuiteReport.Row("Some.benchmark", nanoseconds, deviation, 0)));
    }

    @Test
    void shouldCompareInTurnsOfTheYardstick() {
        assertTrue(report(10, 60, 1).slowerThan(report(5, 30, 1)).isEmpty(), "the machine is half as fast");
        assertEquals(1, report(5, 60, 1).slowerThan(report(5, 30, 1)).size());
    }

    @Test
    void shouldNotTakeNoiseForAChange() {
        assertTrue(report(5, 36, 1).slowerThan(report(5, 30, 1)).isEmpty(), "a fifth");
        assertTrue(report(5, 60, 25).slowerThan(report(5, 30, 10)).isEmpty(), "the deviations overlap");
    }

    @Test
    void shouldNotExpectMoreOfTheSameMachineBecauseItsYardstickIsFaster() {
        assertTrue(report(4, 30, 1).slowerThan(report(6, 30, 1)).isEmpty());
    }

    @Test
    void shouldTellTheRatioToTheYardstick() {
        assertTrue(report(5, 30, 1).text().lines().anyMatch(line ->
            line.startsWith("Some.benchmark") && line.endsWith(" 6.0")), report(5, 30, 1).text());
    }
}
