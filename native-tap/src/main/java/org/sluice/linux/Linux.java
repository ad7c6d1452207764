package org.sluice.linux;

import jnr.ffi.LastError;
import jnr.ffi.Runtime;

/** Constants of the Linux ABI that several classes need, and the way from {@code errno} to an exception. */
final class Linux {
    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_NONBLOCK = 0x800;
    static final int O_CLOEXEC = 0x80000;

    static final int EINTR = 4;
    static final int EIO = 5;
    static final int EAGAIN = 11;
    static final int ENODEV = 19;
    static final int EBADFD = 77;

    private static final Runtime RUNTIME = Runtime.getRuntime(LibC.INSTANCE);

    private Linux() {
    }

    /** The error of this thread's last call. */
    static int errno() {
        return LastError.getLastError(RUNTIME);
    }

    /**
     * Passes a call's result on.
     *
     * @param call what was called, for people.
     * @param arguments with what, for people; evaluated by the caller, so not for hot paths.
     * @throws NativeException when the result is negative.
     */
    static int check(final int result, final String call, final Object... arguments) {
        if (result < 0) {
            throw new NativeException(call, errno(), arguments);
        }
        return result;
    }
}
