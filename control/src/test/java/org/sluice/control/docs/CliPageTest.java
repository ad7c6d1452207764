package org.sluice.control.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertIterableEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;

import org.sluice.control.cli.SluiceCli;
import org.sluice.control.manual.Manual;

import picocli.CommandLine;

/** What the documentation says about the command line is so. */
class CliPageTest {
    private static final String CLI_PAGE = "docs/cli.md";
    private static final Set<String> SHELLS = Set.of("", "sh", "bash", "shell", "console", "sh tour");

    @Test
    void shouldHaveTheHelpTextsInThePage() throws IOException {
        final List<String> page = Files.readAllLines(MarkdownFile.read(CLI_PAGE).path());

        assertIterableEquals(Manual.markdown().lines().toList(), page,
            CLI_PAGE + " is not what the command line says; write it again with: make docs");
    }

    @Test
    void shouldUnderstandEveryCommandThatThePagesShow() {
        final List<String> wrong = new ArrayList<>();
        int commands = 0;

        for (final MarkdownFile page : MarkdownFile.all()) {
            for (final List<String> command : sluiceCommands(page)) {
                commands++;
                try {
                    SluiceCli.commandLine().parseArgs(command.subList(1, command.size()).toArray(String[]::new));
                } catch (final CommandLine.ParameterException ex) {
                    wrong.add(page.name() + ": " + String.join(" ", command) + ": " + ex.getMessage());
                }
            }
        }

        assertEquals(List.of(), wrong);
        assertFalse(commands == 0, "the pages show commands");
    }

    private static List<List<String>> sluiceCommands(final MarkdownFile page) {
        return page.blocks().stream().filter(block -> SHELLS.contains(block.language()))
            .flatMap(block -> ShellCommands.of(block.text()).stream())
            .filter(command -> "sluice".equals(command.getFirst()) || "./sluice".equals(command.getFirst())).toList();
    }
}
