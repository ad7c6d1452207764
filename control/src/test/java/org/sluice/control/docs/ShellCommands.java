package org.sluice.control.docs;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The simple commands of a piece of shell script: enough of its grammar for the documentation. */
final class ShellCommands {
    private static final Set<String> KEYWORDS =
        Set.of("if", "then", "else", "while", "until", "do", "!", "time", "sudo", "exec", "$");

    private final String script;
    private final List<List<String>> commands = new ArrayList<>();
    private final List<String> words = new ArrayList<>();
    private StringBuilder word;
    private int at;

    private ShellCommands(final String script) {
        this.script = script.replace("\\\n", " ");
    }

    /** Each as its words, without redirections, variables that are set for it, and keywords. */
    static List<List<String>> of(final String script) {
        final ShellCommands parser = new ShellCommands(script);
        parser.parse();
        return parser.commands;
    }

    private void parse() {
        while (at < script.length()) {
            final char next = script.charAt(at++);
            switch (next) {
                case ' ', '\t' -> endWord();
                case '\n', ';', '&', '|', '(', ')' -> endCommand();
                case '#' -> skipComment();
                case '<', '>' -> skipRedirection();
                case '\'', '"' -> quoted(next);
                default -> word().append(next);
            }
        }
        endCommand();
    }

    private StringBuilder word() {
        if (word == null) {
            word = new StringBuilder();
        }
        return word;
    }

    private void quoted(final char quote) {
        final int end = script.indexOf(quote, at);
        word().append(script, at, end);
        at = end + 1;
    }

    private void skipComment() {
        if (word != null) {
            word.append('#');
        } else {
            while (at < script.length() && script.charAt(at) != '\n') {
                at++;
            }
        }
    }

    /** Digits before it belong to it; so does the word behind it. */
    private void skipRedirection() {
        if (word != null && word.toString().matches("\\d")) {
            word = null;
        }
        endWord();
        while (at < script.length() && "<>& ".indexOf(script.charAt(at)) >= 0) {
            at++;
        }
        while (at < script.length() && " \n;&|()".indexOf(script.charAt(at)) < 0) {
            at++;
        }
    }

    private void endWord() {
        if (word != null) {
            final String text = word.toString();
            word = null;
            if (!words.isEmpty() || !KEYWORDS.contains(text) && !text.matches("[A-Z_]+=.*")) {
                words.add(text);
            }
        }
    }

    private void endCommand() {
        endWord();
        if (!words.isEmpty()) {
            commands.add(List.copyOf(words));
            words.clear();
        }
    }
}
