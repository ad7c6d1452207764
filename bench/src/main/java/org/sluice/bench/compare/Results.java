package org.sluice.bench.compare;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The measured values: for each system, path and figure one value a round. A ratio compares two values of the same
 * round, because the machine's speed changes from minute to minute. Used by one thread.
 */
public final class Results {
    private final Map<Key, List<Double>> values = new LinkedHashMap<>();

    /** Identifies a series of values. */
    public record Key(Contender contender, TrafficPath path, Figure figure) {
    }

    /** The median of some values, and the extremes. */
    public record Spread(double median, double least, double most) {
        static Spread of(final Collection<Double> values) {
            final List<Double> sorted = values.stream().sorted().toList();
            final int half = sorted.size() / 2;
            final double median = sorted.size() % 2 == 1 ? sorted.get(half)
                : (sorted.get(half - 1) + sorted.get(half)) / 2;
            return new Spread(median, sorted.getFirst(), sorted.getLast());
        }
    }

    /** Adds the value of one more round. */
    public void add(final Key key, final double value) {
        values.computeIfAbsent(key, any -> new ArrayList<>()).add(value);
    }

    /** All values, in the order of their arrival. */
    public Map<Key, List<Double>> all() {
        return Collections.unmodifiableMap(values);
    }

    boolean has(final TrafficPath path, final Figure figure) {
        return values.keySet().stream().anyMatch(key -> key.path() == path && key.figure() == figure);
    }

    /** The spread of the values, in the figure's unit. */
    public Optional<Spread> spread(final Key key) {
        return Optional.ofNullable(values.get(key)).map(Spread::of);
    }

    /** Ratios to the peer's value of the same round; empty for the peer itself, and where the peer has none. */
    public Optional<Spread> ratios(final Key key) {
        final Contender peer = key.path().peer();
        final List<Double> own = values.get(key);
        final List<Double> theirs = values.get(new Key(peer, key.path(), key.figure()));
        if (key.contender() == peer || own == null || theirs == null) {
            return Optional.empty();
        }
        final List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < Math.min(own.size(), theirs.size()); round++) {
            if (theirs.get(round) > 0) {
                ratios.add(own.get(round) / theirs.get(round));
            }
        }
        return ratios.isEmpty() ? Optional.empty() : Optional.of(Spread.of(ratios));
    }
}
