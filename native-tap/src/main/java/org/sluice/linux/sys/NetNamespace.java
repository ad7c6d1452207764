package org.sluice.linux.sys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A network namespace that is held open. Code runs in it on a separate thread, which ends with the task: a thread
 * enters a namespace for itself alone, and must do nothing else afterwards. Any thread.
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
     * Opens a namespace through its file.
     *
     * @throws NamespaceException when the file does not exist, is no network namespace, or may not be entered.
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
     * The path of a namespace.
     *
     * @param nameOrPath a path if it contains a slash, otherwise a name of {@code ip netns}.
     */
    public static Path pathOf(final String nameOrPath) {
        return Path.of(nameOrPath.contains("/") ? nameOrPath : NAMED + nameOrPath);
    }

    /** The path of a process's namespace. */
    public static Path pathOfPid(final long pid) {
        return Path.of("/proc/" + pid + "/ns/net");
    }

    public Path path() {
        return path;
    }

    /**
     * Whether a namespace is still somebody's: its file leads to it, or a process lives in it.
     *
     * @param path  that led to it.
     * @param inode of it.
     */
    public static boolean isInUse(final Path path, final long inode) {
        if (leadsTo(path, inode)) {
            return true;
        }
        return ProcessHandle.allProcesses().anyMatch(process -> leadsTo(pathOfPid(process.pid()), inode));
    }

    private static boolean leadsTo(final Path path, final long inode) {
        try {
            return inodeOf(path) == inode;
        } catch (final NamespaceException ex) {
            return false; // the file, or the process, is gone
        }
    }

    /** Identifies the namespace: a path may later lead to another one. */
    public long inode() {
        return inode;
    }

    /** Descriptor for calls that need one; valid until {@link #close()}. */
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
