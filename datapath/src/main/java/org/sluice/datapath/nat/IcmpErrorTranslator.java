package org.sluice.datapath.nat;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.conntrack.ChecksumVerifier;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.EmbeddedPacket;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.IcmpFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.UdpFlyweight;

/**
 * Translates ICMP and ICMPv6 errors about packets of a connection (RFC 5508, 4). The packet embedded in an error
 * identifies the connection. Both headers are translated, the outer and the embedded one, so that the embedded packet's
 * sender recognizes it. An error never changes a connection. Owned by the worker.
 */
public final class IcmpErrorTranslator implements AutoCloseable {
    private static final int EMBEDDED_OFFSET = 8;
    /** A UDP checksum that is computed to be zero (RFC 768). */
    private static final int UDP_ZERO = 0xFFFF;

    private final ConntrackTable connections;
    private final ChecksumVerifier checksums = new ChecksumVerifier();
    private final EmbeddedPacket embedded = new EmbeddedPacket();
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final OffHeapRegion memory = OffHeapRegion.anonymous(2L * FlowTuple.BYTES);
    private final long embeddedTuple = memory.address();
    private final long invertedTuple = memory.address() + FlowTuple.BYTES;

    public IcmpErrorTranslator(final ConntrackTable connections) {
        this.connections = connections;
    }

    /**
     * Finds the connection of frame {@code i}, a whole ICMP message that is no echo, and notes it.
     *
     * @param owner of the ingress port.
     * @return why the message cannot go on, or null.
     */
    public DropReason relate(final FrameBatch batch, final int i, final int owner) {
        if (!IcmpFlyweight.isError(batch.l4Protocol(i), NetworkOrder.u8(batch.l4Address(i)))) {
            return DropReason.ICMP_NOT_TRACKED;
        }
        if (batch.isOffloaded(i) || !checksums.isRight(batch, i)) {
            return DropReason.L4_CHECKSUM_WRONG;
        }
        if (!readEmbedded(batch, i)) {
            return DropReason.ICMP_ERROR_MALFORMED;
        }
        FlowTuple.invert(embeddedTuple, invertedTuple);
        final long ref = connections.findAlive(invertedTuple, batch.nowNs());
        if (ref == ConntrackTable.NONE) {
            return DropReason.ICMP_ERROR_UNRELATED;
        }
        final int direction = Connection.directionOfRef(ref);
        if (Connection.sourceOwner(Connection.ofRef(ref), direction) != owner) {
            return DropReason.INGRESS_MISMATCH;
        }
        batch.connection(i, ref);
        return null;
    }

    /** Whether frame {@code i}, an error that {@link #relate} has matched with a connection, is about this one. */
    public boolean isAbout(final FrameBatch batch, final int i, final long ref) {
        if (!readEmbedded(batch, i)) {
            return false;
        }
        FlowTuple.invert(embeddedTuple, invertedTuple);
        return ConntrackTable.isOf(ref, invertedTuple);
    }

    /** Rewrites frame {@code i}, an error that goes in this direction according to {@link #relate}. */
    public void translate(final FrameBatch batch, final int i, final long connection, final int direction) {
        if (!readEmbedded(batch, i)) {
            throw new IllegalStateException("the error has changed since it was related");
        }
        final long own = Connection.tuple(connection, direction);
        final long other = Connection.tuple(connection, 1 - direction);
        // The embedded packet went the other way: a source here was a destination there.
        updateEmbeddedChecksum(rewriteEmbeddedAddresses(own, other) + rewriteEmbeddedPorts(own, other));
        final long l3 = batch.l3Address(i);
        final boolean sourceChanges = FlowTuple.sourceLow(own) != FlowTuple.destinationLow(other)
            || FlowTuple.sourceHigh(own) != FlowTuple.destinationHigh(other);
        if (embedded.isIpv4()) {
            if (sourceChanges) {
                NetworkOrder.i32(l3 + Ipv4Flyweight.SOURCE_FIELD_OFFSET, (int) FlowTuple.destinationLow(other));
            }
            NetworkOrder.i32(l3 + Ipv4Flyweight.DESTINATION_FIELD_OFFSET, (int) FlowTuple.sourceLow(other));
            decrementTtl(l3 + Ipv4Flyweight.TTL_FIELD_OFFSET);
            ipv4.wrap(l3, batch.l3Available(i)).updateChecksum();
        } else {
            if (sourceChanges) {
                putIpv6(l3 + Ipv6Flyweight.SOURCE_FIELD_OFFSET, FlowTuple.destinationHigh(other),
                    FlowTuple.destinationLow(other));
            }
            putIpv6(l3 + Ipv6Flyweight.DESTINATION_FIELD_OFFSET, FlowTuple.sourceHigh(other),
                FlowTuple.sourceLow(other));
            decrementTtl(l3 + Ipv6Flyweight.HOP_LIMIT_FIELD_OFFSET);
        }
        updateIcmpChecksum(batch, i, l3);
    }

    private boolean readEmbedded(final FrameBatch batch, final int i) {
        return embedded.read(batch.l4Address(i) + EMBEDDED_OFFSET, batch.l4Length(i) - EMBEDDED_OFFSET,
            batch.etherType(i) == EtherType.IPV4, embeddedTuple);
    }

    /** Returns how the sum under the embedded packet's checksum changes. */
    private long rewriteEmbeddedAddresses(final long own, final long other) {
        final long l3 = embedded.l3Address();
        final long change = PacketTranslator.change(FlowTuple.destinationHigh(own), FlowTuple.sourceHigh(other))
            + PacketTranslator.change(FlowTuple.destinationLow(own), FlowTuple.sourceLow(other))
            + PacketTranslator.change(FlowTuple.sourceHigh(own), FlowTuple.destinationHigh(other))
            + PacketTranslator.change(FlowTuple.sourceLow(own), FlowTuple.destinationLow(other));
        if (embedded.isIpv4()) {
            NetworkOrder.i32(l3 + Ipv4Flyweight.SOURCE_FIELD_OFFSET, (int) FlowTuple.sourceLow(other));
            NetworkOrder.i32(l3 + Ipv4Flyweight.DESTINATION_FIELD_OFFSET, (int) FlowTuple.destinationLow(other));
            update(l3 + Ipv4Flyweight.CHECKSUM_FIELD_OFFSET, change);
        } else {
            putIpv6(l3 + Ipv6Flyweight.SOURCE_FIELD_OFFSET, FlowTuple.sourceHigh(other), FlowTuple.sourceLow(other));
            putIpv6(l3 + Ipv6Flyweight.DESTINATION_FIELD_OFFSET, FlowTuple.destinationHigh(other),
                FlowTuple.destinationLow(other));
        }
        return embedded.protocol() == IpProtocol.ICMP ? 0 : change;
    }

    /** Returns how the sum under the embedded packet's checksum changes. */
    private long rewriteEmbeddedPorts(final long own, final long other) {
        final int oldSource = FlowTuple.destinationPort(own);
        final int oldDestination = FlowTuple.sourcePort(own);
        final int newSource = FlowTuple.sourcePort(other);
        final int newDestination = FlowTuple.destinationPort(other);
        if (oldSource == newSource && oldDestination == newDestination) {
            return 0;
        }
        final long l4 = embedded.l4Address();
        if (embedded.protocol() == IpProtocol.ICMP || embedded.protocol() == IpProtocol.ICMPV6) {
            NetworkOrder.u16(l4 + IcmpFlyweight.IDENTIFIER_FIELD_OFFSET, newSource | newDestination);
        } else {
            NetworkOrder.i32(l4, newSource << 16 | newDestination);
        }
        return PacketTranslator.change(oldSource << 16 | oldDestination, newSource << 16 | newDestination);
    }

    /**
     * All at once: the checksum of UDP must not be taken for none where it would be zero half-way. If the embedded
     * packet ends before its checksum, there is none to update.
     */
    private void updateEmbeddedChecksum(final long change) {
        final int offset = PacketTranslator.checksumOffset(embedded.protocol());
        if (offset < 0 || embedded.l4Available() < offset + Short.BYTES) {
            return;
        }
        final long field = embedded.l4Address() + offset;
        final boolean isUdp = offset == UdpFlyweight.CHECKSUM_FIELD_OFFSET;
        if (isUdp && NetworkOrder.u16(field) == 0) {
            return;
        }
        update(field, change);
        if (isUdp && NetworkOrder.u16(field) == 0) {
            NetworkOrder.u16(field, UDP_ZERO);
        }
    }

    private void updateIcmpChecksum(final FrameBatch batch, final int i, final long l3) {
        final long icmp = batch.l4Address(i);
        final int length = batch.l4Length(i);
        NetworkOrder.u16(icmp + IcmpFlyweight.CHECKSUM_FIELD_OFFSET, 0);
        long sum = InternetChecksum.sum(icmp, length);
        if (batch.l4Protocol(i) == IpProtocol.ICMPV6) {
            sum += InternetChecksum.pseudoHeader(l3, false, IpProtocol.ICMPV6, length);
        }
        NetworkOrder.u16(icmp + IcmpFlyweight.CHECKSUM_FIELD_OFFSET, InternetChecksum.finish(sum));
    }

    private static void update(final long field, final long change) {
        NetworkOrder.u16(field, InternetChecksum.finish((~NetworkOrder.u16(field) & 0xFFFF) + change));
    }

    private static void putIpv6(final long field, final long high, final long low) {
        NetworkOrder.i64(field, high);
        NetworkOrder.i64(field + Long.BYTES, low);
    }

    private static void decrementTtl(final long field) {
        UnsafeApi.putByte(field, (byte) (NetworkOrder.u8(field) - 1));
    }

    @Override
    public void close() {
        memory.close();
    }
}
