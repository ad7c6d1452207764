package org.sluice.datapath.pipeline;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.ArpFlyweight;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;
import org.sluice.datapath.protocol.VlanFlyweight;

/**
 * Finds the headers of each frame once, and notes their offsets. It checks every length before it uses it, so that
 * later stages may read the headers without checks. It drops frames that contradict themselves. Owned by the worker.
 */
public final class ParseStage {
    private static final int MAX_VLAN_TAGS = 2;

    private final EthernetFlyweight ethernet = new EthernetFlyweight();
    private final VlanFlyweight vlan = new VlanFlyweight();
    private final ArpFlyweight arp = new ArpFlyweight();
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private final Ipv6ExtensionChain extensions = new Ipv6ExtensionChain();
    private final TransportParser transport = new TransportParser();
    private final OffloadParser offload = new OffloadParser();

    public void process(final FrameBatch batch) {
        parseEthernet(batch);
        parseRest(batch);
    }

    /** A short separate loop, so that the cache misses on different frames' first lines overlap. */
    private void parseEthernet(final FrameBatch batch) {
        for (int i = 0, size = batch.size(); i < size; i++) {
            final int length = batch.length(i);
            if (length < EthernetFlyweight.LENGTH) {
                batch.drop(i, DropReason.FRAME_TRUNCATED);
                continue;
            }
            if (length > FrameBatch.MAX_FRAME_LENGTH) {
                batch.drop(i, DropReason.FRAME_OVERSIZED);
                continue;
            }
            ethernet.wrap(batch.address(i), length);
            final long source = ethernet.source();
            final long destination = ethernet.destination();
            batch.macs(i, destination, source);
            batch.layer3(i, ethernet.etherType(), EthernetFlyweight.LENGTH);
            batch.wireLength(i, length - EthernetFlyweight.LENGTH);
            batch.offloaded(i, !virtio.wrapBefore(batch.address(i)).isPlain());
            if (source == 0 || MacAddress.isGroup(source)) {
                batch.drop(i, DropReason.SOURCE_MAC_INVALID);
            } else if (MacAddress.isBridgeLinkLocal(destination)) {
                batch.drop(i, DropReason.RESERVED_MULTICAST);
            }
        }
    }

    private void parseRest(final FrameBatch batch) {
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i)) {
                continue;
            }
            DropReason malformed = parseHeaders(batch, i);
            if (malformed == null && batch.isOffloaded(i)) {
                malformed = offload.parse(batch, i);
                if (malformed == null && offload.completeForeignChecksum(batch, i)) {
                    batch.layer3(i, ethernet.wrap(batch.address(i), batch.length(i)).etherType(),
                        EthernetFlyweight.LENGTH);
                    malformed = parseHeaders(batch, i);
                }
            }
            if (malformed != null) {
                batch.drop(i, malformed);
            }
        }
    }

    private DropReason parseHeaders(final FrameBatch batch, final int i) {
        final int type = batch.etherType(i);
        return type == EtherType.IPV4 ? parseIpv4(batch, i) : parseOther(batch, i, type);
    }

    private DropReason parseOther(final FrameBatch batch, final int i, final int type) {
        if (!EtherType.isVlan(type)) {
            return parseLayer3(batch, i);
        }
        final DropReason malformed = parseVlan(batch, i);
        return malformed != null ? malformed : parseLayer3(batch, i);
    }

    private DropReason parseVlan(final FrameBatch batch, final int i) {
        int type = batch.etherType(i);
        int offset = batch.l3Offset(i);
        for (int tags = 0; EtherType.isVlan(type); tags++) {
            if (tags == MAX_VLAN_TAGS) {
                return DropReason.VLAN_STACK_TOO_DEEP;
            }
            if (batch.length(i) < offset + VlanFlyweight.LENGTH) {
                return DropReason.VLAN_TRUNCATED;
            }
            type = vlan.wrap(batch.address(i) + offset, batch.length(i) - offset).etherType();
            offset += VlanFlyweight.LENGTH;
        }
        batch.layer3(i, type, offset);
        batch.wireLength(i, batch.length(i) - offset);
        return null;
    }

    private DropReason parseLayer3(final FrameBatch batch, final int i) {
        return switch (batch.etherType(i)) {
            case EtherType.IPV4 -> parseIpv4(batch, i);
            case EtherType.IPV6 -> parseIpv6(batch, i);
            case EtherType.ARP -> batch.l3Available(i) < ArpFlyweight.LENGTH
                || !arp.wrap(batch.l3Address(i), batch.l3Available(i)).isEthernetIpv4()
                ? DropReason.ARP_MALFORMED : null;
            default -> null;
        };
    }

    private DropReason parseIpv4(final FrameBatch batch, final int i) {
        final int available = batch.l3Available(i);
        if (available < Ipv4Flyweight.MIN_LENGTH) {
            return DropReason.IPV4_HEADER_MALFORMED;
        }
        ipv4.wrap(batch.l3Address(i), available);
        final int headerLength = ipv4.headerLength();
        if (ipv4.version() != 4 || headerLength < Ipv4Flyweight.MIN_LENGTH) {
            return DropReason.IPV4_HEADER_MALFORMED;
        }
        final int totalLength = ipv4.totalLength();
        if (totalLength < headerLength || totalLength > available) {
            return DropReason.IPV4_LENGTH_INVALID;
        }
        batch.sourceIpv4(i, ipv4.source());
        final int protocol = ipv4.protocol();
        if (ipv4.isLaterFragment()) {
            batch.layer4(i, protocol, 0, 0, true);
            return null;
        }
        final boolean fragment = ipv4.isFragment();
        batch.layer4(i, protocol, batch.l3Offset(i) + headerLength, totalLength - headerLength, fragment);
        return transport.parse(protocol, ipv4.address() + headerLength, totalLength - headerLength, fragment);
    }

    private DropReason parseIpv6(final FrameBatch batch, final int i) {
        final int available = batch.l3Available(i);
        if (available < Ipv6Flyweight.LENGTH || ipv6.wrap(batch.l3Address(i), available).version() != 6) {
            return DropReason.IPV6_HEADER_MALFORMED;
        }
        final int payloadLength = ipv6.payloadLength();
        if (payloadLength > available - Ipv6Flyweight.LENGTH) {
            return DropReason.IPV6_LENGTH_INVALID;
        }
        final int start = batch.l3Offset(i) + Ipv6Flyweight.LENGTH;
        final int end = start + payloadLength;
        if (!extensions.walk(batch.address(i), ipv6.nextHeader(), start, end)) {
            return DropReason.IPV6_EXTENSION_MALFORMED;
        }
        final int protocol = extensions.protocol();
        if (extensions.isLaterFragment() || protocol == IpProtocol.NO_NEXT_HEADER) {
            batch.layer4(i, protocol, 0, 0, extensions.isFragment());
            return null;
        }
        batch.layer4(i, protocol, extensions.end(), end - extensions.end(), extensions.isFragment());
        return transport.parse(protocol, batch.l4Address(i), end - extensions.end(), extensions.isFragment());
    }
}
