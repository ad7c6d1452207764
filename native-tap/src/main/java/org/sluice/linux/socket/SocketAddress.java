package org.sluice.linux.socket;

import java.net.InetAddress;

import org.agrona.UnsafeApi;

import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.linux.sys.Sockets;

/**
 * A {@code sockaddr_in6}, or a {@code sockaddr_in} on a host without IPv6, in off-heap memory (Linux uapi/linux/in6.h).
 * A socket of IPv6 takes IPv4 addresses mapped, which is how the switch writes them anyhow.
 * <pre>
 *   in6: family (2) | port (2) | flow (4) | address (16)            | scope (4)
 *   in:  family (2) | port (2) | address (4) | zero (8)
 * </pre>
 */
public final class SocketAddress {
    public static final int IN6_BYTES = 28;
    public static final int IN_BYTES = 16;
    public static final int PORT_OFFSET = 2;
    public static final int IPV4_OFFSET = 4;
    public static final int IPV6_OFFSET = 8;
    public static final int SCOPE_OFFSET = 24;
    public static final int MAX_BYTES = IN6_BYTES;

    private static final int IPV6_LOW_OFFSET = IPV6_OFFSET + Long.BYTES;

    private SocketAddress() {
    }

    /**
     * @return its length in bytes.
     */
    public static int write(final long at, final boolean ipv6, final long high, final long low, final int port) {
        UnsafeApi.setMemory(at, MAX_BYTES, (byte) 0);
        UnsafeApi.putShort(at, (short) (ipv6 ? Sockets.AF_INET6 : Sockets.AF_INET));
        NetworkOrder.u16(at + PORT_OFFSET, port);
        if (ipv6) {
            NetworkOrder.i64(at + IPV6_OFFSET, high);
            NetworkOrder.i64(at + IPV6_LOW_OFFSET, low);
            return IN6_BYTES;
        }
        NetworkOrder.i32(at + IPV4_OFFSET, (int) low);
        return IN_BYTES;
    }

    /** The same of an address as Java has it; an IPv4 one is mapped for a socket of IPv6. */
    public static int write(final long at, final boolean ipv6, final InetAddress address, final int port) {
        return write(at, ipv6, IpAddress.high(address), IpAddress.low(address), port);
    }

    public static long high(final long at, final boolean ipv6) {
        return ipv6 ? NetworkOrder.i64(at + IPV6_OFFSET) : IpAddress.IPV4_HIGH;
    }

    public static long low(final long at, final boolean ipv6) {
        return ipv6 ? NetworkOrder.i64(at + IPV6_LOW_OFFSET)
            : IpAddress.ipv4Low(NetworkOrder.i32(at + IPV4_OFFSET));
    }
}
