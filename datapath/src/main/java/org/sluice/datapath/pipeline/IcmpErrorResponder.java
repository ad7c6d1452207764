package org.sluice.datapath.pipeline;

import java.util.concurrent.TimeUnit;

import org.agrona.UnsafeApi;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.policy.Martians;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IcmpFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;

/**
 * Tells a packet's sender why the packet cannot go on (RFC 792, RFC 1812 4.3.2, RFC 4443). The error replaces the frame
 * in the batch and leaves through the ingress port. An ICMP error, or a fragment after the first, never causes one. The
 * rate is limited for each port, as in the kernel (icmp_msgs_per_sec 1000, icmp_msgs_burst 50). Owned by the worker.
 */
final class IcmpErrorResponder {
    private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long BURST_NS = 50 * INTERVAL_NS;
    /** What an error costs beside its frame, in units of a port's budget. */
    private static final int WORK = 2;
    private static final int TTL = 64;
    private static final int ICMP_HEADER_BYTES = 8;
    private static final int MAX_IPV4_PACKET = 576;
    private static final int MAX_IPV6_PACKET = 1280;
    private static final int L3_OFFSET = EthernetFlyweight.LENGTH;

    private static final int IPV4_UNREACHABLE = 3;
    private static final int IPV4_HOST_UNREACHABLE = 1;
    private static final int IPV4_FRAGMENTATION_NEEDED = 4;
    private static final int IPV4_PROHIBITED = 13;
    private static final int IPV4_TIME_EXCEEDED = 11;
    private static final int IPV6_UNREACHABLE = 1;
    private static final int IPV6_PROHIBITED = 1;
    private static final int IPV6_ADDRESS_UNREACHABLE = 3;
    private static final int IPV6_TOO_BIG = 2;
    private static final int IPV6_TIME_EXCEEDED = 3;

    private final EthernetFlyweight ethernet = new EthernetFlyweight();
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final CounterGroup<DropReason> drops;
    private final CounterGroup<WorkerCounter> counters;
    /** For each port, when the next error would be due at the limited rate. */
    private final long[] dueNs = new long[PortIndex.LIMIT];
    /** Source address of the error that is being written. */
    private long sourceHigh;
    private long sourceLow;

    IcmpErrorResponder(final CounterGroup<WorkerCounter> counters, final CounterGroup<DropReason> drops) {
        this.counters = counters;
        this.drops = drops;
    }

    /** Call it before the packet is translated. */
    void timeExceeded(final FrameBatch batch, final int i, final Port ingress) {
        respond(batch, i, ingress, DropReason.TTL_EXPIRED, IPV4_TIME_EXCEEDED << 8, IPV6_TIME_EXCEEDED << 8, 0);
    }

    /**
     * Drops a packet, and tells its sender if the reason is the host's routing, as the kernel does ({@code ip_error} in
     * Linux net/ipv4/route.c, {@code ip6_pkt_drop} in net/ipv6/route.c). Call it before the packet is translated.
     */
    void refuse(final FrameBatch batch, final int i, final Port ingress, final DropReason reason) {
        switch (reason) {
            case NO_ROUTE, RULE_UNREACHABLE, ROUTE_BY_NO_UPLINK ->
                respond(batch, i, ingress, reason, IPV4_UNREACHABLE << 8, IPV6_UNREACHABLE << 8, 0);
            case ROUTE_UNREACHABLE -> respond(batch, i, ingress, reason,
                IPV4_UNREACHABLE << 8 | IPV4_HOST_UNREACHABLE, IPV6_UNREACHABLE << 8, 0);
            case ROUTE_PROHIBITED -> respond(batch, i, ingress, reason,
                IPV4_UNREACHABLE << 8 | IPV4_PROHIBITED, IPV6_UNREACHABLE << 8 | IPV6_PROHIBITED, 0);
            default -> batch.drop(i, reason);
        }
    }

    /** Tells how long a packet may be (RFC 1191, RFC 8201). Call it before the packet is translated. */
    void tooBig(final FrameBatch batch, final int i, final Port ingress, final int mtu) {
        respond(batch, i, ingress, DropReason.FRAGMENTATION_NEEDED, IPV4_UNREACHABLE << 8 | IPV4_FRAGMENTATION_NEEDED,
            IPV6_TOO_BIG << 8, mtu);
    }

    /**
     * For a packet that is complete but for its MAC addresses, and whose neighbour does not answer. The error comes
     * from the packet's egress, and finds its way back as an error from the world does.
     *
     * @param gateway of the sender's network if the packet has kept its source; otherwise null.
     */
    void hostUnreachable(final FrameBatch batch, final int i, final Port uplink, final PortIdentity gateway) {
        final long tuple = batch.tupleAddress(i);
        final boolean asIpv4 = batch.etherType(i) == EtherType.IPV4;
        if (!mayAnswer(batch, i, tuple) || !isWithinRate(uplink.index(), batch.nowNs())) {
            batch.drop(i, DropReason.NEIGHBOUR_UNREACHABLE);
            return;
        }
        if (gateway == null) {
            source(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple));
        } else {
            source(gateway, asIpv4);
        }
        replace(batch, i, uplink.identity().mac(), batch.sourceMac(i),
            asIpv4 ? IPV4_UNREACHABLE << 8 | IPV4_HOST_UNREACHABLE
                : IPV6_UNREACHABLE << 8 | IPV6_ADDRESS_UNREACHABLE, 0);
        batch.egress(i, FrameBatch.EGRESS_GATEWAY);
        drops.increment(DropReason.NEIGHBOUR_UNREACHABLE);
    }

    private void respond(final FrameBatch batch, final int i, final Port ingress, final DropReason reason,
                         final int ipv4TypeAndCode, final int ipv6TypeAndCode, final int parameter) {
        final long tuple = batch.tupleAddress(i);
        final boolean asIpv4 = batch.etherType(i) == EtherType.IPV4;
        if (!mayAnswer(batch, i, tuple) || !hasSource(ingress, asIpv4)
            || !isWithinRate(ingress.index(), batch.nowNs())) {
            batch.drop(i, reason);
            return;
        }
        // An endpoint gets the error from the gateway; an outside host, from the host address that it sent to.
        if (ingress.isUplink()) {
            source(FlowTuple.destinationHigh(tuple), FlowTuple.destinationLow(tuple));
        } else {
            source(ingress.domain().gateway(), asIpv4);
        }
        replace(batch, i, batch.sourceMac(i), ingress.domain().gateway().mac(),
            asIpv4 ? ipv4TypeAndCode : ipv6TypeAndCode, parameter);
        batch.egress(i, ingress.index());
        batch.answered(i, reason);
        drops.increment(reason);
        ingress.counters().increment(PortCounter.RX_DROPS);
        ingress.domain().counters().increment(NetworkCounter.DROPS);
    }

    private void source(final PortIdentity gateway, final boolean asIpv4) {
        if (asIpv4) {
            source(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(gateway.ipv4()));
        } else {
            source(gateway.ipv6High(), gateway.ipv6Low());
        }
    }

    private void source(final long high, final long low) {
        sourceHigh = high;
        sourceLow = low;
    }

    /** Replaces the packet with the error, from the chosen source to the packet's source. */
    private void replace(final FrameBatch batch, final int i, final long destinationMac, final long sourceMac,
                         final int typeAndCode, final int parameter) {
        final long tuple = batch.tupleAddress(i);
        final boolean asIpv4 = batch.etherType(i) == EtherType.IPV4;
        final long packet = batch.l3Address(i);
        final int headerBytes = (asIpv4 ? Ipv4Flyweight.MIN_LENGTH : Ipv6Flyweight.LENGTH) + ICMP_HEADER_BYTES;
        final int quoted = Math.min(batch.l3Available(i),
            (asIpv4 ? MAX_IPV4_PACKET : MAX_IPV6_PACKET) - headerBytes);
        final int length = L3_OFFSET + headerBytes + quoted;
        batch.replace(i, length);
        batch.charge(WORK);
        final long frame = batch.address(i);
        UnsafeApi.copyMemory(packet, frame + L3_OFFSET + headerBytes, quoted);
        ethernet.wrap(frame, length);
        ethernet.destination(destinationMac);
        ethernet.source(sourceMac);
        ethernet.etherType(asIpv4 ? EtherType.IPV4 : EtherType.IPV6);
        final long icmp = frame + L3_OFFSET + headerBytes - ICMP_HEADER_BYTES;
        NetworkOrder.u16(icmp, typeAndCode);
        NetworkOrder.i32(icmp + Integer.BYTES, parameter);
        if (asIpv4) {
            writeIpv4(frame, length, (int) FlowTuple.sourceLow(tuple), icmp);
        } else {
            writeIpv6(frame, length, FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple), icmp);
        }
        batch.wireLength(i, length - L3_OFFSET);
        batch.offloaded(i, false);
        batch.connection(i, ConntrackTable.NONE);
        counters.increment(WorkerCounter.ICMP_ERRORS_SENT);
    }

    private void writeIpv4(final long frame, final int length, final int destination, final long icmp) {
        ipv4.wrap(frame + L3_OFFSET, length - L3_OFFSET);
        ipv4.versionAndHeaderLength(Ipv4Flyweight.MIN_LENGTH);
        ipv4.totalLength(length - L3_OFFSET);
        ipv4.ttl(TTL);
        ipv4.protocol(IpProtocol.ICMP);
        ipv4.source((int) sourceLow);
        ipv4.destination(destination);
        ipv4.updateChecksum();
        NetworkOrder.u16(icmp + IcmpFlyweight.CHECKSUM_FIELD_OFFSET,
            InternetChecksum.finish(InternetChecksum.sum(icmp, (int) (frame + length - icmp))));
    }

    private void writeIpv6(final long frame, final int length, final long destinationHigh, final long destinationLow,
                           final long icmp) {
        final int icmpLength = (int) (frame + length - icmp);
        ipv6.wrap(frame + L3_OFFSET, length - L3_OFFSET);
        ipv6.versionOnly();
        ipv6.payloadLength(icmpLength);
        ipv6.nextHeader(IpProtocol.ICMPV6);
        ipv6.hopLimit(TTL);
        ipv6.source(sourceHigh, sourceLow);
        ipv6.destination(destinationHigh, destinationLow);
        NetworkOrder.u16(icmp + IcmpFlyweight.CHECKSUM_FIELD_OFFSET, InternetChecksum.finish(
            InternetChecksum.pseudoHeader(sourceHigh, sourceLow, destinationHigh, destinationLow, IpProtocol.ICMPV6,
                icmpLength) + InternetChecksum.sum(icmp, icmpLength)));
    }

    private static boolean mayAnswer(final FrameBatch batch, final int i, final long tuple) {
        final int protocol = batch.l4Protocol(i);
        final boolean isIcmp = protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6;
        return batch.l4Offset(i) != 0 && !(isIcmp && !batch.hasOwnTuple(i))
            && !Martians.isMartian(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple));
    }

    private static boolean hasSource(final Port ingress, final boolean asIpv4) {
        final PortIdentity gateway = ingress.domain().gateway();
        return ingress.isUplink() || (asIpv4 ? gateway.hasIpv4() : gateway.hasIpv6());
    }

    private boolean isWithinRate(final int port, final long nowNs) {
        final long due = Math.max(dueNs[port], nowNs - BURST_NS);
        if (due - nowNs > 0) {
            return false;
        }
        dueNs[port] = due + INTERVAL_NS;
        return true;
    }
}
