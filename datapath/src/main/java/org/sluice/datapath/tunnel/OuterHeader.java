package org.sluice.datapath.tunnel;

import org.agrona.UnsafeApi;

import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;
import org.sluice.datapath.protocol.VxlanFlyweight;

/**
 * Writes the headers in front of a super-frame that goes through the tunnel in one piece. The first is the virtio-net
 * header with its tunnel extension (Linux uapi/linux/virtio_net.h, {@code virtio_net_hdr_v1_hash_tunnel}; since 6.17).
 * <pre>
 *   virtio-net (24) | Ethernet (14) | IPv4 (20) or IPv6 (40) | UDP (8) | VXLAN (8) | super-frame ...
 *   0            10             12           20                 22                24
 *   | as without | buffers, 0   | hash, 0    | outer L4 offset  | inner L3 offset |
 * </pre>
 * The Ethernet header has the interface's number instead of addresses, for the program that looks up the route: in
 * bytes 2 to 5 of the destination, in native order. Over IPv4 the outer checksum is absent. IPv6 requires one: its
 * field holds the pseudo-header's sum, and each segment completes it. Owned by the worker.
 */
final class OuterHeader {
    private static final int VIRTIO_BYTES = 24;
    /** Length of the longest headers. */
    static final int MAX_BYTES = VIRTIO_BYTES + EthernetFlyweight.LENGTH + Ipv6Flyweight.LENGTH + UdpFlyweight.LENGTH
        + VxlanFlyweight.LENGTH;

    private static final int OUTER_L4_FIELD_OFFSET = 20;
    private static final int INNER_L3_FIELD_OFFSET = 22;
    private static final int LINK_INDEX_OFFSET = 2;
    private static final int LOCALLY_ADMINISTERED = 0x02;
    private static final int TUNNEL_CHECKSUM = 8;
    private static final int TUNNEL_IPV4 = 0x20;
    private static final int TUNNEL_IPV6 = 0x40;
    private static final int TTL = 64;
    private static final int MAX_PACKET_BYTES = 65_535;

    private final VirtioNetHeaderFlyweight inner = new VirtioNetHeaderFlyweight();
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final UdpFlyweight udp = new UdpFlyweight();

    /** Whether a length field can hold the packet's length. */
    static boolean fits(final int frameBytes) {
        return frameBytes + Ipv6Flyweight.LENGTH + UdpFlyweight.LENGTH + VxlanFlyweight.LENGTH <= MAX_PACKET_BYTES;
    }

    /**
     * Writes the headers.
     *
     * @param at    address with room for {@link #MAX_BYTES}.
     * @param frame a super-frame, with its virtio-net header in front.
     * @return length of the headers in bytes.
     */
    int write(final long at, final Vtep vtep, final int trafficClass, final int sourcePort, final int tunnelPort,
              final long frame, final int length) {
        final boolean isIpv4 = IpAddress.isIpv4(vtep.high(), vtep.low());
        final int l3Offset = EthernetFlyweight.LENGTH;
        final int l4Offset = l3Offset + (isIpv4 ? Ipv4Flyweight.MIN_LENGTH : Ipv6Flyweight.LENGTH);
        final int innerOffset = l4Offset + UdpFlyweight.LENGTH + VxlanFlyweight.LENGTH;
        writeVirtio(at, frame, l4Offset, innerOffset, isIpv4);
        final long ethernet = at + VIRTIO_BYTES;
        UnsafeApi.setMemory(ethernet, innerOffset, (byte) 0);
        UnsafeApi.putByte(ethernet, (byte) LOCALLY_ADMINISTERED);
        UnsafeApi.putInt(ethernet + LINK_INDEX_OFFSET, vtep.linkIndex());
        NetworkOrder.u16(ethernet + EthernetFlyweight.ETHER_TYPE_FIELD_OFFSET,
            isIpv4 ? EtherType.IPV4 : EtherType.IPV6);
        final int udpBytes = UdpFlyweight.LENGTH + VxlanFlyweight.LENGTH + length;
        udp.wrap(ethernet + l4Offset, udpBytes);
        udp.sourcePort(sourcePort);
        udp.destinationPort(tunnelPort);
        udp.datagramLength(udpBytes);
        if (isIpv4) {
            writeIpv4(ethernet + l3Offset, vtep, trafficClass, udpBytes);
        } else {
            writeIpv6(ethernet + l3Offset, vtep, trafficClass, udpBytes);
            udp.checksum(InternetChecksum.fold(
                InternetChecksum.pseudoHeader(ethernet + l3Offset, false, IpProtocol.UDP, udpBytes)));
        }
        NetworkOrder.i64(ethernet + l4Offset + UdpFlyweight.LENGTH, VxlanFlyweight.header(vtep.vni()));
        return VIRTIO_BYTES + innerOffset;
    }

    private void writeVirtio(final long at, final long frame, final int l4Offset, final int innerOffset,
                             final boolean isIpv4) {
        inner.wrapBefore(frame);
        final int flags = inner.flags();
        final int gsoType = inner.gsoType();
        final int headerBytes = inner.headerLength();
        final int gsoSize = inner.gsoSize();
        final int checksumStart = inner.checksumStart();
        final int checksumOffset = inner.checksumOffset();
        UnsafeApi.setMemory(at, VIRTIO_BYTES, (byte) 0);
        inner.wrapBefore(at + VirtioNetHeaderFlyweight.LENGTH);
        inner.flags(flags & VirtioNetHeaderFlyweight.NEEDS_CHECKSUM | (isIpv4 ? 0 : TUNNEL_CHECKSUM));
        inner.gsoType(gsoType | (isIpv4 ? TUNNEL_IPV4 : TUNNEL_IPV6));
        inner.headerLength(innerOffset + headerBytes);
        inner.gsoSize(gsoSize);
        inner.checksumStart(innerOffset + checksumStart);
        inner.checksumOffset(checksumOffset);
        // In little endian, as in the rest of the header.
        UnsafeApi.putByte(at + OUTER_L4_FIELD_OFFSET, (byte) l4Offset);
        UnsafeApi.putByte(at + INNER_L3_FIELD_OFFSET, (byte) (innerOffset + EthernetFlyweight.LENGTH));
    }

    private void writeIpv4(final long at, final Vtep vtep, final int trafficClass, final int udpBytes) {
        ipv4.wrap(at, Ipv4Flyweight.MIN_LENGTH);
        ipv4.versionAndHeaderLength(Ipv4Flyweight.MIN_LENGTH);
        UnsafeApi.putByte(at + 1, (byte) trafficClass);
        ipv4.totalLength(Ipv4Flyweight.MIN_LENGTH + udpBytes);
        ipv4.fragmentField(Ipv4Flyweight.DONT_FRAGMENT);
        ipv4.ttl(TTL);
        ipv4.protocol(IpProtocol.UDP);
        ipv4.source((int) vtep.sourceLow());
        ipv4.destination((int) vtep.low());
        ipv4.updateChecksum();
    }

    private void writeIpv6(final long at, final Vtep vtep, final int trafficClass, final int udpBytes) {
        ipv6.wrap(at, Ipv6Flyweight.LENGTH);
        NetworkOrder.i32(at, 6 << 28 | trafficClass << 20);
        ipv6.payloadLength(udpBytes);
        ipv6.nextHeader(IpProtocol.UDP);
        ipv6.hopLimit(TTL);
        ipv6.source(vtep.sourceHigh(), vtep.sourceLow());
        ipv6.destination(vtep.high(), vtep.low());
    }
}
