package org.sluice.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** Runs other programs with a time limit. Any thread. */
public final class Programs {
    private Programs() {
    }

    /**
     * Runs a program to its end, and returns its output.
     *
     * @throws IllegalStateException when the program fails, or exceeds its time.
     */
    public static String run(final int seconds, final String... command) {
        try {
            return output(new ProcessBuilder(command).redirectErrorStream(true).start(), seconds,
                String.join(" ", command));
        } catch (final IOException ex) {
            throw new IllegalStateException("cannot run " + String.join(" ", command), ex);
        }
    }

    /**
     * Waits for a process's end, and returns its output.
     *
     * @param shown its command, human-readable.
     * @throws IllegalStateException when the process fails, or exceeds its time.
     */
    public static String output(final Process process, final int seconds, final String shown) {
        final Thread guard = Thread.ofVirtual().start(() -> {
            try {
                if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (final InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
        });
        try {
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            final int status = process.waitFor();
            guard.interrupt();
            if (status != 0) {
                throw new IllegalStateException(shown + " ended with " + status + ": " + output);
            }
            return output;
        } catch (final IOException ex) {
            throw new IllegalStateException(shown, ex);
        } catch (final InterruptedException ex) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", ex);
        }
    }

    /** Whether a program of that name exists. */
    public static boolean isInstalled(final String program) {
        return Arrays.stream(System.getenv("PATH").split(":")).anyMatch(folder ->
            Files.isExecutable(Path.of(folder, program)));
    }
}
