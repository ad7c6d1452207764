package org.sluice.control.manual;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import picocli.CommandLine;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * What the pages say about one command, read from picocli's model.
 *
 * @param path       all its words: {@code sluice network create}.
 * @param aliases    other names of its last word.
 * @param text       its description.
 * @param synopsis   how it is typed, part by part, without the common options.
 * @param parameters the positional ones.
 * @param options    its own ones, in the order of the source.
 * @param common     the options that all commands have that talk to the daemon, and the help.
 * @param exits      exit statuses; of the root alone.
 * @param commands   the commands under it.
 */
record CommandText(String path, List<String> aliases, String text, List<String> synopsis, List<Argument> parameters,
                   List<Argument> options, List<Argument> common, List<Argument> exits, List<CommandText> commands) {
    /** Name of the field that holds the options of all commands that talk to the daemon. */
    private static final String COMMON_MIXIN = "client";

    static CommandText of(final CommandSpec spec) {
        final Set<String> common = commonNames(spec);
        final List<OptionSpec> own = spec.options().stream().filter(o -> !common.contains(o.longestName())).toList();
        return new CommandText(spec.qualifiedName(), List.of(spec.aliases()),
            String.join(" ", spec.usageMessage().description()), synopsis(spec, own),
            spec.positionalParameters().stream().map(p -> argument(p, List.of(p.paramLabel()), "")).toList(),
            own.stream().map(CommandText::option).toList(),
            spec.options().stream().filter(o -> common.contains(o.longestName())).map(CommandText::option).toList(),
            spec.usageMessage().exitCodeList().entrySet().stream()
                .map(exit -> new Argument(exit.getKey().strip(), exit.getValue())).toList(),
            new LinkedHashSet<>(spec.subcommands().values()).stream().map(CommandLine::getCommandSpec)
                .map(CommandText::of).toList());
    }

    /** This command and all under it. */
    Stream<CommandText> all() {
        return Stream.concat(Stream.of(this), commands.stream().flatMap(CommandText::all));
    }

    /** The last word of the path. */
    String name() {
        return path.substring(path.lastIndexOf(' ') + 1);
    }

    List<String> names() {
        return Stream.concat(Stream.of(name()), aliases.stream()).toList();
    }

    String firstSentence() {
        return firstSentence(text);
    }

    static String firstSentence(final String text) {
        final int end = text.indexOf(". ");
        return end < 0 ? text.replaceFirst("\\.$", "") : text.substring(0, end);
    }

    private static Set<String> commonNames(final CommandSpec spec) {
        final Set<String> names = new LinkedHashSet<>(Set.of("--help"));
        final CommandSpec mixin = spec.mixins().get(COMMON_MIXIN);
        if (mixin != null) {
            mixin.options().forEach(option -> names.add(option.longestName()));
        }
        return names;
    }

    private static Argument option(final OptionSpec option) {
        return argument(option, List.of(option.names()), option.arity().max() == 0 ? "" : option.paramLabel());
    }

    private static Argument argument(final ArgSpec spec, final List<String> names, final String value) {
        final List<String> choices = spec.completionCandidates() == null ? List.of()
            : StreamSupport.stream(spec.completionCandidates().spliterator(), false).toList();
        return new Argument(names, value, choices, spec.type() == Path.class, String.join(" ", spec.description()));
    }

    private static List<String> synopsis(final CommandSpec spec, final List<OptionSpec> options) {
        final List<String> words = new ArrayList<>(List.of(spec.qualifiedName()));
        if (!spec.subcommands().isEmpty()) {
            words.add("COMMAND");
        }
        spec.positionalParameters().forEach(parameter -> words.add(repeated(
            parameter.required() ? parameter.paramLabel() : '[' + parameter.paramLabel() + ']',
            parameter.arity().max() > 1)));
        final Set<ArgGroupSpec> groups = new LinkedHashSet<>();
        for (final OptionSpec option : options) {
            if (option.group() == null) {
                final String form = form(option);
                words.add(repeated(option.required() ? form : '[' + form + ']', option.isMultiValue()));
            } else if (groups.add(option.group())) {
                words.add('(' + String.join(" | ", option.group().args().stream()
                    .map(member -> form((OptionSpec) member)).toList()) + ')');
            }
        }
        return words;
    }

    private static String form(final OptionSpec option) {
        final String name = Arrays.stream(option.names()).findFirst().orElseThrow();
        return option.arity().max() == 0 ? name : name + ' ' + option.paramLabel();
    }

    private static String repeated(final String form, final boolean isRepeated) {
        return isRepeated ? form + "..." : form;
    }
}
