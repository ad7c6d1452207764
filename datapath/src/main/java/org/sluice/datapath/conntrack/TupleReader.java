package org.sluice.datapath.conntrack;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.IcmpFlyweight;
import org.sluice.datapath.protocol.Icmpv6Flyweight;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;

/** Reads the tuple of a frame whose headers are parsed. Owned by the worker. */
public final class TupleReader {
    static final long NO_PORTS = -1;

    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();

    /**
     * Notes addresses, protocol and ports of frame {@code i}, and whether the tuple is its own: see
     * {@link FrameBatch#hasOwnTuple(int)}. If it is not, its ports are zero.
     */
    public void read(final FrameBatch batch, final int i) {
        final long tuple = batch.tupleAddress(i);
        if (batch.etherType(i) == EtherType.IPV4) {
            final long both = NetworkOrder.i64(batch.l3Address(i) + Ipv4Flyweight.SOURCE_FIELD_OFFSET);
            FlowTuple.source(tuple, IpAddress.IPV4_HIGH, IpAddress.ipv4Low((int) (both >>> 32)));
            FlowTuple.destination(tuple, IpAddress.IPV4_HIGH, IpAddress.ipv4Low((int) both));
        } else {
            ipv6.wrap(batch.l3Address(i), batch.l3Available(i));
            FlowTuple.source(tuple, ipv6.sourceHigh(), ipv6.sourceLow());
            FlowTuple.destination(tuple, ipv6.destinationHigh(), ipv6.destinationLow());
        }
        final int protocol = batch.l4Protocol(i);
        final long ports = batch.l4Offset(i) == 0 ? NO_PORTS : ports(protocol, batch.l4Address(i), batch.l4Length(i));
        FlowTuple.ports(tuple, ports == NO_PORTS ? FlowTuple.ports(protocol, 0, 0) : ports);
        batch.hasOwnTuple(i, ports != NO_PORTS);
    }

    /** The ports word of a layer-4 header, or {@link #NO_PORTS} for ICMP that is no echo, or for a truncated header. */
    static long ports(final int protocol, final long header, final int lengthBytes) {
        switch (protocol) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP -> {
                if (lengthBytes < Integer.BYTES) {
                    return NO_PORTS;
                }
                final int both = NetworkOrder.i32(header);
                return FlowTuple.ports(protocol, both >>> 16, both & 0xFFFF);
            }
            case IpProtocol.ICMP -> {
                return echo(protocol, header, lengthBytes, IcmpFlyweight.ECHO_REQUEST, IcmpFlyweight.ECHO_REPLY);
            }
            case IpProtocol.ICMPV6 -> {
                return echo(protocol, header, lengthBytes, Icmpv6Flyweight.ECHO_REQUEST, Icmpv6Flyweight.ECHO_REPLY);
            }
            default -> {
                return FlowTuple.ports(protocol, 0, 0);
            }
        }
    }

    private static long echo(final int protocol, final long header, final int lengthBytes, final int request,
                             final int reply) {
        if (lengthBytes < IcmpFlyweight.LENGTH) {
            return NO_PORTS;
        }
        final int type = NetworkOrder.u8(header);
        final int identifier = NetworkOrder.u16(header + IcmpFlyweight.IDENTIFIER_FIELD_OFFSET);
        if (type == request) {
            return FlowTuple.ports(protocol, identifier, 0);
        }
        return type == reply ? FlowTuple.ports(protocol, 0, identifier) : NO_PORTS;
    }
}
