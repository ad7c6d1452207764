package org.sluice.control.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import picocli.CommandLine;

/** Help and errors of the command line, as people type it; nothing here talks to a daemon. */
class SluiceCliTest {
    private record Ran(int status, String out, String err) {
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "--help", "-h"})
    void shouldListTheCommands(final String line) {
        final Ran ran = run(line);

        assertEquals(0, ran.status());
        assertTrue(ran.out().startsWith("Usage: sluice [-hV] COMMAND"), ran.out());
        assertTrue(ran.out().contains("\n  network "), ran.out());
        assertEquals("", ran.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"help network", "network help", "network --help", "network -h"})
    void shouldListTheVerbsOfANoun(final String line) {
        final Ran ran = run(line);

        assertEquals(0, ran.status());
        assertTrue(ran.out().startsWith("Usage: sluice network [-h] COMMAND"), ran.out());
        assertTrue(ran.out().contains("\n  create, add "), ran.out());
        assertEquals("", ran.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"help network create", "network help create", "network create --help", "network add -h"})
    void shouldExplainAVerb(final String line) {
        final Ran ran = run(line);

        assertEquals(0, ran.status());
        assertTrue(ran.out().startsWith("Usage: sluice network create "), ran.out());
        assertEquals("", ran.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "network"})
    void shouldShowTheHelpAsAnErrorWhereACommandIsMissing(final String line) {
        final Ran ran = run(line);

        assertEquals(2, ran.status());
        assertEquals("", ran.out());
        assertTrue(ran.err().startsWith("Usage: sluice"), ran.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"version", "--version", "-V"})
    void shouldPrintTheVersion(final String line) {
        final Ran ran = run(line);

        assertEquals(0, ran.status());
        assertTrue(ran.out().startsWith("sluice "), ran.out());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        netwrok ls | unknown command "netwrok"; did you mean network? see: sluice help
        help netwrok | unknown command "netwrok"; did you mean network? see: sluice help
        nonsense | unknown command "nonsense"; see: sluice help
        network crate | unknown command "crate"; did you mean create? see: sluice help network
        network create x --subnt 1 | unknown option "--subnt"; did you mean --subnet? see: sluice help network create
        status all | unexpected argument "all"; see: sluice help status
        network create | missing required parameter: 'NAME'; see: sluice help network create
        network create x --mtu a | invalid value for option '--mtu': 'a' is not an int; see: sluice help network create
        """)
    void shouldExplainAWrongLineInOneSentence(final String line, final String error) {
        final Ran ran = run(line);

        assertEquals(2, ran.status());
        assertEquals("", ran.out());
        assertEquals("sluice: " + error + "\n", ran.err());
    }

    @Test
    void shouldDescribeEveryCommandOptionAndParameter() {
        describe(SluiceCli.commandLine());
    }

    private static void describe(final CommandLine command) {
        final String name = command.getCommandSpec().qualifiedName();
        assertTrue(command.getCommandSpec().usageMessage().description().length > 0, name);
        command.getCommandSpec().args().forEach(argument ->
            assertTrue(argument.description().length > 0, name + " " + argument.paramLabel()));
        command.getSubcommands().values().forEach(SluiceCliTest::describe);
    }

    private static Ran run(final String line) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        final PrintStream out0 = System.out;
        final PrintStream err0 = System.err;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            final int status = SluiceCli.run(line.isEmpty() ? new String[0] : line.split(" "));
            return new Ran(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out0);
            System.setErr(err0);
        }
    }
}
