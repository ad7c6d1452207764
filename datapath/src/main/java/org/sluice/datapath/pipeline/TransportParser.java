package org.sluice.datapath.pipeline;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.protocol.IcmpFlyweight;
import org.sluice.datapath.protocol.Icmpv6Flyweight;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.UdpFlyweight;

/** Checks that the whole layer-4 header is present and that its lengths fit the packet. Owned by the worker. */
final class TransportParser {
    private final TcpFlyweight tcp = new TcpFlyweight();
    private final UdpFlyweight udp = new UdpFlyweight();
    private final Icmpv6Flyweight icmpv6 = new Icmpv6Flyweight();

    /**
     * @param address  address of the layer-4 header.
     * @param length   bytes from there to the end of the packet.
     * @param fragment whether the packet goes on in other fragments, so that a UDP length may exceed it.
     * @return null when the header may be read.
     */
    DropReason parse(final int protocol, final long address, final int length, final boolean fragment) {
        return switch (protocol) {
            case IpProtocol.TCP -> isTcpWhole(address, length) ? null : DropReason.TCP_MALFORMED;
            case IpProtocol.UDP -> isUdpWhole(address, length, fragment) ? null : DropReason.UDP_MALFORMED;
            case IpProtocol.ICMP -> length >= IcmpFlyweight.LENGTH ? null : DropReason.ICMP_MALFORMED;
            case IpProtocol.ICMPV6 -> isIcmpv6Whole(address, length) ? null : DropReason.ICMPV6_MALFORMED;
            default -> null;
        };
    }

    private boolean isTcpWhole(final long address, final int length) {
        if (length < TcpFlyweight.MIN_LENGTH) {
            return false;
        }
        final int headerLength = tcp.wrap(address, length).headerLength();
        return headerLength >= TcpFlyweight.MIN_LENGTH && headerLength <= length;
    }

    private boolean isUdpWhole(final long address, final int length, final boolean fragment) {
        if (length < UdpFlyweight.LENGTH) {
            return false;
        }
        final int datagramLength = udp.wrap(address, length).datagramLength();
        return datagramLength >= UdpFlyweight.LENGTH && (fragment || datagramLength <= length);
    }

    private boolean isIcmpv6Whole(final long address, final int length) {
        if (length < Icmpv6Flyweight.MIN_LENGTH) {
            return false;
        }
        return switch (icmpv6.wrap(address, length).type()) {
            case Icmpv6Flyweight.ECHO_REQUEST, Icmpv6Flyweight.ECHO_REPLY -> length >= Icmpv6Flyweight.ECHO_LENGTH;
            case Icmpv6Flyweight.NEIGHBOUR_SOLICITATION, Icmpv6Flyweight.NEIGHBOUR_ADVERTISEMENT ->
                length >= Icmpv6Flyweight.NEIGHBOUR_LENGTH;
            default -> true;
        };
    }
}
