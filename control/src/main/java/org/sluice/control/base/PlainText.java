package org.sluice.control.base;

import java.util.Locale;

/**
 * Text that others have chosen, such as the name of a process, made fit for a terminal, a log and a message: what would
 * steer a terminal, end a line or turn the direction of writing is shown by its number, as Java writes it. Any thread
 * may use it.
 */
public final class PlainText {
    private PlainText() {
    }

    /** The same text, with each character that has no picture of its own escaped. */
    public static String of(final String text) {
        final StringBuilder plain = new StringBuilder(text.length());
        text.codePoints().forEach(point -> {
            if (isPrintable(point)) {
                plain.appendCodePoint(point);
            } else {
                for (final char unit : Character.toChars(point)) {
                    plain.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
                }
            }
        });
        return plain.toString();
    }

    private static boolean isPrintable(final int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.LINE_SEPARATOR,
                Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
