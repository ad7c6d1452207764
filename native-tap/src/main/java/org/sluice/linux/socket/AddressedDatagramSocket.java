package org.sluice.linux.socket;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.sys.FileDescriptor;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.Linux;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.Sockets;

/**
 * A UDP socket of both families that reports each datagram's destination address and port (ip(7) IP_RECVORIGDSTADDR,
 * ipv6(7) IPV6_RECVORIGDSTADDR), because the kernel hands it datagrams for many. Never blocks. Used by one thread.
 * <pre>
 *   memory: msghdr (56) | iovec (16) | sender (28) | control (256) | datagram (65,535)
 * </pre>
 */
public final class AddressedDatagramSocket implements AutoCloseable {
    static final int SO_REUSEADDR = 2;
    static final int IP_ORIGDSTADDR = 20;
    static final int IPV6_ORIGDSTADDR = 74;

    private static final int SOCKET_TYPE = Sockets.SOCK_DGRAM | Linux.O_NONBLOCK | Linux.O_CLOEXEC;
    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;
    private static final int IOVEC_AT = MessageHeader.BYTES;
    private static final int SENDER_AT = IOVEC_AT + 16;
    private static final int CONTROL_AT = SENDER_AT + 32;
    private static final int CONTROL_BYTES = 256;
    private static final int DATAGRAM_AT = CONTROL_AT + CONTROL_BYTES;
    private static final int MAX_DATAGRAM_BYTES = 65_535;

    private final FileDescriptor socket;
    private final OffHeapRegion region = OffHeapRegion.anonymous(DATAGRAM_AT + MAX_DATAGRAM_BYTES);
    private final UnsafeBuffer memory = region.slice(0, DATAGRAM_AT + MAX_DATAGRAM_BYTES);
    private boolean closed;

    /**
     * A received datagram.
     *
     * @param sender    its source.
     * @param recipient its original destination.
     */
    public record Datagram(InetSocketAddress sender, InetSocketAddress recipient, byte[] content) {
    }

    private AddressedDatagramSocket(final FileDescriptor socket) {
        this.socket = socket;
        memory.putLong(MessageHeader.NAME_OFFSET, region.address() + SENDER_AT);
        memory.putLong(MessageHeader.IOVEC_OFFSET, region.address() + IOVEC_AT);
        memory.putLong(MessageHeader.IOVEC_COUNT_OFFSET, 1);
        memory.putLong(MessageHeader.CONTROL_OFFSET, region.address() + CONTROL_AT);
        memory.putLong(IOVEC_AT, region.address() + DATAGRAM_AT);
        memory.putLong(IOVEC_AT + Long.BYTES, MAX_DATAGRAM_BYTES);
    }

    /**
     * Binds a socket in the calling thread's network namespace. On a host with IPv6 it is an IPv6 socket, even for an
     * IPv4 address, which is then mapped: so the kernel can hand it datagrams of both families.
     *
     * @param port or 0 for any.
     * @throws NativeException when the kernel refuses.
     */
    public static AddressedDatagramSocket bind(final InetAddress address, final int port) {
        final int ofIpv6 = LibC.INSTANCE.socket(Sockets.AF_INET6, SOCKET_TYPE, 0);
        final boolean ipv6 = ofIpv6 >= 0;
        final FileDescriptor socket = new FileDescriptor(ipv6 ? ofIpv6 : Linux.check(
            LibC.INSTANCE.socket(Sockets.AF_INET, SOCKET_TYPE, 0), "socket", "UDP"));
        try (OffHeapRegion memory = OffHeapRegion.anonymous(SocketAddress.IN6_BYTES);
            SocketOptions options = new SocketOptions()) {
            options.set(socket, Sockets.SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
            options.set(socket, Sockets.SOL_IP, IP_ORIGDSTADDR, 1, "IP_RECVORIGDSTADDR");
            if (ipv6) {
                options.set(socket, Sockets.SOL_IPV6, Sockets.IPV6_V6ONLY, 0, "IPV6_V6ONLY");
                options.set(socket, Sockets.SOL_IPV6, IPV6_ORIGDSTADDR, 1, "IPV6_RECVORIGDSTADDR");
            }
            Linux.check(LibC.INSTANCE.bind(socket.fd(), memory.address(),
                SocketAddress.write(memory.address(), ipv6, address, port)), "bind", "UDP", address + ":" + port);
            return new AddressedDatagramSocket(socket);
        } catch (final RuntimeException ex) {
            socket.close();
            throw ex;
        }
    }

    public int fd() {
        return socket.fd();
    }

    /** The next datagram, or null if none has arrived. */
    public Datagram receive() {
        memory.putInt(MessageHeader.NAME_LENGTH_OFFSET, SocketAddress.IN6_BYTES);
        memory.putLong(MessageHeader.CONTROL_LENGTH_OFFSET, CONTROL_BYTES);
        final long length = LibC.INSTANCE.recvmsg(socket.fd(), region.address(), 0);
        final InetSocketAddress recipient = length < 0 ? null : recipient();
        if (recipient == null) {
            return null;
        }
        final byte[] content = new byte[(int) length];
        memory.getBytes(DATAGRAM_AT, content);
        return new Datagram(addressAt(SENDER_AT), recipient, content);
    }

    /** Finds the original destination among the control messages. */
    private InetSocketAddress recipient() {
        final long end = CONTROL_AT + memory.getLong(MessageHeader.CONTROL_LENGTH_OFFSET);
        int at = CONTROL_AT;
        while (end - at >= MessageHeader.CONTROL_HEADER_BYTES) {
            final long length = memory.getLong(at);
            final int level = memory.getInt(at + MessageHeader.CONTROL_LEVEL_OFFSET);
            final int type = memory.getInt(at + MessageHeader.CONTROL_TYPE_OFFSET);
            if (level == Sockets.SOL_IP && type == IP_ORIGDSTADDR
                || level == Sockets.SOL_IPV6 && type == IPV6_ORIGDSTADDR) {
                return addressAt(at + MessageHeader.CONTROL_HEADER_BYTES);
            }
            if (length < MessageHeader.CONTROL_HEADER_BYTES) {
                return null;
            }
            at += (int) (length + Long.BYTES - 1 & -Long.BYTES);
        }
        return null;
    }

    private InetSocketAddress addressAt(final int at) {
        final boolean ipv6 = memory.getShort(at) == Sockets.AF_INET6;
        final byte[] bytes = new byte[ipv6 ? IPV6_BYTES : IPV4_BYTES];
        memory.getBytes(at + (ipv6 ? SocketAddress.IPV6_OFFSET : SocketAddress.IPV4_OFFSET), bytes);
        final int scope = ipv6 ? memory.getInt(at + SocketAddress.SCOPE_OFFSET) : 0;
        final int port = Short.reverseBytes(memory.getShort(at + SocketAddress.PORT_OFFSET)) & 0xFFFF;
        try {
            // A mapped address becomes IPv4 again.
            return new InetSocketAddress(scope != 0 ? Inet6Address.getByAddress(null, bytes, scope)
                : InetAddress.getByAddress(bytes), port);
        } catch (final UnknownHostException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** Closes the socket; further calls have no effect. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            socket.close();
            region.close();
        }
    }
}
