package org.sluice.linux.sys;

/** A file descriptor that this process owns and closes once. Used by one thread at a time. */
public final class FileDescriptor implements AutoCloseable {
    private int fd;

    public FileDescriptor(final int fd) {
        this.fd = fd;
    }

    /**
     * Opens a file, close-on-exec.
     *
     * @throws NativeException when the file cannot be opened.
     */
    public static FileDescriptor open(final String path, final int flags) {
        return new FileDescriptor(Linux.check(LibC.INSTANCE.open(path, flags | Linux.O_CLOEXEC), "open", path));
    }

    public int fd() {
        return fd;
    }

    @Override
    public void close() {
        if (fd >= 0) {
            LibC.INSTANCE.close(fd);
            fd = -1;
        }
    }
}
