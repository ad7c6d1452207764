package org.sluice.linux.sys;

import java.util.Arrays;
import java.util.stream.Collectors;

import jnr.constants.platform.Errno;

/** A system call failed. The message names the call, its arguments and the error. */
public class NativeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    public NativeException(final String call, final int errno, final Object... arguments) {
        this(Arrays.stream(arguments).map(String::valueOf).collect(Collectors.joining(", ", call + "(", ")")), errno,
            "");
    }

    /**
     * @param detail the kernel's explanation besides the error's number, or an empty string.
     */
    protected NativeException(final String operation, final int errno, final String detail) {
        super(operation + ": " + nameOf(errno) + (detail.isEmpty() ? "" : ": " + detail));
        this.errno = errno;
    }

    /** The error's number in the kernel's numbering. */
    public int errno() {
        return errno;
    }

    private static String nameOf(final int errno) {
        final Errno known = Errno.valueOf(errno);
        return known == Errno.__UNKNOWN_CONSTANT__ ? "errno " + errno : known.name() + " (" + known + ")";
    }
}
