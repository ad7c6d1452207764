package org.sluice.bench.compare;

import java.util.List;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RegressionCheckTest {
    private static final Results.Key PEER =
        new Results.Key(Contender.DOCKER0, TrafficPath.EGRESS, Figure.STREAM_1);
    private static final Results.Key OWN =
        new Results.Key(Contender.SLUICE_BUSY, TrafficPath.EGRESS, Figure.STREAM_1);

    private static Results results(final Figure figure, final double peer, final double... own) {
        final Results results = new Results();
        for (final double value : own) {
            results.add(new Results.Key(PEER.contender(), PEER.path(), figure), peer);
            results.add(new Results.Key(OWN.contender(), OWN.path(), figure), value);
        }
        return results;
    }

    @Test
    void shouldCompareRatiosAndNotAbsoluteFigures() {
        // The second machine is half as fast, and the ratio is the same.
        assertTrue(RegressionCheck.changes(results(Figure.STREAM_1, 10, 9, 9.1, 9.2),
            results(Figure.STREAM_1, 5, 4.5, 4.55, 4.6)).isEmpty());
    }

    @Test
    void shouldCallAFigureSlowerWhenItsRatioIsClearlyWorse() {
        final List<RegressionCheck.Change> changes = RegressionCheck.changes(
            results(Figure.STREAM_1, 10, 9, 9.1, 9.2), results(Figure.STREAM_1, 10, 7, 7.1, 7.2));
        assertEquals(1, changes.size());
        assertTrue(changes.getFirst().slower());
        assertEquals(OWN, changes.getFirst().key());
    }

    @Test
    void shouldKnowWhichWayIsBetter() {
        final List<RegressionCheck.Change> changes = RegressionCheck.changes(
            results(Figure.TCP_P50, 80, 40, 41, 42), results(Figure.TCP_P50, 80, 30, 31, 32));
        assertEquals(1, changes.size());
        assertFalse(changes.getFirst().slower(), "a shorter latency is faster");
    }

    @Test
    void shouldNotTakeNoiseForAChange() {
        assertTrue(RegressionCheck.changes(results(Figure.STREAM_1, 10, 7, 9, 10),
            results(Figure.STREAM_1, 10, 6, 7.5, 8)).isEmpty(), "the rounds overlap");
        assertTrue(RegressionCheck.changes(results(Figure.STREAM_1, 10, 9, 9, 9),
            results(Figure.STREAM_1, 10, 8.5, 8.5, 8.5)).isEmpty(), "less than a tenth");
    }
}
