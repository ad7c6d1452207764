package org.sluice.control.manual;

import java.util.List;
import java.util.stream.Stream;

/** The completion for zsh: as bash's, with descriptions beside commands and options. */
final class ZshCompletion {
    private static final String SCRIPT = """
        #compdef sluice
        # zsh completion for sluice, written by the build.
        _sluice() {
            local -a commands options
            if (( CURRENT > 2 )) && [[ $words[2] == help ]]; then
                words[2]=()
                (( CURRENT-- ))
            fi
            case "$words[2,CURRENT-1] " in
        %s    esac
            if (( $#commands )); then
                _describe -t commands command commands
                return
            fi
            _arguments -S : "$options[@]"
        }
        _sluice "$@"
        """;

    private ZshCompletion() {
    }

    static String of(final CommandText sluice) {
        final StringBuilder cases = new StringBuilder();
        sluice.commands().forEach(command -> {
            command.commands().forEach(verb -> cases.append(options(command.names(), verb, 2)));
            cases.append(command.commands().isEmpty() ? options(List.of(""), command, 1) : commands(command));
        });
        cases.append(commands(sluice));
        return SCRIPT.formatted(cases);
    }

    private static String commands(final CommandText noun) {
        final List<String> commands = noun.commands().stream()
            .map(command -> quote(command.name() + ':' + command.firstSentence().replace(":", "\\:"))).toList();
        final List<String> patterns = noun.path().contains(" ")
            ? noun.names().stream().map(name -> quote(name + ' ')).toList() : List.of("' '");
        return "        " + String.join("|", patterns) + ")\n            commands=(\n                "
            + String.join("\n                ", commands) + ") ;;\n";
    }

    private static String options(final List<String> nouns, final CommandText command, final int depth) {
        final List<String> patterns = nouns.stream().flatMap(noun -> command.names().stream()
            .map(name -> quote((noun + ' ' + name).strip() + ' ') + '*')).toList();
        final List<String> specs = Stream.concat(
            Stream.concat(command.options().stream(), command.common().stream()).flatMap(ZshCompletion::option),
            command.parameters().stream().limit(1)
                .map(parameter -> quote("*:" + escape(parameter.firstSentence()) + ":"))).toList();
        return "        " + String.join("|", patterns) + ")\n            shift " + depth + " words\n"
            + "            (( CURRENT -= " + depth + " ))\n            options=(\n                "
            + String.join("\n                ", specs) + ") ;;\n";
    }

    private static Stream<String> option(final Argument option) {
        final String action = option.isFile() ? "_files"
            : option.choices().isEmpty() ? " " : '(' + String.join(" ", option.choices()) + ')';
        final String value = option.value().isEmpty() ? "" : ':' + escape(option.value()) + ':' + action;
        return option.names().stream().map(name -> quote('*' + name
            + (!value.isEmpty() && name.startsWith("--") ? "=" : "")
            + '[' + escape(option.firstSentence()) + ']' + value));
    }

    private static String escape(final String text) {
        return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:");
    }

    private static String quote(final String text) {
        return '\'' + text.replace("'", "'\\''") + '\'';
    }
}
