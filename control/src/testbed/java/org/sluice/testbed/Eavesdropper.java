package org.sluice.testbed;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import org.sluice.linux.testbed.TestNamespace;

/** Listens to a container's eth0 with tcpdump, so that a test sees which frames reach it. */
public final class Eavesdropper implements AutoCloseable {
    private static final long SETTLE_MS = 300;

    private final Path file;
    private final Process tcpdump;

    public Eavesdropper(final TestNamespace container) {
        try {
            file = Files.createTempFile("sluice-test", ".pcap");
            tcpdump = new ProcessBuilder("ip", "netns", "exec", container.name(), "tcpdump", "-i", "eth0", "-U",
                "--immediate-mode", "-Z", "root", "-w", file.toString()).redirectErrorStream(true).start();
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
