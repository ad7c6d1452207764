package org.sluice.linux.sys;

import jnr.ffi.LastError;
import jnr.ffi.Runtime;

/**
 * Constants of the Linux ABI that several classes need, and the conversion of {@code errno} to an exception. Any
 * thread.
 */
public final class Linux {
    static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_NONBLOCK = 0x800;
    public static final int O_CLOEXEC = 0x80000;

    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int EAGAIN = 11;
    public static final int ENODEV = 19;
    public static final int EBADFD = 77;

    private static final Runtime RUNTIME = Runtime.getRuntime(LibC.INSTANCE);

    private Linux() {
    }

    /** The error of this thread's last call. */
    public static int errno() {
        return LastError.getLastError(RUNTIME);
    }

    /**
     * Checks a call's result and returns it.
     *
     * @param call      the call, human-readable.
     * @param arguments its arguments, human-readable; the caller evaluates them, so this is not for hot paths.
     * @throws NativeException when the result is negative.
     */
    public static int check(final int result, final String call, final Object... arguments) {
        if (result < 0) {
            throw new NativeException(call, errno(), arguments);
        }
        return result;
    }
}
