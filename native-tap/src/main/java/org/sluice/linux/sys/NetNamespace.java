package org.sluice.linux.sys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A network namespace that is held open. Code runs in it on a thread of its own, which ends with the task: entering a
 * namespace is per thread, and a thread that has entered one must not do anything else.
 */
public final class NetNamespace implements AutoCloseable {
    static final int CLONE_NEWNET = 0x4000_0000;
    private static final String NAMED = "/run/netns/";
    private static final Path OWN = Path.of("/proc/self/ns/net");

    private final FileDescriptor file;
    private final Path path;
    private final long inode;

    private NetNamespace(final Path path) {
        this.path = path;
        file = FileDescriptor.open(path.toString(), Linux.O_RDONLY | Linux.O_NONBLOCK);
        try {
            inode = inodeOf(Path.of("/proc/self/fd/" + file.fd()));
            call(() -> null);
        } catch (final RuntimeException ex) {
            file.close();
            throw ex;
        }
    }

    /**
     * Opens a namespace by the file that stands for it.
     *
     * @throws NamespaceException when there is no such file, or it is no network namespace, or we may not enter it.
     */
    public static NetNamespace open(final Path path) {
        try {
            return new NetNamespace(path);
        } catch (final NativeException ex) {
            throw new NamespaceException("cannot enter the network namespace " + path + ": " + ex.getMessage(), ex);
        }
    }

    /** Opens the namespace that this process runs in. */
    public static NetNamespace own() {
        return open(OWN);
    }

    /**
     * Where a namespace is found.
     *
     * @param nameOrPath a path if there is a slash in it, otherwise a name as {@code ip netns} gives it.
     */
    public static Path pathOf(final String nameOrPath) {
        return Path.of(nameOrPath.contains("/") ? nameOrPath : NAMED + nameOrPath);
    }

    /** Where a process's namespace is found. */
    public static Path pathOfPid(final long pid) {
        return Path.of("/proc/" + pid + "/ns/net");
    }

    public Path path() {
        return path;
    }

    /** Tells namespaces apart: a path may later lead to another one. */
    public long inode() {
        return inode;
    }

    /** For calls that take a namespace's descriptor; valid until {@link #close()}. */
    public int fd() {
        return file.fd();
    }

    /**
     * Runs a task in the namespace and waits for it.
     *
     * @throws NativeException when the namespace cannot be entered.
     */
    public <T> T call(final Callable<T> task) {
        final FutureTask<T> inside = new FutureTask<>(() -> {
            Linux.check(LibC.INSTANCE.setns(file.fd(), CLONE_NEWNET), "setns", path, "CLONE_NEWNET");
            return task.call();
        });
        Thread.ofPlatform().daemon().name("netns " + path.getFileName()).start(inside);
        try {
            return inside.get();
        } catch (final ExecutionException ex) {
            if (ex.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("in the network namespace " + path, ex.getCause());
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in the network namespace " + path, ex);
        }
    }

    @Override
    public void close() {
        file.close();
    }

    private static long inodeOf(final Path file) {
        try {
            return (Long) Files.getAttribute(file, "unix:ino");
        } catch (final IOException ex) {
            throw new NamespaceException("cannot read " + file, ex);
        }
    }
}
