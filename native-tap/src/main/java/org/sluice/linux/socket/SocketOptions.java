package org.sluice.linux.socket;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.linux.sys.FileDescriptor;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.Linux;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.Sockets;

/** Sets options of sockets, and holds the memory for the calls. Used by one thread, while it opens sockets. */
public final class SocketOptions implements AutoCloseable {
    private static final int PROGRAM_AT = 64;
    private static final int PROGRAM_POINTER_AT = 8;
    private static final int PROGRAM_STRUCT_BYTES = 16;

    private final OffHeapRegion memory = OffHeapRegion.anonymous(4096);

    /**
     * @param name human-readable name of the option.
     * @throws NativeException when the kernel refuses.
     */
    public void set(final FileDescriptor socket, final int level, final int option, final int value,
                    final String name) {
        UnsafeApi.putInt(memory.address(), value);
        setsockopt(socket, level, option, Integer.BYTES, name);
    }

    /**
     * Attaches a classic BPF program to a socket ({@code struct sock_fprog}).
     *
     * @param name human-readable name of the option.
     * @throws NativeException when the kernel refuses.
     */
    public void filter(final FileDescriptor socket, final int option, final long[] program, final String name) {
        for (int i = 0; i < program.length; i++) {
            UnsafeApi.putLong(memory.address() + PROGRAM_AT + (long) i * ClassicBpf.INSTRUCTION_BYTES, program[i]);
        }
        UnsafeApi.putShort(memory.address(), (short) program.length);
        UnsafeApi.putLong(memory.address() + PROGRAM_POINTER_AT, memory.address() + PROGRAM_AT);
        setsockopt(socket, Sockets.SOL_SOCKET, option, PROGRAM_STRUCT_BYTES, name);
    }

    /**
     * Binds a socket to all addresses.
     *
     * @param port or 0 for any.
     * @throws NativeException when the kernel refuses.
     */
    public void bind(final FileDescriptor socket, final boolean ipv6, final int port) {
        final int bytes = SocketAddress.write(memory.address(), ipv6, 0, 0, port);
        Linux.check(LibC.INSTANCE.bind(socket.fd(), memory.address(), bytes), "bind", "UDP port " + port);
    }

    /** The port that a socket is bound to. */
    public int localPort(final FileDescriptor socket) {
        final long length = memory.address() + PROGRAM_AT;
        UnsafeApi.putInt(length, SocketAddress.MAX_BYTES);
        Linux.check(LibC.INSTANCE.getsockname(socket.fd(), memory.address(), length), "getsockname", "UDP");
        return NetworkOrder.u16(memory.address() + SocketAddress.PORT_OFFSET);
    }

    private void setsockopt(final FileDescriptor socket, final int level, final int option, final int bytes,
                            final String name) {
        Linux.check(LibC.INSTANCE.setsockopt(socket.fd(), level, option, memory.address(), bytes), "setsockopt", name);
    }

    @Override
    public void close() {
        memory.close();
    }
}
