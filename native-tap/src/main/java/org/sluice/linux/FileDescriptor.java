package org.sluice.linux;

/** A file descriptor that this process owns and closes once. */
final class FileDescriptor implements AutoCloseable {
    private int fd;

    FileDescriptor(final int fd) {
        this.fd = fd;
    }

    /**
     * Opens a file, close-on-exec.
     *
     * @throws NativeException when it cannot.
     */
    static FileDescriptor open(final String path, final int flags) {
        return new FileDescriptor(Linux.check(LibC.INSTANCE.open(path, flags | Linux.O_CLOEXEC), "open", path));
    }

    int fd() {
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
