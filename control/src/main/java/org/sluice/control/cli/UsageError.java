package org.sluice.control.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Explains a wrong command line in one sentence: what is wrong, the nearest right word, and where to read on. */
final class UsageError {
    private static final String PICOCLI_PREFIX = "Error: ";

    private UsageError() {
    }

    static String explain(final ParameterException error) {
        final CommandSpec command = error.getCommandLine().getCommandSpec();
        final String path = command.qualifiedName().substring(command.root().name().length());
        final String wrong = error instanceof UnmatchedArgumentException unmatched
            ? unmatched(command, unmatched.getUnmatched().getFirst()) : plain(String.valueOf(error.getMessage()));
        return wrong + (wrong.endsWith("?") ? " see: " : "; see: ") + command.root().name() + " help" + path;
    }

    private static String unmatched(final CommandSpec command, final String word) {
        if (word.startsWith("-")) {
            final List<String> options = new ArrayList<>();
            command.options().forEach(option -> options.addAll(List.of(option.names())));
            return "unknown option \"" + word + '"' + suggest(word, options);
        }
        return command.subcommands().isEmpty() ? "unexpected argument \"" + word + '"'
            : "unknown command \"" + word + '"' + suggest(word, command.subcommands().keySet());
    }

    private static String suggest(final String word, final Collection<String> known) {
        @Nullable String nearest = null;
        int distance = 1 + word.length() / 3;
        for (final String candidate : known) {
            final int changes = changes(word, candidate);
            if (changes <= distance && (nearest == null || changes < distance)) {
                nearest = candidate;
                distance = changes;
            }
        }
        return nearest == null ? "" : "; did you mean " + nearest + '?';
    }

    /** How many letters to insert, remove or replace to make one word from the other (Levenshtein's distance). */
    private static int changes(final String from, final String to) {
        int[] row = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            final int[] next = new int[to.length() + 1];
            next[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                final int replace = row[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                next[j] = Math.min(replace, 1 + Math.min(row[j], next[j - 1]));
            }
            row = next;
        }
        return row[to.length()];
    }

    /** Picocli's own message, as the middle of a line. */
    private static String plain(final String message) {
        final String text = message.startsWith(PICOCLI_PREFIX) ? message.substring(PICOCLI_PREFIX.length()) : message;
        return Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }
}
