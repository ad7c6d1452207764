package org.sluice.linux.testbed;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.sluice.linux.sys.NetNamespace;

/** A network namespace of the test's own, with a name that no other run has; deleted when it is closed. */
public final class TestNamespace implements NamespaceHandle, AutoCloseable {
    /** Of all those of this process. */
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

    /** Runs a command inside and returns what it printed; a status other than 0 fails the test. */
    public String exec(final String... command) {
        return run(inside(command));
    }

    /** Runs a command inside and returns its status. */
    public int status(final String... command) {
        return tryRun(inside(command)).status();
    }

    /** Runs a command inside and returns what it printed, whatever its status. */
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

    /** Runs a command and returns what it printed; a status other than 0 fails the test. */
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

    /** Deletes all those of this process that are still there, and ends by force what runs in them. */
    public static void removeAll() {
        for (final String line : run("ip", "netns", "list").lines().toList()) {
            final String name = line.split(" ")[0];
            if (name.startsWith(PREFIX)) {
                run("ip", "netns", "pids", name).lines().map(pid -> ProcessHandle.of(Long.parseLong(pid.strip())))
                    .flatMap(Optional::stream).forEach(ProcessHandle::destroyForcibly);
                tryRun("ip", "netns", "del", name);
            }
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
