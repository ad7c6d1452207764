package org.sluice.datapath.pipeline;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Decides whether a packet that is too long for its egress is cut into fragments; otherwise an ICMP error tells the
 * sender. IPv4 packets that do not forbid it are cut. Super-frames are not, because they are many packets already.
 * Owned by the worker.
 */
final class CutRule {
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();

    /** Marks frame {@code i} as cuttable if it may be cut. */
    boolean allow(final FrameBatch batch, final int i, final int mtu) {
        if (batch.etherType(i) != EtherType.IPV4
            || (NetworkOrder.u16(batch.l3Address(i) + Ipv4Flyweight.FRAGMENT_FIELD_OFFSET)
                & Ipv4Flyweight.DONT_FRAGMENT) != 0
            || virtio.wrapBefore(batch.address(i)).gsoType() != VirtioNetHeaderFlyweight.GSO_NONE
            || !Ipv4Fragmenter.canCut(batch.wireLength(i), mtu)) {
            return false;
        }
        batch.cuttable(i);
        return true;
    }
}
