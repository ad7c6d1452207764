package org.sluice.datapath.pipeline;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.ArpFlyweight;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.datapath.protocol.VlanFlyweight;

/**
 * Finds the headers of each frame, once, and writes down where they are. Every length is checked before it is
 * believed, so that the later stages may read what the columns point at. What contradicts itself is dropped here.
 */
public final class ParseStage {
    private static final int MAX_VLAN_TAGS = 2;

    private final EthernetFlyweight ethernet = new EthernetFlyweight();
    private final VlanFlyweight vlan = new VlanFlyweight();
    private final ArpFlyweight arp = new ArpFlyweight();
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final Ipv6ExtensionChain extensions = new Ipv6ExtensionChain();
    private final TransportParser transport = new TransportParser();
    private final OffloadParser offload = new OffloadParser();

    public void process(final FrameBatch batch) {
        for (int i = 0, size = batch.size(); i < size; i++) {
            final DropReason reason = parse(batch, i);
            if (reason != null) {
                batch.drop(i, reason);
            }
        }
    }

    private DropReason parse(final FrameBatch batch, final int i) {
        final int length = batch.length(i);
        if (length < EthernetFlyweight.LENGTH) {
            return DropReason.FRAME_TRUNCATED;
        }
        if (length > FrameBatch.MAX_FRAME_LENGTH) {
            return DropReason.FRAME_OVERSIZED;
        }
        final UnsafeBuffer frame = batch.frame(i);
        ethernet.wrap(frame, 0);
        final long source = ethernet.source();
        final long destination = ethernet.destination();
        batch.macs(i, destination, source);
        if (source == 0 || MacAddress.isGroup(source)) {
            return DropReason.SOURCE_MAC_INVALID;
        }
        if (MacAddress.isBridgeLinkLocal(destination)) {
            return DropReason.RESERVED_MULTICAST;
        }
        int type = ethernet.etherType();
        int offset = EthernetFlyweight.LENGTH;
        if (EtherType.isVlan(type)) {
            for (int tags = 0; EtherType.isVlan(type); tags++) {
                if (tags == MAX_VLAN_TAGS) {
                    return DropReason.VLAN_STACK_TOO_DEEP;
                }
                if (length < offset + VlanFlyweight.LENGTH) {
                    return DropReason.VLAN_TRUNCATED;
                }
                type = vlan.wrap(frame, offset).etherType();
                offset += VlanFlyweight.LENGTH;
            }
        }
        batch.layer3(i, type, offset);
        batch.wireLength(i, length - offset);
        final DropReason malformed = parseLayer3(batch, i, frame, type, offset);
        return malformed != null ? malformed : offload.parse(batch, i, frame);
    }

    private DropReason parseLayer3(final FrameBatch batch, final int i, final UnsafeBuffer frame, final int type,
                                   final int offset) {
        return switch (type) {
            case EtherType.IPV4 -> parseIpv4(batch, i, frame, offset);
            case EtherType.IPV6 -> parseIpv6(batch, i, frame, offset);
            case EtherType.ARP -> batch.length(i) - offset < ArpFlyweight.LENGTH
                || !arp.wrap(frame, offset).isEthernetIpv4() ? DropReason.ARP_MALFORMED : null;
            default -> null;
        };
    }

    private DropReason parseIpv4(final FrameBatch batch, final int i, final UnsafeBuffer frame, final int offset) {
        final int available = batch.length(i) - offset;
        if (available < Ipv4Flyweight.MIN_LENGTH) {
            return DropReason.IPV4_HEADER_MALFORMED;
        }
        ipv4.wrap(frame, offset);
        final int headerLength = ipv4.headerLength();
        if (ipv4.version() != 4 || headerLength < Ipv4Flyweight.MIN_LENGTH) {
            return DropReason.IPV4_HEADER_MALFORMED;
        }
        final int totalLength = ipv4.totalLength();
        if (totalLength < headerLength || totalLength > available) {
            return DropReason.IPV4_LENGTH_INVALID;
        }
        final int protocol = ipv4.protocol();
        if (ipv4.isLaterFragment()) {
            batch.layer4(i, protocol, 0);
            return null;
        }
        batch.layer4(i, protocol, offset + headerLength);
        return transport.parse(frame, protocol, offset + headerLength, totalLength - headerLength, ipv4.isFragment());
    }

    private DropReason parseIpv6(final FrameBatch batch, final int i, final UnsafeBuffer frame, final int offset) {
        final int available = batch.length(i) - offset;
        if (available < Ipv6Flyweight.LENGTH || ipv6.wrap(frame, offset).version() != 6) {
            return DropReason.IPV6_HEADER_MALFORMED;
        }
        final int payloadLength = ipv6.payloadLength();
        if (payloadLength > available - Ipv6Flyweight.LENGTH) {
            return DropReason.IPV6_LENGTH_INVALID;
        }
        final int start = offset + Ipv6Flyweight.LENGTH;
        final int end = start + payloadLength;
        if (!extensions.walk(frame, ipv6.nextHeader(), start, end)) {
            return DropReason.IPV6_EXTENSION_MALFORMED;
        }
        final int protocol = extensions.protocol();
        if (extensions.isLaterFragment() || protocol == IpProtocol.NO_NEXT_HEADER) {
            batch.layer4(i, protocol, 0);
            return null;
        }
        batch.layer4(i, protocol, extensions.end());
        return transport.parse(frame, protocol, extensions.end(), end - extensions.end(), extensions.isFragment());
    }
}
