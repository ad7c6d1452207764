package org.sluice.datapath.pipeline;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Checks the virtio-net header against the frame behind it, with the same rules as the kernel
 * (include/linux/virtio_net.h, {@code virtio_net_hdr_to_skb}), so that an egress TAP will not refuse it. Also finds the
 * length of the packets that a super-frame will be cut into, and bounds their number. Owned by the worker.
 */
final class OffloadParser {
    /** What is left of the kernel's least segment (TCP_MIN_SND_MSS, 48) if options take all they may. */
    private static final int MIN_TCP_SEGMENT_BYTES = 8;
    /**
     * The kernel knows no bound for TCP, so a sender could have a frame cut into 65,000 packets. This one passes 64 KiB
     * with the smallest segments that a path MTU of 68, the least of IPv4, leads to.
     */
    private static final int MAX_TCP_SEGMENTS = 2048;
    /** UDP_MAX_SEGMENTS in include/linux/udp.h. */
    private static final int MAX_UDP_SEGMENTS = 128;
    /** A super-frame for an MTU of 1500 has fewer segments; a network card may cut it at no cost. */
    private static final int USUAL_SEGMENTS = 64;
    /** The kernel cuts so many more at the cost of a unit of the port's budget. */
    private static final int SEGMENTS_PER_UNIT_SHIFT = 3;
    private static final int CONTRADICTED = -1;

    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private final TcpFlyweight tcp = new TcpFlyweight();

    /** Checks a frame whose virtio-net header is not plain. Call it once the other headers are parsed. */
    DropReason parse(final FrameBatch batch, final int i) {
        virtio.wrapBefore(batch.address(i));
        final int length = batch.length(i);
        if (virtio.headerLength() > length) {
            return DropReason.VIRTIO_HEADER_INVALID;
        }
        final boolean needsChecksum = virtio.needsChecksum();
        if (needsChecksum && (virtio.checksumStart() < EthernetFlyweight.LENGTH
            || virtio.checksumStart() + virtio.checksumOffset() + Short.BYTES > length)) {
            return DropReason.VIRTIO_HEADER_INVALID;
        }
        final int gsoType = virtio.gsoType();
        batch.offloaded(i, needsChecksum || gsoType != VirtioNetHeaderFlyweight.GSO_NONE);
        if (gsoType == VirtioNetHeaderFlyweight.GSO_NONE) {
            return null;
        }
        return needsChecksum ? parseGso(batch, i, gsoType) : DropReason.VIRTIO_HEADER_INVALID;
    }

    /**
     * Completes the checksum of a frame that {@link #parse} has accepted, unless it is that of the TCP or UDP header
     * that the parser has found. A tunnel device in a container hands over frames whose inner checksum is missing; a
     * hostile one names any two bytes. If they were written at the egress, then after every check; so they are written
     * now, and the caller parses the frame again.
     *
     * @return whether the frame has changed; its virtio-net header is plain then.
     */
    boolean completeForeignChecksum(final FrameBatch batch, final int i) {
        virtio.wrapBefore(batch.address(i));
        if (!virtio.needsChecksum() || isOwnChecksum(batch, i)) {
            return false;
        }
        final int start = virtio.checksumStart();
        // As skb_checksum_help() in net/core/dev.c does, which never leaves a 0.
        InternetChecksum.complete(batch.address(i) + start, virtio.checksumOffset(), batch.length(i) - start, true);
        virtio.clear();
        batch.offloaded(i, false);
        return true;
    }

    private boolean isOwnChecksum(final FrameBatch batch, final int i) {
        if (batch.l4Offset(i) == 0 || virtio.checksumStart() != batch.l4Offset(i)
            || batch.isFragment(i)) {
            return false;
        }
        return switch (batch.l4Protocol(i)) {
            case IpProtocol.TCP -> virtio.checksumOffset() == TcpFlyweight.CHECKSUM_FIELD_OFFSET;
            case IpProtocol.UDP -> virtio.checksumOffset() == UdpFlyweight.CHECKSUM_FIELD_OFFSET;
            default -> false;
        };
    }

    private DropReason parseGso(final FrameBatch batch, final int i, final int gsoType) {
        final int headerLength = switch (gsoType & ~VirtioNetHeaderFlyweight.GSO_ECN) {
            case VirtioNetHeaderFlyweight.GSO_TCPV4 -> tcpHeaderLength(batch, i, EtherType.IPV4);
            case VirtioNetHeaderFlyweight.GSO_TCPV6 -> tcpHeaderLength(batch, i, EtherType.IPV6);
            case VirtioNetHeaderFlyweight.GSO_UDP_L4 ->
                gsoType == VirtioNetHeaderFlyweight.GSO_UDP_L4 && batch.l4Protocol(i) == IpProtocol.UDP
                    ? UdpFlyweight.LENGTH : CONTRADICTED;
            default -> CONTRADICTED;
        };
        final int size = virtio.gsoSize();
        if (headerLength == CONTRADICTED || size == 0 || !isOwnChecksum(batch, i)) {
            return DropReason.VIRTIO_HEADER_INVALID;
        }
        final boolean isTcp = batch.l4Protocol(i) == IpProtocol.TCP;
        if (isTcp && size < MIN_TCP_SEGMENT_BYTES
            || batch.l4Length(i) - headerLength > size * (isTcp ? MAX_TCP_SEGMENTS : MAX_UDP_SEGMENTS)) {
            return DropReason.GSO_SEGMENTS_EXCEEDED;
        }
        batch.charge(Math.max(0, batch.l4Length(i) / size - USUAL_SEGMENTS) >> SEGMENTS_PER_UNIT_SHIFT);
        final int segment = batch.l4Offset(i) - batch.l3Offset(i) + headerLength + size;
        batch.wireLength(i, Math.min(segment, batch.wireLength(i)));
        return null;
    }

    private int tcpHeaderLength(final FrameBatch batch, final int i, final int etherType) {
        return batch.etherType(i) == etherType && batch.l4Protocol(i) == IpProtocol.TCP
            ? tcp.wrap(batch.l4Address(i), batch.l4Available(i)).headerLength() : CONTRADICTED;
    }
}
