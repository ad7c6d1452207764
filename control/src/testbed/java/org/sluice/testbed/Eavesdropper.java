package org.sluice.testbed;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.sluice.linux.testbed.TestNamespace;

/** Listens to an interface with tcpdump, so that a test sees which frames pass there. */
public final class Eavesdropper implements AutoCloseable {
    private static final long SETTLE_MS = 300;
    /** The length of a pcap file without a frame. */
    private static final int FILE_HEADER_BYTES = 24;

    private final Path file;
    private final Process tcpdump;

    /** Listens to a container's eth0. */
    public Eavesdropper(final TestNamespace container) {
        this(container, "eth0");
    }

    /**
     * @param options of tcpdump, and its filter.
     */
    Eavesdropper(final TestNamespace namespace, final String link, final String... options) {
        try {
            file = Files.createTempFile("sluice-test", ".pcap");
            final List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace.name(), "tcpdump",
                "-i", link, "-U", "--immediate-mode", "-Z", "root", "-w", file.toString()));
            command.addAll(List.of(options));
            tcpdump = new ProcessBuilder(command).redirectErrorStream(true).start();
            awaitListening(tcpdump.inputReader());
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static void awaitListening(final BufferedReader output) throws IOException {
        final StringBuilder said = new StringBuilder();
        while (!said.toString().contains("listening on")) {
            final String line = output.readLine();
            if (line == null) {
                throw new AssertionError("tcpdump did not start: " + said);
            }
            said.append(line).append('\n');
        }
    }

    /** Whether a frame with these words has passed so far. */
    public boolean hasHeard(final String words) {
        SluiceHost.sleep(SETTLE_MS);
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(words);
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Whether any frame has passed so far. */
    public boolean hasHeardAnything() {
        SluiceHost.sleep(SETTLE_MS);
        return file.toFile().length() > FILE_HEADER_BYTES;
    }

    @Override
    public void close() {
        tcpdump.destroy();
        try {
            tcpdump.waitFor(10, TimeUnit.SECONDS);
            Files.deleteIfExists(file);
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
