package org.sluice.bench.compare;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Draws a figure as a self-contained SVG: a group of bars for each path, a bar for each system, the range over the
 * rounds as a whisker, and above it the ratio to the path's peer. (Java's chart libraries draw with AWT, which needs
 * the machine's fonts.) Used by one thread.
 */
final class BarChart {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 330;
    private static final int LEFT = 52;
    private static final int RIGHT = 12;
    private static final int TOP = 72;
    private static final int BOTTOM = 44;
    private static final int TICKS = 4;
    private static final double GAP = 0.25;
    private static final Map<Contender, String> COLOURS = new EnumMap<>(Map.of(
        Contender.DOCKER0, "#8a8f98", Contender.KERNEL_BRIDGE, "#c3c7cd", Contender.OPEN_VSWITCH, "#d59b4c",
        Contender.SLUICE_ADAPTIVE, "#2f7fb8", Contender.SLUICE_BUSY, "#164a77", Contender.KERNEL_VXLAN, "#6d7178"));

    private final Results results;
    private final Figure figure;
    private final List<TrafficPath> paths;
    private final StringBuilder svg = new StringBuilder();

    private BarChart(final Results results, final Figure figure, final List<TrafficPath> paths) {
        this.results = results;
        this.figure = figure;
        this.paths = paths;
    }

    /** The chart; empty if the figure was not measured on any path. */
    static Optional<String> of(final Results results, final Figure figure) {
        final List<TrafficPath> paths = Arrays.stream(TrafficPath.values())
            .filter(path -> path != TrafficPath.HOST && results.has(path, figure)).toList();
        return paths.isEmpty() ? Optional.empty() : Optional.of(new BarChart(results, figure, paths).draw());
    }

    private String draw() {
        final double most = paths.stream().flatMap(path -> TextReport.columns(results, path).stream()
            .map(contender -> new Results.Key(contender, path, figure))).map(results::spread).flatMap(Optional::stream)
            .mapToDouble(Results.Spread::most).max().orElse(1);
        final double top = roundUp(most);
        add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">",
            WIDTH, HEIGHT);
        add("<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>");
        add("<text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"bold\">%s, %s</text>", figure.title(),
            figure.unit());
        text(WIDTH - RIGHT, 22, "end", 11, (figure.moreIsBetter() ? "more" : "less")
            + " is better; bars: medians, lines: range of the rounds, x: ratio to the first bar");
        drawLegend();
        for (int tick = 0; tick <= TICKS; tick++) {
            final double value = top * tick / TICKS;
            line(LEFT, WIDTH - RIGHT, y(value, top), y(value, top), "#e3e5e8");
            text(LEFT - 6, y(value, top) + 4, "end", 11, tick == 0 ? "0" : Numbers.format(value));
        }
        final double group = (double) (WIDTH - RIGHT - LEFT) / paths.size();
        for (int i = 0; i < paths.size(); i++) {
            drawGroup(paths.get(i), LEFT + i * group, group, top);
        }
        add("</svg>");
        return svg.toString();
    }

    private void drawLegend() {
        double x = 12;
        for (final Contender contender : Contender.values()) {
            if (paths.stream().anyMatch(path -> results.spread(new Results.Key(contender, path, figure)).isPresent())) {
                bar(x, 34, 11, 11, contender);
                text(x + 15, 44, "start", 11, contender.shortTitle());
                x += 28 + 6.2 * contender.shortTitle().length();
            }
        }
    }

    private void drawGroup(final TrafficPath path, final double left, final double width, final double top) {
        final List<Contender> columns = TextReport.columns(results, path).stream()
            .filter(contender -> results.spread(new Results.Key(contender, path, figure)).isPresent()).toList();
        final double step = width * (1 - GAP) / columns.size();
        for (int i = 0; i < columns.size(); i++) {
            final Results.Key key = new Results.Key(columns.get(i), path, figure);
            final Results.Spread spread = results.spread(key).orElseThrow();
            final double x = left + width * GAP / 2 + i * step;
            final double middle = x + step / 2;
            bar(x + 1, y(spread.median(), top), step - 2, y(0, top) - y(spread.median(), top), columns.get(i));
            line(middle, middle, y(spread.least(), top), y(spread.most(), top), "#222222");
            final double above = y(spread.most(), top) - 3;
            final Optional<Results.Spread> ratio = results.ratios(key);
            text(middle, ratio.isPresent() ? above - 10 : above, "middle", 9, Numbers.format(spread.median()));
            ratio.ifPresent(value -> text(middle, above, "middle", 9, "x" + Numbers.format(value.median())));
        }
        text(left + width / 2, HEIGHT - BOTTOM + 18, "middle", 11, path.id().replace('-', ' '));
    }

    private void bar(final double x, final double y, final double width, final double height,
                     final Contender contender) {
        add("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>", x, y, width, height,
            COLOURS.get(contender));
    }

    private void line(final double x1, final double x2, final double y1, final double y2, final String colour) {
        add("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>", x1, x2, y1, y2, colour);
    }

    private void text(final double x, final double y, final String anchor, final int size, final String text) {
        add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" fill=\"#333333\">%s</text>", x, y, anchor,
            size, text);
    }

    private static double y(final double value, final double top) {
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top;
    }

    /** A round number that leaves room above the highest bar. */
    private static double roundUp(final double most) {
        final double magnitude = Math.pow(10, Math.floor(Math.log10(most)));
        for (final double step : new double[] {1, 1.2, 1.6, 2, 3, 4, 6, 8, 10}) {
            if (step * magnitude >= most * 1.02) {
                return step * magnitude;
            }
        }
        return 10 * magnitude;
    }

    private void add(final String format, final Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
