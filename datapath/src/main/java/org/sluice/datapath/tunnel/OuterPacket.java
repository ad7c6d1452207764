package org.sluice.datapath.tunnel;

import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.UdpFlyweight;

/**
 * Reads the headers in front of a tunnel's datagram that bypassed the host's stack: IPv4 without options or IPv6
 * without extension headers, UDP, no fragment. It checks all lengths and the IPv4 header's checksum. It does not check
 * the UDP checksum, which RFC 7348 leaves open: the packet inside has its own. Owned by the worker.
 */
public final class OuterPacket {
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final UdpFlyweight udp = new UdpFlyweight();
    private int payloadOffset;
    private int payloadBytes;
    private int trafficClass;
    private long sourceHigh;
    private long sourceLow;

    /**
     * Reads a frame.
     *
     * @return whether it is a tunnel's packet.
     */
    public boolean read(final long frame, final int length) {
        payloadBytes = 0;
        if (length < EthernetFlyweight.LENGTH + Ipv4Flyweight.MIN_LENGTH + UdpFlyweight.LENGTH) {
            return false;
        }
        return switch (NetworkOrder.u16(frame + EthernetFlyweight.ETHER_TYPE_FIELD_OFFSET)) {
            case EtherType.IPV4 -> readIpv4(frame, length - EthernetFlyweight.LENGTH);
            case EtherType.IPV6 -> readIpv6(frame, length - EthernetFlyweight.LENGTH);
            default -> false;
        };
    }

    private boolean readIpv4(final long frame, final int available) {
        ipv4.wrap(frame + EthernetFlyweight.LENGTH, available);
        if (ipv4.version() != 4 || ipv4.headerLength() != Ipv4Flyweight.MIN_LENGTH || ipv4.isFragment()
            || ipv4.protocol() != IpProtocol.UDP || ipv4.totalLength() > available || !ipv4.isChecksumRight()) {
            return false;
        }
        trafficClass = ipv4.tos();
        sourceHigh = IpAddress.IPV4_HIGH;
        sourceLow = IpAddress.ipv4Low(ipv4.source());
        return readUdp(frame, EthernetFlyweight.LENGTH + Ipv4Flyweight.MIN_LENGTH,
            ipv4.totalLength() - Ipv4Flyweight.MIN_LENGTH);
    }

    private boolean readIpv6(final long frame, final int available) {
        if (available < Ipv6Flyweight.LENGTH) {
            return false;
        }
        ipv6.wrap(frame + EthernetFlyweight.LENGTH, available);
        if (ipv6.version() != 6 || ipv6.nextHeader() != IpProtocol.UDP
            || ipv6.payloadLength() > available - Ipv6Flyweight.LENGTH) {
            return false;
        }
        trafficClass = NetworkOrder.u16(frame + EthernetFlyweight.LENGTH) >>> 4 & 0xFF;
        sourceHigh = ipv6.sourceHigh();
        sourceLow = ipv6.sourceLow();
        return readUdp(frame, EthernetFlyweight.LENGTH + Ipv6Flyweight.LENGTH, ipv6.payloadLength());
    }

    /** The UDP length of a super-frame may be that of one segment: the packet's own length is the valid one. */
    private boolean readUdp(final long frame, final int offset, final int bytes) {
        if (bytes < UdpFlyweight.LENGTH
            || udp.wrap(frame + offset, bytes).datagramLength() < UdpFlyweight.LENGTH) {
            return false;
        }
        payloadOffset = offset + UdpFlyweight.LENGTH;
        payloadBytes = bytes - UdpFlyweight.LENGTH;
        return true;
    }

    /** Offset of the datagram's payload from the frame's start. */
    public int payloadOffset() {
        return payloadOffset;
    }

    public int payloadBytes() {
        return payloadBytes;
    }

    /** DSCP and ECN. */
    public int trafficClass() {
        return trafficClass;
    }

    public long sourceHigh() {
        return sourceHigh;
    }

    public long sourceLow() {
        return sourceLow;
    }
}
