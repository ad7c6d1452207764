package org.sluice.bench.compare;

import java.util.Arrays;

/** The round trips of a victim in milliseconds, in ascending order. A lost one counts as endless. */
record Delays(double[] sortedMs) {
    static Delays of(final double[] answeredMs, final int asked) {
        final double[] all = Arrays.copyOf(answeredMs, Math.max(asked, answeredMs.length));
        Arrays.fill(all, answeredMs.length, all.length, Double.POSITIVE_INFINITY);
        Arrays.sort(all);
        return new Delays(all);
    }

    double p50() {
        return at(0.50);
    }

    double p99() {
        return at(0.99);
    }

    int lost() {
        return (int) Arrays.stream(sortedMs).filter(Double::isInfinite).count();
    }

    private double at(final double part) {
        return sortedMs[Math.min(sortedMs.length - 1, (int) (sortedMs.length * part))];
    }
}
