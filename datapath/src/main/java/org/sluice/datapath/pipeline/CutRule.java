package org.sluice.datapath.pipeline;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Whether a packet that is too long for its way out is cut into fragments or its sender is told: IPv4 packets that do
 * not forbid it are cut; super-frames are not, for they are many already. Owned by the worker.
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
