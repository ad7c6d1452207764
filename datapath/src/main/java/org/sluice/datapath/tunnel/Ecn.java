package org.sluice.datapath.tunnel;

import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;

/**
 * Explicit congestion notification through a tunnel (RFC 6040): a congestion mark that a router in the underlay sets
 * reaches the endpoints.
 */
final class Ecn {
    private static final int ECN_MASK = 3;
    private static final int NOT_ECT = 0;
    private static final int ECT_1 = 1;
    private static final int ECT_0 = 2;
    private static final int CE = 3;

    private Ecn() {
    }

    /** DSCP and ECN of a frame's packet, for the outer header (normal mode of section 4.1); 0 if it is not IP. */
    static int trafficClass(final long frame, final int length) {
        final long l3 = frame + EthernetFlyweight.LENGTH;
        return switch (etherType(frame, length)) {
            case EtherType.IPV4 -> NetworkOrder.u8(l3 + 1);
            case EtherType.IPV6 -> NetworkOrder.u16(l3) >>> 4 & 0xFF;
            default -> 0;
        };
    }

    /**
     * Copies the outer header's congestion mark into a frame (figure 4 of section 4.2).
     *
     * @param outer the outer header's traffic class.
     * @return false when the packet must be dropped: it met congestion, and its endpoints do not support ECN.
     */
    static boolean decapsulate(final long frame, final int length, final int outer) {
        final int outerEcn = outer & ECN_MASK;
        if (outerEcn == NOT_ECT || outerEcn == ECT_0) {
            return true; // the inner header stays as it is
        }
        final int etherType = etherType(frame, length);
        if (etherType == 0) {
            return true;
        }
        final long l3 = frame + EthernetFlyweight.LENGTH;
        final int inner = trafficClass(frame, length) & ECN_MASK;
        if (inner == NOT_ECT) {
            return outerEcn != CE;
        }
        if (inner == CE || inner == outerEcn || inner == ECT_1 && outerEcn != CE) {
            return true;
        }
        final int word = NetworkOrder.u16(l3);
        if (etherType == EtherType.IPV4) {
            final int marked = word & ~ECN_MASK | outerEcn;
            final long checksum = l3 + Ipv4Flyweight.CHECKSUM_FIELD_OFFSET;
            NetworkOrder.u16(checksum, InternetChecksum.update16(NetworkOrder.u16(checksum), word, marked));
            NetworkOrder.u16(l3, marked);
        } else {
            NetworkOrder.u16(l3, word & ~(ECN_MASK << 4) | outerEcn << 4);
        }
        return true;
    }

    /** The EtherType, if it is IP and the whole header is there; otherwise 0. */
    private static int etherType(final long frame, final int length) {
        final int type = NetworkOrder.u16(frame + EthernetFlyweight.ETHER_TYPE_FIELD_OFFSET);
        final int needed = switch (type) {
            case EtherType.IPV4 -> Ipv4Flyweight.MIN_LENGTH;
            case EtherType.IPV6 -> Ipv6Flyweight.LENGTH;
            default -> Integer.MAX_VALUE;
        };
        return length - EthernetFlyweight.LENGTH >= needed ? type : 0;
    }
}
