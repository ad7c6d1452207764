package org.sluice.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.NamespaceHandle;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.SluiceHost.Result;

/**
 * A real dockerd in the network namespace of a host, with folders and a socket of its own. Its only image is busybox.
 * Closing it removes its containers, processes, mounts and folders.
 */
public final class DockerEngine implements AutoCloseable {
    public static final String IMAGE = "busybox";
    /** The build unpacks Docker here, unless the machine has a Docker of its own. */
    private static final Path UNPACKED = Path.of(System.getProperty("sluice.docker"));
    private static final Path BUSYBOX = Path.of("/bin/busybox");

    private final TestNamespace host;
    private final List<String> options;
    private final Path folder;
    private Process dockerd;

    /** Stands for a container of this engine. */
    public final class Container implements NamespaceHandle {
        private final String name;

        private Container(final String name) {
            this.name = name;
        }

        String name() {
            return name;
        }

        @Override
        public NetNamespace open() {
            return NetNamespace.open(NetNamespace.pathOfPid(pid()));
        }

        /** The process ID of its first process. */
        public long pid() {
            return Long.parseLong(inspect("{{.State.Pid}}"));
        }

        /** Runs a command inside and returns its status and output. */
        public Result exec(final String... command) {
            final List<String> all = new ArrayList<>(List.of("exec", name));
            all.addAll(List.of(command));
            return tryDocker(all.toArray(String[]::new));
        }

        public String inspect(final String format) {
            return docker("inspect", "-f", format, name).strip();
        }
    }

    /**
     * @param folder  of the engine's own.
     * @param options of dockerd.
     */
    public DockerEngine(final TestNamespace host, final Path folder, final String... options) {
        this.host = host;
        this.options = List.of(options);
        this.folder = folder;
        try {
            Files.createDirectories(folder);
            start();
            importImage();
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (final AssertionError ex) {
            close();
            throw ex;
        }
    }

    public Path socket() {
        return folder.resolve("docker.sock");
    }

    /** The process of dockerd. */
    public ProcessHandle process() {
        return dockerd.toHandle();
    }

    /** Starts dockerd and waits until it answers. */
    public void start() {
        final List<String> command = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + host.name(), "dockerd",
            "--data-root", folder.resolve("data").toString(), "--exec-root", folder.resolve("exec").toString(),
            "--pidfile", folder.resolve("dockerd.pid").toString(), "--host", "unix://" + socket(),
            "--storage-driver", "vfs"));
        command.addAll(options);
        try {
            dockerd = builder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("dockerd.log").toFile())).start();
        } catch (final IOException ex) {
            throw new AssertionError("there is no dockerd; get one by: make test", ex);
        }
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (tryDocker("version").status() != 0) {
            if (!dockerd.isAlive() || System.nanoTime() > deadline) {
                throw new AssertionError("dockerd did not start: " + log());
            }
            SluiceHost.sleep(50);
        }
    }

    /** Ends dockerd with SIGTERM, as systemctl does. */
    public void stop() {
        dockerd.destroy();
        awaitEnd();
    }

    /** Ends dockerd and its containerd with SIGKILL. The next dockerd would take a dying containerd for a live one. */
    public void kill() {
        dockerd.destroyForcibly();
        awaitEnd();
        endWhatIsLeft("containerd");
        try {
            Files.deleteIfExists(folder.resolve("exec/containerd/containerd.pid"));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private void awaitEnd() {
        try {
            if (!dockerd.waitFor(60, TimeUnit.SECONDS)) {
                throw new AssertionError("dockerd does not end: " + log());
            }
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }

    public String log() {
        try {
            return Files.readString(folder.resolve("dockerd.log"));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private void importImage() throws IOException {
        final Path bin = Files.createDirectories(folder.resolve("image/bin"));
        Files.copy(BUSYBOX, bin.resolve("busybox"));
        for (final String applet : TestNamespace.run(BUSYBOX.toString(), "--list").split("\\s+")) {
            if (!"busybox".equals(applet)) {
                Files.createSymbolicLink(bin.resolve(applet), Path.of("busybox"));
            }
        }
        final Path archive = folder.resolve("image.tar");
        TestNamespace.run("tar", "-C", folder.resolve("image").toString(), "-cf", archive.toString(), ".");
        docker("import", archive.toString(), IMAGE);
    }

    /** Runs {@code docker}, which must succeed, and returns its output. */
    public String docker(final String... arguments) {
        final Result result = tryDocker(arguments);
        if (result.status() != 0) {
            throw new AssertionError("docker " + String.join(" ", arguments) + " gave " + result + "\n" + log());
        }
        return result.out();
    }

    /** Runs {@code docker} and returns its status and output. */
    public Result tryDocker(final String... arguments) {
        final List<String> command = new ArrayList<>(List.of("docker", "--host", "unix://" + socket()));
        command.addAll(List.of(arguments));
        try {
            final Path err = Files.createTempFile(folder, "docker", ".err");
            final Process process = builder(command).redirectError(err.toFile()).start();
            final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            final Result result = new Result(process.waitFor(), out, Files.readString(err));
            Files.delete(err);
            return result;
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }

    /** Starts a container that sleeps. */
    public Container run(final String name, final String... options) {
        final List<String> command = new ArrayList<>(List.of("run", "-d", "--name", name));
        command.addAll(List.of(options));
        command.addAll(List.of(IMAGE, "sleep", "100000"));
        docker(command.toArray(String[]::new));
        return container(name);
    }

    /** A container that exists already. */
    public Container container(final String name) {
        return new Container(name);
    }

    private static ProcessBuilder builder(final List<String> command) {
        final ProcessBuilder builder = new ProcessBuilder(command);
        if (Files.isDirectory(UNPACKED)) {
            builder.environment().merge("PATH", UNPACKED.resolve("usr/sbin") + ":" + UNPACKED.resolve("usr/bin"),
                (path, own) -> own + ":" + path);
        }
        // The path of the program itself is looked up in this process's environment, not in the other's.
        final Path program = Stream.of("usr/sbin", "usr/bin").map(UNPACKED::resolve)
            .map(bin -> bin.resolve(command.getFirst())).filter(Files::isExecutable).findFirst().orElse(null);
        if (program != null) {
            command.set(0, program.toString());
        }
        return builder;
    }

    @Override
    public void close() {
        final Result containers = tryDocker("ps", "-aq");
        if (containers.status() == 0 && !containers.out().isBlank()) {
            final List<String> remove = new ArrayList<>(List.of("rm", "-f"));
            remove.addAll(List.of(containers.out().strip().split("\\s+")));
            tryDocker(remove.toArray(String[]::new));
        }
        dockerd.destroy();
        try {
            if (!dockerd.waitFor(30, TimeUnit.SECONDS)) {
                dockerd.destroyForcibly();
            }
            endWhatIsLeft("containerd");
            // Namespaces of containers that dockerd has not ended are still mounted.
            for (final String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
                final String mount = line.split(" ")[1];
                if (mount.startsWith(folder.toString())) {
                    TestNamespace.run("umount", "-l", mount);
                }
            }
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        delete(folder);
    }

    /** Ends the processes that a killed dockerd has left running. Their command lines name our folder. */
    private void endWhatIsLeft(final String program) {
        ProcessHandle.allProcesses()
            .filter(process -> process.info().command().orElse("").contains(program)
                && process.info().commandLine().orElse("").contains(folder.toString()))
            .forEach(process -> {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            });
    }

    /** Deletes a folder with all that is in it. */
    public static void delete(final Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
