package org.sluice.linux;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;

import org.agrona.UnsafeApi;

import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.NetworkOrder;

/**
 * A {@code sockaddr_in6}, or a {@code sockaddr_in} on a host without IPv6, in off-heap memory (Linux uapi/linux/in6.h).
 * A socket of IPv6 takes IPv4 addresses mapped, which is how the switch writes them anyhow.
 * <pre>
 *   in6: family (2) | port (2) | flow (4) | address (16)            | scope (4)
 *   in:  family (2) | port (2) | address (4) | zero (8)
 * </pre>
 */
final class SocketAddress {
    static final int MAX_BYTES = AddressedDatagramSocket.SOCKADDR_IN6_BYTES;

    private static final int IPV6_LOW_OFFSET = AddressedDatagramSocket.IPV6_OFFSET + Long.BYTES;

    private SocketAddress() {
    }

    /**
     * @return its length in bytes.
     */
    static int write(final long at, final boolean ipv6, final long high, final long low, final int port) {
        UnsafeApi.setMemory(at, MAX_BYTES, (byte) 0);
        UnsafeApi.putShort(at, (short) (ipv6 ? AddressedDatagramSocket.AF_INET6 : AddressedDatagramSocket.AF_INET));
        NetworkOrder.u16(at + AddressedDatagramSocket.PORT_OFFSET, port);
        if (ipv6) {
            NetworkOrder.i64(at + AddressedDatagramSocket.IPV6_OFFSET, high);
            NetworkOrder.i64(at + IPV6_LOW_OFFSET, low);
            return AddressedDatagramSocket.SOCKADDR_IN6_BYTES;
        }
        NetworkOrder.i32(at + AddressedDatagramSocket.IPV4_OFFSET, (int) low);
        return AddressedDatagramSocket.SOCKADDR_IN_BYTES;
    }

    /** The same of an address as Java has it; an IPv4 one is mapped for a socket of IPv6. */
    static int write(final long at, final boolean ipv6, final InetAddress address, final int port) {
        final ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return address instanceof Inet4Address
            ? write(at, ipv6, FlowTuple.IPV4_HIGH, FlowTuple.ipv4Low(bytes.getInt()), port)
            : write(at, ipv6, bytes.getLong(), bytes.getLong(), port);
    }

    static long high(final long at, final boolean ipv6) {
        return ipv6 ? NetworkOrder.i64(at + AddressedDatagramSocket.IPV6_OFFSET) : FlowTuple.IPV4_HIGH;
    }

    static long low(final long at, final boolean ipv6) {
        return ipv6 ? NetworkOrder.i64(at + IPV6_LOW_OFFSET)
            : FlowTuple.ipv4Low(NetworkOrder.i32(at + AddressedDatagramSocket.IPV4_OFFSET));
    }
}
