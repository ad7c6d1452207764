package org.sluice.control.cli;

import java.util.ArrayList;
import java.util.List;

import org.sluice.control.base.PlainText;

/** Columns for people: as wide as their widest cell, three spaces apart, as docker's. */
final class TextTable {
    private static final String GAP = "   ";

    private final List<String[]> rows = new ArrayList<>();

    TextTable(final String... headings) {
        rows.add(headings);
    }

    void row(final Object... cells) {
        final String[] texts = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            texts[i] = PlainText.of(String.valueOf(cells[i]));
        }
        rows.add(texts);
    }

    @Override
    public String toString() {
        final int[] widths = new int[rows.getFirst().length];
        for (final String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        final StringBuilder text = new StringBuilder();
        for (final String[] row : rows) {
            final StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                line.append(row[i]).append(" ".repeat(widths[i] - row[i].length())).append(GAP);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
