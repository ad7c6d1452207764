package org.sluice.linux.bpf;

import org.agrona.concurrent.UnsafeBuffer;

import jnr.ffi.LastError;
import jnr.ffi.Runtime;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.NativeException;

/**
 * The bpf(2) system call: one function, whose command gives the attribute block its meaning (Linux uapi/linux/bpf.h,
 * {@code union bpf_attr}). Any thread.
 */
final class Bpf {
    static final int MAP_CREATE = 0;
    static final int MAP_UPDATE = 2;
    static final int MAP_DELETE = 3;
    static final int PROG_LOAD = 5;
    static final int LINK_CREATE = 28;
    static final int ATTRIBUTE_BYTES = 128;

    private static final long BPF_SYSCALL_X86_64 = 321;
    private static final long BPF_SYSCALL_GENERIC = 280;
    static final long NUMBER =
        "amd64".equals(System.getProperty("os.arch")) ? BPF_SYSCALL_X86_64 : BPF_SYSCALL_GENERIC;
    private static final Runtime RUNTIME = Runtime.getRuntime(LibC.INSTANCE);

    private Bpf() {
    }

    /** Fills an attribute block that is all zero. */
    @FunctionalInterface
    interface Filler {
        /** Offsets are those of {@code union bpf_attr} for the command. */
        void fill(UnsafeBuffer attributes);
    }

    /**
     * Makes the call.
     *
     * @param what human-readable, for an exception.
     * @return a file descriptor, or 0.
     * @throws NativeException when the kernel refuses.
     */
    static int call(final int command, final String what, final Filler filler) {
        final int result = tryCall(command, filler);
        if (result < 0) {
            throw new NativeException("bpf", errno(), what);
        }
        return result;
    }

    /** The error of this thread's last call. */
    static int errno() {
        return LastError.getLastError(RUNTIME);
    }

    /** The same, but returns a negative result when the kernel refuses. */
    static int tryCall(final int command, final Filler filler) {
        try (OffHeapRegion memory = OffHeapRegion.anonymous(ATTRIBUTE_BYTES)) {
            filler.fill(memory.slice(0, ATTRIBUTE_BYTES));
            return (int) LibC.INSTANCE.syscall(NUMBER, command, memory.address(), ATTRIBUTE_BYTES);
        }
    }
}
