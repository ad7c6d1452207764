package org.sluice.linux.netlink;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Function;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.linux.sys.Sockets;

/**
 * Lists the TCP, UDP and SCTP sockets of the network namespace of the thread that creates it, as ss(8) does (Linux
 * uapi/linux/inet_diag.h). The tables under /proc/net hold the same, but take the kernel 5 ms each if its hash table is
 * large; this takes 0.2 ms. Used by one thread.
 */
public final class SocketDiag implements AutoCloseable {
    static final int SOCK_DIAG_BY_FAMILY = 20;
    static final int REQUEST_BYTES = 56;
    static final int REQUEST_PROTOCOL_OFFSET = 1;
    static final int REQUEST_STATES_OFFSET = 4;
    static final int STATE_OFFSET = 1;
    static final int SOURCE_PORT_OFFSET = 4;
    static final int DESTINATION_PORT_OFFSET = 6;
    static final int SOURCE_OFFSET = 8;
    static final int DESTINATION_OFFSET = 24;
    static final int INODE_OFFSET = 68;

    /** TCP_ESTABLISHED of net/tcp_states.h; also the state of a connected UDP socket. */
    public static final int ESTABLISHED = 1;
    /** TCP_CLOSE: the state of an unconnected UDP socket, which receives from any peer. */
    public static final int CLOSE = 7;
    /** TCP_LISTEN. */
    public static final int LISTEN = 10;

    private static final int ALL_STATES = 0xFFF;
    private static final int ENOENT = 2;
    private static final int SCTP = 132;
    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;

    private final NetlinkSocket netlink = new NetlinkSocket(NetlinkSocket.NETLINK_SOCK_DIAG);

    /**
     * A socket.
     *
     * @param state one of the constants here, or another of net/tcp_states.h.
     * @param inode of the socket's file; 0 if no process has it any more.
     */
    public record Socket(int protocol, int state, InetSocketAddress local, InetSocketAddress remote, long inode) {
    }

    /**
     * All sockets of a protocol, of both families.
     *
     * @param protocol 6, 17 or 132; a kernel without SCTP returns no socket of it.
     */
    public List<Socket> sockets(final int protocol) {
        return all(protocol, answer -> socketOf(protocol, answer));
    }

    /** The local ports that sockets of a protocol have. */
    public BitSet localPorts(final int protocol) {
        final BitSet ports = new BitSet();
        all(protocol, answer -> answer.buffer().getShort(answer.body() + SOURCE_PORT_OFFSET, ByteOrder.BIG_ENDIAN)
            & 0xFFFF).forEach(ports::set);
        return ports;
    }

    private <T> List<T> all(final int protocol, final Function<NetlinkSocket.Answer, T> reader) {
        final List<T> sockets = new ArrayList<>();
        for (final int family : new int[] {Sockets.AF_INET, Sockets.AF_INET6}) {
            netlink.request().begin(SOCK_DIAG_BY_FAMILY, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_DUMP,
                    REQUEST_BYTES)
                .familyByte(0, family).familyByte(REQUEST_PROTOCOL_OFFSET, protocol)
                .familyInt(REQUEST_STATES_OFFSET, ALL_STATES);
            try {
                sockets.addAll(netlink.list("list sockets", reader));
            } catch (final NetlinkException ex) {
                if (ex.errno() != ENOENT || protocol != SCTP) {
                    throw ex;
                }
            }
        }
        return sockets;
    }

    private static Socket socketOf(final int protocol, final NetlinkSocket.Answer answer) {
        final UnsafeBuffer buffer = answer.buffer();
        final int body = answer.body();
        final int addressBytes = buffer.getByte(body) == Sockets.AF_INET ? IPV4_BYTES : IPV6_BYTES;
        return new Socket(protocol, buffer.getByte(body + STATE_OFFSET),
            end(buffer, body + SOURCE_OFFSET, body + SOURCE_PORT_OFFSET, addressBytes),
            end(buffer, body + DESTINATION_OFFSET, body + DESTINATION_PORT_OFFSET, addressBytes),
            buffer.getInt(body + INODE_OFFSET) & 0xFFFF_FFFFL);
    }

    private static InetSocketAddress end(final UnsafeBuffer buffer, final int addressOffset, final int portOffset,
                                         final int addressBytes) {
        final byte[] address = new byte[addressBytes];
        buffer.getBytes(addressOffset, address);
        try {
            return new InetSocketAddress(InetAddress.getByAddress(address),
                buffer.getShort(portOffset, ByteOrder.BIG_ENDIAN) & 0xFFFF);
        } catch (final UnknownHostException ex) {
            throw new IllegalStateException(ex);
        }
    }

    @Override
    public void close() {
        netlink.close();
    }
}
