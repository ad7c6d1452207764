package org.sluice.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds and runs Open vSwitch's programs: the ones that the build has unpacked, or else the machine's own. They use a
 * folder of the test instead of the machine's.
 */
final class OvsTools {
    private static final Path UNPACKED = Path.of(System.getProperty("sluice.docker")).resolveSibling("ovs");
    private static final Path SCHEMA = Path.of("usr/share/openvswitch/vswitch.ovsschema");

    private final Path folder;

    OvsTools(final Path folder) {
        this.folder = folder;
    }

    /** Prepares a command of Open vSwitch with the environment that it needs. */
    ProcessBuilder builder(final String... command) {
        command[0] = program(command[0]);
        final ProcessBuilder builder = new ProcessBuilder(command);
        for (final String variable : new String[] {"OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"}) {
            builder.environment().put(variable, folder.toString());
        }
        if (Files.isDirectory(UNPACKED)) {
            builder.environment().merge("LD_LIBRARY_PATH", libraries(), (own, more) -> more + ":" + own);
        }
        return builder;
    }

    /** Runs a command of Open vSwitch and returns its output; a status other than 0 fails the test. */
    public String run(final String... command) {
        try {
            final Process process = builder(command).redirectErrorStream(true).start();
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new AssertionError(String.join(" ", command) + " failed: " + output);
            }
            return output;
        } catch (final IOException ex) {
            throw new AssertionError("there is no Open vSwitch; get it by: make test", ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }

    /** The schema of Open vSwitch's database. */
    Path schema() {
        final Path unpacked = UNPACKED.resolve(SCHEMA);
        return Files.exists(unpacked) ? unpacked : Path.of("/").resolve(SCHEMA);
    }

    private static String program(final String name) {
        return Stream.of("usr/sbin", "usr/bin").map(UNPACKED::resolve).map(bin -> bin.resolve(name))
            .filter(Files::isExecutable).map(Path::toString).findFirst().orElse(name);
    }

    /** Debian has one folder of libraries for each architecture. */
    private static String libraries() {
        try (Stream<Path> folders = Files.list(UNPACKED.resolve("usr/lib"))) {
            final List<Path> all = folders.filter(path -> path.toString().endsWith("-linux-gnu")).toList();
            return all.stream().map(Path::toString).collect(Collectors.joining(":"));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
