package org.sluice.linux.socket;

import java.net.Inet4Address;
import java.net.InetAddress;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.sys.FileDescriptor;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.Linux;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.Sockets;

/**
 * The kernel's path MTU to an address: the route's MTU, or less if a router on the path has reported so (ip(7) IP_MTU,
 * ipv6(7) IPV6_MTU). It asks through a connected socket that sends nothing. Used by one thread.
 */
public final class PathMtu {
    static final int IP_MTU = 14;
    static final int IPV6_MTU = 24;

    private static final int ANY_PORT = 9;
    private static final int VALUE_AT = 64;
    private static final int LENGTH_AT = 72;

    private PathMtu() {
    }

    /**
     * The path MTU in the calling thread's network namespace.
     *
     * @return layer-3 bytes.
     * @throws NativeException without a route to the address.
     */
    public static int to(final InetAddress address) {
        final boolean ipv6 = !(address instanceof Inet4Address);
        final int family = ipv6 ? Sockets.AF_INET6 : Sockets.AF_INET;
        final FileDescriptor socket = new FileDescriptor(Linux.check(
            LibC.INSTANCE.socket(family, Sockets.SOCK_DGRAM | Linux.O_CLOEXEC, 0), "socket", "UDP"));
        try (OffHeapRegion memory = OffHeapRegion.anonymous(128)) {
            final long at = memory.address();
            final int length = SocketAddress.write(at, ipv6, address, ANY_PORT);
            Linux.check(LibC.INSTANCE.connect(socket.fd(), at, length), "connect", address.getHostAddress());
            UnsafeApi.putInt(at + LENGTH_AT, Integer.BYTES);
            Linux.check(LibC.INSTANCE.getsockopt(socket.fd(),
                ipv6 ? Sockets.SOL_IPV6 : Sockets.SOL_IP, ipv6 ? IPV6_MTU : IP_MTU,
                at + VALUE_AT, at + LENGTH_AT), "getsockopt", "IP_MTU");
            return UnsafeApi.getInt(at + VALUE_AT);
        } finally {
            socket.close();
        }
    }
}
