package org.sluice.control.api;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import org.sluice.datapath.status.CounterGroup;

/** Shows counters as the API does: by their names in lower camel case, in the order of the enum. */
final class Counters {
    private Counters() {
    }

    static <E extends Enum<E>> Map<String, Long> of(final CounterGroup<E> group, final E[] names) {
        final Map<String, Long> values = new LinkedHashMap<>();
        for (final E name : names) {
            values.put(lowerCamel(name.name()), group.get(name));
        }
        return values;
    }

    /** RX_FRAMES becomes rxFrames. */
    private static String lowerCamel(final String constant) {
        final StringBuilder text = new StringBuilder();
        for (final String word : constant.toLowerCase(Locale.ROOT).split("_")) {
            text.append(text.isEmpty() ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        return text.toString();
    }
}
