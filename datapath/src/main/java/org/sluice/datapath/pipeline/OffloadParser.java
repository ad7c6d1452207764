package org.sluice.datapath.pipeline;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Checks the virtio-net header against the frame behind it, with the same rules as the kernel
 * (include/linux/virtio_net.h, {@code virtio_net_hdr_to_skb}), so that an egress TAP will not refuse it. Also finds the
 * length of the packets that a super-frame will be cut into. Owned by the worker.
 */
final class OffloadParser {
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
        return needsChecksum && parseGso(batch, i, gsoType) ? null : DropReason.VIRTIO_HEADER_INVALID;
    }

    private boolean parseGso(final FrameBatch batch, final int i, final int gsoType) {
        final int l4Offset = batch.l4Offset(i);
        if (l4Offset == 0 || virtio.checksumStart() != l4Offset || virtio.gsoSize() == 0) {
            return false;
        }
        final int headerLength = switch (gsoType & ~VirtioNetHeaderFlyweight.GSO_ECN) {
            case VirtioNetHeaderFlyweight.GSO_TCPV4 -> tcpHeaderLength(batch, i, EtherType.IPV4);
            case VirtioNetHeaderFlyweight.GSO_TCPV6 -> tcpHeaderLength(batch, i, EtherType.IPV6);
            case VirtioNetHeaderFlyweight.GSO_UDP_L4 ->
                gsoType == VirtioNetHeaderFlyweight.GSO_UDP_L4 && batch.l4Protocol(i) == IpProtocol.UDP
                    ? UdpFlyweight.LENGTH : CONTRADICTED;
            default -> CONTRADICTED;
        };
        final int checksumField = batch.l4Protocol(i) == IpProtocol.TCP ? TcpFlyweight.CHECKSUM_FIELD_OFFSET
            : UdpFlyweight.CHECKSUM_FIELD_OFFSET;
        if (headerLength == CONTRADICTED || virtio.checksumOffset() != checksumField) {
            return false;
        }
        final int segment = l4Offset - batch.l3Offset(i) + headerLength + virtio.gsoSize();
        batch.wireLength(i, Math.min(segment, batch.wireLength(i)));
        return true;
    }

    private int tcpHeaderLength(final FrameBatch batch, final int i, final int etherType) {
        return batch.etherType(i) == etherType && batch.l4Protocol(i) == IpProtocol.TCP
            ? tcp.wrap(batch.l4Address(i), batch.l4Available(i)).headerLength() : CONTRADICTED;
    }
}
