package org.sluice.bench.compare;

import java.util.Locale;

/** Formats numbers with three significant digits: the noise allows no more. */
final class Numbers {
    private Numbers() {
    }

    static String format(final double value) {
        final double size = Math.abs(value);
        return String.format(Locale.ROOT, size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f", value);
    }

    static String format(final Results.Spread spread) {
        return format(spread.median()) + " (" + format(spread.least()) + " to " + format(spread.most()) + ")";
    }
}
