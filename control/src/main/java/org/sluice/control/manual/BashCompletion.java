package org.sluice.control.manual;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The completion for bash: commands, options, and the values of options that take one of a few or a file. Picocli's own
 * generator writes 2,400 lines, which look for commands among the words of a filter too.
 */
final class BashCompletion {
    private static final String SCRIPT = """
        # bash completion for sluice, written by the build.
        _sluice() {
            local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' known='' i
            # --option=value comes in three words.
            if [[ $word == = ]]; then
                word=''
            elif [[ $before == = ]]; then
                before=${COMP_WORDS[COMP_CWORD - 2]}
            fi
            case $before in
        %s    esac
            for ((i = 1; i < COMP_CWORD && i < 4; i++)); do
                [[ ${COMP_WORDS[i]} == -* ]] && break
                command=$command${command:+ }${COMP_WORDS[i]}
            done
            command=${command#help}
            case "${command# } " in
        %s    esac
            mapfile -t COMPREPLY < <(compgen -W "$known" -- "$word")
        }
        complete -F _sluice sluice
        """;

    private BashCompletion() {
    }

    static String of(final CommandText sluice) {
        return SCRIPT.formatted(values(sluice), commands(sluice));
    }

    /** One line for all options that take a value of the same kind. */
    private static String values(final CommandText sluice) {
        final List<Argument> options = sluice.all()
            .flatMap(command -> Stream.concat(command.options().stream(), command.common().stream()))
            .filter(option -> !option.value().isEmpty()).toList();
        final StringBuilder text = new StringBuilder();
        options.stream().map(Argument::choices).filter(choices -> !choices.isEmpty()).distinct().forEach(choices ->
            text.append(line(options, option -> option.choices().equals(choices),
                "mapfile -t COMPREPLY < <(compgen -W '" + String.join(" ", choices) + "' -- \"$word\")")));
        text.append(line(options, option -> option.choices().isEmpty() && option.isFile(),
            "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\")"));
        text.append(line(options, option -> option.choices().isEmpty() && !option.isFile(), ""));
        return text.toString();
    }

    private static String line(final List<Argument> options, final Predicate<Argument> kind,
                               final String action) {
        final String names = String.join("|", options.stream().filter(kind).flatMap(option -> option.names().stream())
            .distinct().toList());
        return "        " + names + ") " + action + (action.isEmpty() ? "" : "; ") + "return ;;\n";
    }

    /** The deepest commands first: a noun's pattern fits its verbs too. */
    private static String commands(final CommandText sluice) {
        final List<String> lines = new ArrayList<>();
        sluice.all().forEach(command -> {
            final String parent = command.path().contains(" ")
                ? command.path().substring(0, command.path().lastIndexOf(' ')) : "";
            final List<String> known = new ArrayList<>(command.commands().stream().map(CommandText::name).toList());
            Stream.concat(command.options().stream(), command.common().stream())
                .forEach(option -> known.add(option.longName()));
            lines.addFirst("        " + String.join("|", patterns(sluice, parent, command)) + ") known='"
                + String.join(" ", known) + "' ;;\n");
        });
        return String.join("", lines);
    }

    private static List<String> patterns(final CommandText sluice, final String parent, final CommandText command) {
        if (command.equals(sluice)) {
            return List.of("' '");
        }
        final List<String> parents = sluice.all().filter(other -> !other.equals(sluice) && other.path().equals(parent))
            .findFirst().map(CommandText::names).orElse(List.of(""));
        return parents.stream().flatMap(before -> command.names().stream()
            .map(name -> '\'' + (before + ' ' + name).strip() + " '*")).toList();
    }
}
