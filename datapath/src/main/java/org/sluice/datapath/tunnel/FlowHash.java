package org.sluice.datapath.tunnel;

import org.agrona.UnsafeApi;

import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;

/**
 * Distinguishes the flows of an overlay for the underlay, which spreads them over its links by the outer source port
 * (RFC 7348, section 5). All fragments of one packet are one flow, with or without ports. Owned by the worker.
 */
final class FlowHash {
    private static final int PORTS_BYTES = 4;
    private static final int IPV4_NOT_WHOLE = 0x3FFF;

    private FlowHash() {
    }

    /** A number whose every bit depends on the frame's flow. Reads no further than {@code length}. */
    static int of(final long frame, final int length) {
        final long l3 = frame + EthernetFlyweight.LENGTH;
        final int available = length - EthernetFlyweight.LENGTH;
        long key = UnsafeApi.getLong(frame) ^ Integer.toUnsignedLong(UnsafeApi.getInt(frame + Long.BYTES));
        switch (NetworkOrder.u16(frame + EthernetFlyweight.ETHER_TYPE_FIELD_OFFSET)) {
            case EtherType.IPV4 -> {
                if (available >= Ipv4Flyweight.MIN_LENGTH) {
                    key ^= UnsafeApi.getLong(l3 + Ipv4Flyweight.SOURCE_FIELD_OFFSET);
                    final int headerLength = (NetworkOrder.u8(l3) & 0xF) << 2;
                    final boolean whole =
                        (NetworkOrder.u16(l3 + Ipv4Flyweight.FRAGMENT_FIELD_OFFSET) & IPV4_NOT_WHOLE) == 0;
                    if (whole && hasPorts(NetworkOrder.u8(l3 + Ipv4Flyweight.PROTOCOL_FIELD_OFFSET))
                        && available >= headerLength + PORTS_BYTES) {
                        key = mix(key) ^ UnsafeApi.getInt(l3 + headerLength);
                    }
                }
            }
            case EtherType.IPV6 -> {
                if (available >= Ipv6Flyweight.LENGTH) {
                    key ^= UnsafeApi.getLong(l3 + Ipv6Flyweight.SOURCE_FIELD_OFFSET + Long.BYTES)
                        + UnsafeApi.getLong(l3 + Ipv6Flyweight.DESTINATION_FIELD_OFFSET + Long.BYTES);
                    if (hasPorts(NetworkOrder.u8(l3 + Ipv6Flyweight.NEXT_HEADER_FIELD_OFFSET))
                        && available >= Ipv6Flyweight.LENGTH + PORTS_BYTES) {
                        key = mix(key) ^ UnsafeApi.getInt(l3 + Ipv6Flyweight.LENGTH);
                    }
                }
            }
            default -> { }
        }
        return (int) (mix(key) >>> 32);
    }

    private static boolean hasPorts(final int protocol) {
        return protocol == IpProtocol.TCP || protocol == IpProtocol.UDP || protocol == IpProtocol.SCTP;
    }

    /** The first half of MurmurHash3's finalizer. */
    private static long mix(final long key) {
        final long h = (key ^ key >>> 33) * 0xFF51_AFD7_ED55_8CCDL;
        return h ^ h >>> 29;
    }
}
