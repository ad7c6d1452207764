package org.sluice.datapath.conntrack;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/** Verifies the layer-4 checksums of received frames. Owned by the worker. */
public final class ChecksumVerifier {
    private static final int RIGHT = 0xFFFF;

    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();

    /**
     * Whether the checksum of frame {@code i} is right, as far as the switch can tell. It accepts a checksum that is
     * yet to be completed or that the device vouches for, a fragment, and a protocol without a checksum.
     */
    public boolean isRight(final FrameBatch batch, final int i) {
        final int protocol = batch.l4Protocol(i);
        if (batch.l4Offset(i) == 0 || batch.isFragment(i) || isVouchedFor(batch, i)) {
            return true;
        }
        final long l4 = batch.l4Address(i);
        final int length = batch.l4Length(i);
        return switch (protocol) {
            case IpProtocol.ICMP -> InternetChecksum.sum(l4, length) == RIGHT;
            case IpProtocol.UDP -> NetworkOrder.u16(l4 + UdpFlyweight.CHECKSUM_FIELD_OFFSET) == 0
                || isSumRight(batch, i, l4, NetworkOrder.u16(l4 + UdpFlyweight.LENGTH_FIELD_OFFSET));
            case IpProtocol.TCP, IpProtocol.ICMPV6 -> isSumRight(batch, i, l4, length);
            default -> true;
        };
    }

    private boolean isVouchedFor(final FrameBatch batch, final int i) {
        return (virtio.wrapBefore(batch.address(i)).flags()
            & (VirtioNetHeaderFlyweight.NEEDS_CHECKSUM | VirtioNetHeaderFlyweight.DATA_VALID)) != 0;
    }

    private boolean isSumRight(final FrameBatch batch, final int i, final long l4, final int length) {
        final long pseudoHeader = InternetChecksum.pseudoHeader(batch.l3Address(i),
            batch.etherType(i) == EtherType.IPV4, batch.l4Protocol(i), length);
        return InternetChecksum.fold(pseudoHeader + InternetChecksum.sum(l4, length)) == RIGHT;
    }
}
