package org.sluice.control.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code sluice help network create}; picocli's own help command takes one word only. */
@Command(name = "help", description = "Show how a command is used.")
final class HelpCommand implements Callable<Integer> {
    @Spec
    private CommandSpec help;

    @Parameters(paramLabel = "COMMAND", arity = "0..*",
        description = "The command's words, such as: network create. Default: list all commands.")
    private List<String> words = new ArrayList<>();

    @Override
    public Integer call() {
        CommandLine command = help.root().commandLine();
        for (final String word : words) {
            final CommandLine named = command.getSubcommands().get(word);
            if (named == null) {
                throw new UnmatchedArgumentException(command, List.of(word));
            }
            command = named;
        }
        command.usage(command.getOut());
        return 0;
    }
}
