package org.sluice.control.cli;

import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sluice capture}: writes live frames to a file. */
@Command(name = "capture",
    description = "Write live frames to a pcapng file, as they come in and as they leave, until it is interrupted.")
final class CaptureCommand implements Callable<Integer> {
    private static final String PATH = "/v1/capture";

    @Spec
    private CommandSpec command;

    @Mixin
    private ClientOptions client;

    @Option(names = {"-w", "--write"}, paramLabel = "FILE", required = true,
        description = "The pcapng file, which Wireshark opens; an existing file is replaced. A hyphen is standard"
            + " output, for: sluice capture -w - | tcpdump -r -")
    private Path file;

    @Option(names = {"-c", "--count"}, paramLabel = "N",
        description = "End after this many frames. Default: when it is interrupted.")
    private @Nullable Long count;

    @Option(names = {"-s", "--snaplen"}, paramLabel = "BYTES",
        description = "Write at most this many bytes of each frame. Default: all.")
    private @Nullable Integer snaplen;

    @Option(names = "--max-bytes", paramLabel = "BYTES",
        description = "End when the file has this many bytes. Default: 1 GiB.")
    private @Nullable Long maxBytes;

    @Parameters(paramLabel = "FILTER", arity = "0..*", description = TraceCommand.FILTER_HELP)
    private List<String> filter = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        if (!"-".equals(file.toString())) {
            final JsonNode end = capture(file.toAbsolutePath().normalize(), null);
            client.print(end, all -> summary(all, all.path("file").asText()));
            return 0;
        }
        if (isTerminal()) {
            throw new ParameterException(command.commandLine(), "a capture is binary, and standard output is a"
                + " terminal; name a file, or pipe it: sluice capture -w - | tcpdump -r -");
        }
        try (CaptureStream stream = new CaptureStream()) {
            command.commandLine().getErr().print(summary(capture(stream.file(), stream), "standard output"));
            command.commandLine().getErr().flush();
        }
        return 0;
    }

    private JsonNode capture(final Path to, final @Nullable CaptureStream stream) throws IOException {
        final ApiClient api = client.api();
        final ObjectNode request = TraceCommand.request(filter);
        request.put("file", to.toString()).put("snaplen", snaplen).put("frames", count).put("maxBytes", maxBytes);
        api.post(PATH, request);
        final PrintWriter err = command.commandLine().getErr();
        final boolean interactive = isTerminal();
        final JsonNode[] ended = new JsonNode[1];
        try (Polling polling = new Polling(() -> ended[0] = api.deleteAndGet(PATH))) {
            if (stream != null) {
                stream.begin();
            }
            boolean full = false;
            while (!full && polling.pause()) {
                final JsonNode progress = api.get(PATH);
                full = progress.path("full").asBoolean() || stream != null && !stream.copy();
                if (interactive) {
                    err.printf("\r%d frames, %d bytes", progress.path("frames").asLong(),
                        progress.path("bytes").asLong());
                    err.flush();
                }
            }
        }
        if (stream != null) {
            stream.copy();
        }
        if (interactive) {
            err.println();
        }
        return ended[0];
    }

    private static String summary(final JsonNode end, final String name) {
        return String.format("%d frames in %s, %d bytes; %d came too fast to write%n",
            end.path("frames").asLong(), name, end.path("bytes").asLong(), end.path("lost").asLong());
    }

    /** Whether somebody watches: some consoles are there without a terminal too. */
    private static boolean isTerminal() {
        final Console console = System.console();
        return console != null && console.isTerminal();
    }
}
