package org.sluice.bench.compare;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A human-readable report for a terminal: a table for each path, a line for each figure, a column for each system. */
final class TextReport {
    private static final int TITLE_WIDTH =
        Arrays.stream(Figure.values()).mapToInt(figure -> title(figure).length()).max().orElse(0) + 4;

    private TextReport() {
    }

    static String of(final Report report) {
        final Results results = report.results();
        final StringBuilder text = new StringBuilder();
        report.conditions().forEach((name, value) -> text.append(String.format("%-9s%s%n", name, value)));
        text.append(String.format("%nmedians (minimum to maximum) over %d rounds of traffic; x is the ratio to"
            + " the first system in the same round%n", report.rounds()));
        for (final TrafficPath path : TrafficPath.values()) {
            appendPath(text, results, path);
        }
        return text.toString();
    }

    private static void appendPath(final StringBuilder text, final Results results, final TrafficPath path) {
        final List<Contender> columns = columns(results, path);
        if (columns.isEmpty()) {
            return;
        }
        text.append(String.format("%n%s%n", path.title()));
        final Map<Contender, Integer> widths =
            columns.stream().collect(Collectors.toMap(column -> column, column -> width(results, path, column)));
        appendLine(text, "", columns.stream().map(column -> pad(column.title(), widths.get(column))).toList());
        for (final Figure figure : Figure.values()) {
            if (results.has(path, figure)) {
                appendLine(text, title(figure), columns.stream()
                    .map(column -> pad(cell(results, new Results.Key(column, path, figure)), widths.get(column)))
                    .toList());
            }
        }
    }

    private static String title(final Figure figure) {
        return figure.title() + ", " + figure.unit();
    }

    private static int width(final Results results, final TrafficPath path, final Contender column) {
        final int widest = Arrays.stream(Figure.values())
            .mapToInt(figure -> cell(results, new Results.Key(column, path, figure)).length()).max().orElse(0);
        return Math.max(column.title().length(), widest) + 2;
    }

    /** The systems of the table, the peer first. */
    static List<Contender> columns(final Results results, final TrafficPath path) {
        return Arrays.stream(Contender.values())
            .filter(contender -> results.all().keySet().stream()
                .anyMatch(key -> key.path() == path && key.contender() == contender)).toList();
    }

    private static String cell(final Results results, final Results.Key key) {
        return results.spread(key).map(spread -> Numbers.format(spread)
            + results.ratios(key).map(ratio -> " x" + Numbers.format(ratio.median())).orElse("")).orElse("-");
    }

    private static String pad(final String text, final int width) {
        return String.format("%-" + width + "s", text);
    }

    private static void appendLine(final StringBuilder text, final String title, final List<String> cells) {
        text.append((pad("  " + title, TITLE_WIDTH) + String.join("", cells)).stripTrailing()).append('\n');
    }
}
