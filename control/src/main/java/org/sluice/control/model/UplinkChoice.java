package org.sluice.control.model;

import java.util.List;

import org.sluice.control.base.ControlException;

/**
 * Which of the host's interfaces lead to the world.
 *
 * @param auto  those of the default routes, as they come and go.
 * @param names otherwise these.
 */
public record UplinkChoice(boolean auto, List<String> names) {
    public static final UplinkChoice AUTO = new UplinkChoice(true, List.of());
    public static final UplinkChoice NONE = new UplinkChoice(false, List.of());

    /**
     * Reads what stands on the command line: {@code auto}, {@code none}, or names.
     *
     * @throws ControlException when a name is none, or one of the words does not stand alone.
     */
    public static UplinkChoice parse(final List<String> words) {
        if (words.equals(List.of("auto"))) {
            return AUTO;
        }
        if (words.equals(List.of("none"))) {
            return NONE;
        }
        for (final String word : words) {
            if ("auto".equals(word) || "none".equals(word)) {
                throw ControlException.invalid("--uplink takes \"" + word + "\" alone, or the names of interfaces");
            }
            Names.requireInterface(word);
        }
        return new UplinkChoice(false, List.copyOf(words));
    }
}
