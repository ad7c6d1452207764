package org.sluice.linux.testbed;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.sluice.linux.sys.NetNamespace;

/**
 * A network namespace with a name that no other run has. It stands for a host, a container, or a piece of the network
 * between them. Closing it deletes it.
 */
public final class TestNamespace implements NamespaceHandle, AutoCloseable {
    /** Begins the names of all namespaces that this process makes. */
    private static final String PREFIX = "slt" + ProcessHandle.current().pid() + "-";
    private static final AtomicInteger NEXT = new AtomicInteger();

    private final String name;
    private boolean deleted;

    public TestNamespace() {
        name = PREFIX + NEXT.incrementAndGet();
        run("ip", "netns", "add", name);
    }

    public static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    public String name() {
        return name;
    }

    @Override
    public NetNamespace open() {
        return NetNamespace.open(NetNamespace.pathOf(name));
    }

    /** Runs a command inside and returns its output; a status other than 0 fails the test. */
    public String exec(final String... command) {
        return run(inside(command));
    }

    /** Runs a command inside and returns its status. */
    public int status(final String... command) {
        return tryRun(inside(command)).status();
    }

    /** Runs a command inside and returns its output, whatever its status. */
    public String tryExec(final String... command) {
        return tryRun(inside(command)).output();
    }

    private record Ended(int status, String output) {
    }

    private String[] inside(final String... command) {
        final List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", name));
        inside.addAll(List.of(command));
        return inside.toArray(String[]::new);
    }

    /** Runs a command and returns its output; a status other than 0 fails the test. */
    public static String run(final String... command) {
        final Ended ended = tryRun(command);
        if (ended.status() != 0) {
            throw new AssertionError(String.join(" ", command) + " failed: " + ended.output());
        }
        return ended.output();
    }

    private static Ended tryRun(final String... command) {
        try {
            final Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new AssertionError(String.join(" ", command) + " does not end: " + output);
            }
            return new Ended(process.exitValue(), output);
        } catch (final IOException ex) {
            throw new AssertionError(String.join(" ", command), ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(String.join(" ", command), ex);
        }
    }

    /** The names of the namespaces of this process that exist now. */
    static List<String> all() {
        return run("ip", "netns", "list").lines().map(line -> line.split(" ")[0])
            .filter(name -> name.startsWith(PREFIX)).toList();
    }

    /** Deletes all namespaces of this process, and ends the processes in them by force. */
    public static void removeAll() {
        for (final String name : all()) {
            run("ip", "netns", "pids", name).lines().map(pid -> ProcessHandle.of(Long.parseLong(pid.strip())))
                .flatMap(Optional::stream).forEach(ProcessHandle::destroyForcibly);
            tryRun("ip", "netns", "del", name);
        }
    }

    /** Deletes the namespace now. */
    public void delete() {
        if (!deleted) {
            deleted = true;
            run("ip", "netns", "del", name);
        }
    }

    @Override
    public void close() {
        delete();
    }
}
