package org.sluice.control.manual;

import java.util.List;

/**
 * An option, a parameter, or another thing with a meaning.
 *
 * @param names   as they are typed; of a parameter its label.
 * @param value   the form of an option's value; empty where it takes none.
 * @param choices the values that it takes, if they are few.
 * @param isFile  whether the value is a path.
 * @param text    its description.
 */
record Argument(List<String> names, String value, List<String> choices, boolean isFile, String text) {
    Argument(final String name, final String text) {
        this(List.of(name), "", List.of(), false, text);
    }

    /** All names and the value: {@code -c, --count N}. */
    String form() {
        return String.join(", ", names) + (value.isEmpty() ? "" : ' ' + value);
    }

    /** The first long name; options have one. */
    String longName() {
        return names.stream().filter(name -> name.startsWith("--")).findFirst().orElseThrow();
    }

    /** The description without what follows its first sentence. */
    String firstSentence() {
        return CommandText.firstSentence(text);
    }
}
