package org.sluice.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;

import org.sluice.control.http.UnixHttpClient;
import org.sluice.linux.testbed.TestNamespace;

/**
 * Stands for a host that runs Sluice: a network namespace with a daemon in it, and more namespaces that stand for its
 * containers. Closing it removes all of them.
 */
public final class SluiceHost implements AutoCloseable {
    private static final String LAUNCHER = System.getProperty("sluice.launcher");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final TestNamespace namespace;
    private final List<TestNamespace> containers = new ArrayList<>();
    private final List<String> options;
    private final Path folder;
    private Process daemon;

    /** The exit status and the output of a command. */
    public record Result(int status, String out, String err) {
    }

    /** A host without a LAN. */
    public SluiceHost() {
        this(namespace -> { });
    }

    /**
     * @param prepare sets up the host's namespace before the daemon starts.
     * @param options of the daemon.
     */
    public SluiceHost(final Consumer<TestNamespace> prepare, final String... options) {
        this(new TestNamespace(), prepare, options);
    }

    /**
     * @param namespace of the host; it is closed with this.
     */
    public SluiceHost(final TestNamespace namespace, final Consumer<TestNamespace> prepare, final String... options) {
        this.namespace = namespace;
        this.options = List.of(options);
        try {
            folder = Files.createTempDirectory("sluice-test");
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
        try {
            namespace.exec("ip", "link", "set", "lo", "up");
            prepare.accept(namespace);
            start();
        } catch (final AssertionError ex) {
            close();
            throw ex;
        }
    }

    public TestNamespace namespace() {
        return namespace;
    }

    /** The process of the daemon. */
    public ProcessHandle process() {
        return daemon.toHandle();
    }

    /** Starts the daemon and waits until it answers. */
    public void start() {
        final List<String> command =
            new ArrayList<>(List.of("daemon", "--run-dir", runDir().toString(), "--state-dir", stateDir().toString()));
        if (!options.contains("--docker-socket")) {
            command.addAll(List.of("--docker-socket", "none"));
        }
        command.addAll(options);
        daemon = spawn(command.toArray(String[]::new));
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!Files.exists(socket())) {
            if (!daemon.isAlive() || System.nanoTime() > deadline) {
                throw new AssertionError("the daemon did not start: " + log());
            }
            sleep(10);
        }
    }

    /** Ends the daemon with SIGTERM and returns its exit status. */
    public int stop() {
        daemon.destroy();
        return awaitEnd();
    }

    /** Ends the daemon with SIGKILL. */
    public void kill() {
        daemon.destroyForcibly();
        awaitEnd();
        try {
            Files.deleteIfExists(socket());
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private int awaitEnd() {
        try {
            if (!daemon.waitFor(20, TimeUnit.SECONDS)) {
                throw new AssertionError("the daemon does not end: " + log());
            }
            return daemon.exitValue();
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }

    public Path runDir() {
        return folder.resolve("run");
    }

    public Path stateDir() {
        return folder.resolve("state");
    }

    public Path socket() {
        return runDir().resolve("api.sock");
    }

    public String log() {
        try {
            return Files.readString(folder.resolve("daemon.log"));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** A namespace that stands for a container. */
    public TestNamespace container() {
        final TestNamespace container = new TestNamespace();
        containers.add(container);
        return container;
    }

    /** Attaches a new container to a network and returns its namespace. */
    public TestNamespace attach(final String network, final String name, final String... options) {
        final TestNamespace container = container();
        final List<String> command =
            new ArrayList<>(List.of("endpoint", "attach", network, "--netns", container.name(), "--name", name));
        command.addAll(List.of(options));
        ok(command.toArray(String[]::new));
        return container;
    }

    /** Runs a command in the host's namespace. */
    public String exec(final String... command) {
        return namespace.exec(command);
    }

    /** Runs {@code sluice} and returns its status and output. */
    public Result sluice(final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(LAUNCHER));
        command.addAll(List.of(arguments));
        return run(command);
    }

    /** Runs a line of shell that begins with the arguments of {@code sluice}; returns the last command's output. */
    public String shell(final String line) {
        final Result result = run(List.of("bash", "-o", "pipefail", "-c", "\"$0\" " + line, LAUNCHER));
        if (result.status() != 0) {
            throw new AssertionError("sluice " + line + " gave " + result + "\n" + log());
        }
        return result.out() + result.err();
    }

    private Result run(final List<String> command) {
        try {
            final ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("SLUICE_RUN_DIR", runDir().toString());
            final Path err = folder.resolve("cli.err");
            builder.redirectError(err.toFile());
            final Process process = builder.start();
            final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), out, Files.readString(err));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }

    /** Runs {@code sluice}, which must succeed, and returns its output. */
    public String ok(final String... arguments) {
        final Result result = sluice(arguments);
        if (result.status() != 0 || !result.err().isEmpty()) {
            throw new AssertionError("sluice " + String.join(" ", arguments) + " gave " + result + "\n" + log());
        }
        return result.out();
    }

    /** Runs {@code sluice ... --json}, which must succeed, and returns its JSON. */
    public JsonNode json(final String... arguments) {
        final List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--json");
        try {
            return JSON.readTree(ok(all.toArray(String[]::new)));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Asks the API, which answers faster than the command line. */
    public JsonNode get(final String path) {
        try {
            return JSON.readTree(call("GET", path, "").body());
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Sends a request to the API and returns its answer. */
    public UnixHttpClient.Answer call(final String method, final String path, final String body) {
        try {
            return UnixHttpClient.call(socket(), method, path, body.getBytes(StandardCharsets.UTF_8));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Starts another {@code sluice} in the host's namespace. */
    public Process spawn(final String... arguments) {
        return spawn(Map.of(), arguments);
    }

    /** The same with additional environment variables. */
    public Process spawn(final Map<String, String> environment, final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(LAUNCHER));
        command.addAll(List.of(arguments));
        return start(command, environment);
    }

    private Process start(final List<String> inside, final Map<String, String> environment) {
        final List<String> command = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + namespace.name()));
        command.addAll(inside);
        try {
            final ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().putAll(environment);
            return builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("daemon.log").toFile())).start();
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Starts another daemon, whose run folder has room for so many MiB. */
    public Process spawnInSmallFolder(final int mebibytes, final Path folderOfRun, final Path folderOfState) {
        return start(List.of("unshare", "--mount", "bash", "-c", "mount -t tmpfs -o size=" + mebibytes
            + "m none \"$1\" && exec \"$0\" daemon --run-dir \"$1\" --state-dir \"$2\" --docker-socket none", LAUNCHER,
            folderOfRun.toString(), folderOfState.toString()), Map.of());
    }

    public static void sleep(final long ms) {
        try {
            TimeUnit.MILLISECONDS.sleep(ms);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }

    @Override
    public void close() {
        final String lastStatus = lastStatus();
        // By force, to save time: the tests of a graceful end call stop().
        if (daemon != null) {
            daemon.destroyForcibly();
            awaitEnd();
        }
        containers.forEach(TestNamespace::close);
        namespace.close();
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
        if (lastStatus.contains("in no account")) {
            throw new AssertionError("frames were lost unseen: " + lastStatus);
        }
    }

    /** What the daemon says at the end of its test; empty if the test has ended it, or keeps it from answering. */
    private String lastStatus() {
        if (daemon == null || !daemon.isAlive() || !Files.exists(socket())) {
            return "";
        }
        try {
            return CompletableFuture.supplyAsync(() -> call("GET", "/v1/status", ""))
                .thenApply(answer -> new String(answer.body(), StandardCharsets.UTF_8)).get(3, TimeUnit.SECONDS);
        } catch (final ExecutionException | TimeoutException ex) {
            return "";
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }
}
