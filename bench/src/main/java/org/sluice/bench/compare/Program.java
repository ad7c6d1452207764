package org.sluice.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.sluice.bench.Programs;

/**
 * A running program of the comparison in its place. A load's client runs to its end; {@link #close} ends a server. All
 * have a time limit. Used by one thread.
 */
final class Program implements AutoCloseable {
    private static final long READY_NS = TimeUnit.SECONDS.toNanos(10);
    private static final int LISTEN_STATE = 0x0A;

    private final Place place;
    private final String shown;
    private final Process process;

    private Program(final Place place, final String... command) {
        this.place = place;
        shown = String.join(" ", command);
        try {
            process = new ProcessBuilder(place.command(command)).redirectErrorStream(true).start();
        } catch (final IOException ex) {
            throw new MeasurementException("cannot run " + shown, ex);
        }
    }

    /**
     * Runs a program to its end, and returns its output.
     *
     * @throws IllegalStateException when the program fails, or exceeds its time.
     */
    static String run(final Place place, final int seconds, final String... command) {
        try (Program program = new Program(place, command)) {
            return program.output(seconds);
        }
    }

    /** Starts a program that ends by itself. */
    static Program start(final Place place, final String... command) {
        return new Program(place, command);
    }

    /** Starts a server and waits until it listens on the port. */
    static Program serve(final Place place, final boolean tcp, final int port, final String... command) {
        final Program program = new Program(place, command);
        final long deadline = System.nanoTime() + READY_NS;
        while (!program.listens(tcp, port)) {
            if (!program.process.isAlive() || System.nanoTime() > deadline) {
                program.close();
                throw new MeasurementException("no server on port " + port + ": " + program.shown);
            }
            sleep(5);
        }
        return program;
    }

    /** Runs a client of this server, and ends the server. */
    <T> T during(final Supplier<T> client) {
        try (this) {
            return client.get();
        }
    }

    /**
     * Whether the process has entered its place. It enters by itself, and until then sees another namespace's sockets.
     */
    private boolean hasArrived() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + process.pid() + "/ns/net")).toString()
                .equals("net:[" + Files.getAttribute(Path.of(place.netns()), "unix:ino") + "]");
        } catch (final IOException ex) {
            return false;
        }
    }

    private boolean listens(final boolean tcp, final int port) {
        if (!hasArrived()) {
            return false;
        }
        final String wanted = String.format(":%04X", port);
        final String folder = "/proc/" + process.pid() + "/net/";
        for (final String file : tcp ? new String[] {"tcp", "tcp6"} : new String[] {"udp", "udp6"}) {
            try (Stream<String> lines = Files.lines(Path.of(folder + file))) {
                // sl local-address remote-address state ...
                if (lines.map(line -> line.strip().split("\\s+")).anyMatch(words -> words[1].endsWith(wanted)
                    && (!tcp || Integer.parseInt(words[3], 16) == LISTEN_STATE))) {
                    return true;
                }
            } catch (final IOException ex) {
                return false;
            }
        }
        return false;
    }

    /** Waits for its end, and returns its output. */
    String output(final int seconds) {
        return Programs.output(process, seconds, shown);
    }

    static void sleep(final long ms) {
        try {
            TimeUnit.MILLISECONDS.sleep(ms);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new MeasurementException("interrupted", ex);
        }
    }

    /** The word after the given one, which must be present. */
    static String after(final String output, final String word) {
        final List<String> words = List.of(output.strip().split("\\s+"));
        final int at = words.indexOf(word);
        if (at < 0 || at + 1 == words.size()) {
            throw new MeasurementException("no \"" + word + "\" in: " + output);
        }
        return words.get(at + 1);
    }

    /** Ends the program, if it has not ended by itself. */
    void stop() {
        process.destroy();
        try {
            if (!process.waitFor(2, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (final InterruptedException ex) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop();
    }
}
