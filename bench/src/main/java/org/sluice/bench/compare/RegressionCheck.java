package org.sluice.bench.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the figures that got slower between two comparisons. It compares ratios to the peer of the same round, because
 * the two may come from different machines. A figure got slower when its median ratio is worse by more than a tenth,
 * and by more than the spread between the rounds of either comparison.
 */
final class RegressionCheck {
    private static final double TOLERANCE = 1.1;

    private RegressionCheck() {
    }

    /**
     * A figure that changed.
     *
     * @param before ratio to the peer in the first comparison.
     * @param after  ratio to the peer in the second comparison.
     * @param slower or faster.
     */
    record Change(Results.Key key, Results.Spread before, Results.Spread after, boolean slower) {
        @Override
        public String toString() {
            return String.format("%-6s %-9s %-14s %s: x%s of %s, was x%s", slower ? "SLOWER" : "faster",
                key.contender().id(), key.path().id(), key.figure().title(), Numbers.format(after),
                key.path().peer().id(), Numbers.format(before));
        }
    }

    static List<Change> changes(final Results before, final Results after) {
        final List<Change> changes = new ArrayList<>();
        for (final Map.Entry<Results.Key, List<Double>> entry : after.all().entrySet()) {
            final Results.Key key = entry.getKey();
            final Optional<Results.Spread> was = before.ratios(key);
            final Optional<Results.Spread> is = after.ratios(key);
            if (was.isPresent() && is.isPresent()) {
                compare(key, was.get(), is.get()).ifPresent(changes::add);
            }
        }
        return changes;
    }

    private static Optional<Change> compare(final Results.Key key, final Results.Spread before,
                                            final Results.Spread after) {
        final boolean less = after.median() * TOLERANCE < before.median() && after.most() < before.least();
        final boolean more = after.median() > before.median() * TOLERANCE && after.least() > before.most();
        return less || more ? Optional.of(new Change(key, before, after, key.figure().moreIsBetter() ? less : more))
            : Optional.empty();
    }
}
