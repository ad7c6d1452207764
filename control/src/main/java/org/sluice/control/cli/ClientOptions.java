package org.sluice.control.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.function.Supplier;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SequenceWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.sluice.control.Daemon;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of every command that talks to the daemon: where the daemon is, and how to print. */
final class ClientOptions {
    static final String DEFAULT_RUN_DIR = "${env:SLUICE_RUN_DIR:-/run/sluice}";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--run-dir", paramLabel = "DIR", defaultValue = DEFAULT_RUN_DIR,
        description = "The daemon's run folder, which holds its socket. Default: $SLUICE_RUN_DIR, or /run/sluice.")
    private Path runDir;

    @Option(names = "--json", description = "Print JSON instead of text.")
    private boolean json;

    ApiClient api() {
        return new ApiClient(runDir.resolve(Daemon.API_SOCKET));
    }

    boolean isJson() {
        return json;
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    /** Prints an answer: as it is with --json, otherwise as human-readable text. */
    void print(final JsonNode answer, final Function<JsonNode, Object> text) {
        final PrintWriter out = command.commandLine().getOut();
        out.print(json ? pretty(answer) : text.apply(answer));
        out.flush();
    }

    /**
     * Prints a list that comes in parts, so that only one of them is in memory: as one list with --json.
     *
     * @param next gives the next part; an empty one ends the list.
     */
    void printParts(final Supplier<JsonNode> next, final Function<JsonNode, Object> text) {
        final PrintWriter out = command.commandLine().getOut();
        if (!json) {
            for (JsonNode part = next.get(); !part.isEmpty(); part = next.get()) {
                out.print(text.apply(part));
                out.flush();
            }
            return;
        }
        try (SequenceWriter list = JSON.writerWithDefaultPrettyPrinter()
            .without(JsonGenerator.Feature.AUTO_CLOSE_TARGET).writeValuesAsArray(out)) {
            for (JsonNode part = next.get(); !part.isEmpty(); part = next.get()) {
                list.writeAll(part);
            }
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
        out.println();
        out.flush();
    }

    static String pretty(final JsonNode answer) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(answer) + '\n';
        } catch (final JsonProcessingException ex) {
            throw new IllegalStateException(ex);
        }
    }
}
