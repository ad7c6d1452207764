package org.sluice.datapath.nat;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.IcmpFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Rewrites a packet of a connection into what it is on the other side: addresses, ports, TTL, and all checksums,
 * incrementally (RFC 1624). A partial checksum, which only holds the pseudo-header's sum, is changed by the addresses
 * alone; the ports come in when it is completed. DSCP and ECN are left as they are. Owned by the worker.
 */
public final class PacketTranslator {
    private static final int NO_CHECKSUM = -1;
    private static final int SCTP_CHECKSUM_FIELD_OFFSET = 8;
    private static final int MAX_PACKET = 65_536;

    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private final CRC32C crc32c = new CRC32C();
    private final ByteBuffer sctpPacket = ByteBuffer.allocateDirect(MAX_PACKET);
    private final long sctpPacketAddress = new UnsafeBuffer(sctpPacket).addressOffset();

    /** Rewrites frame {@code i}, which is a packet of the connection in this direction, and counts its TTL down. */
    public void translate(final FrameBatch batch, final int i, final long connection, final int direction) {
        final long other = Connection.tuple(connection, 1 - direction);
        final long own = batch.tupleAddress(i);
        final long l3 = batch.l3Address(i);
        final long addressChange = batch.etherType(i) == EtherType.IPV4 ? rewriteIpv4(l3, own, other)
            : rewriteIpv6(l3, own, other);
        if (batch.l4Offset(i) == 0) {
            return; // a later fragment: its checksum is in the first one
        }
        final long l4 = batch.l4Address(i);
        final int newSource = FlowTuple.destinationPort(other);
        final int newDestination = FlowTuple.sourcePort(other);
        final int oldSource = FlowTuple.sourcePort(own);
        final int oldDestination = FlowTuple.destinationPort(own);
        final boolean portsChange = newSource != oldSource || newDestination != oldDestination;
        if (addressChange == 0 && !portsChange) {
            return;
        }
        final int protocol = batch.l4Protocol(i);
        if (protocol == IpProtocol.SCTP) {
            if (portsChange) {
                NetworkOrder.i32(l4, newSource << 16 | newDestination);
                completeSctp(l4, batch.l4Length(i));
            }
            return;
        }
        final long portChange = portsChange
            ? rewritePorts(l4, protocol, oldSource, oldDestination, newSource, newDestination) : 0;
        rewriteChecksum(batch, i, l4, protocol, addressChange, portChange);
    }

    /** Each change is a sum of 32-bit words: the complement of the old ones and the new ones. */
    private static long rewriteIpv4(final long l3, final long own, final long other) {
        final int oldSource = (int) FlowTuple.sourceLow(own);
        final int newSource = (int) FlowTuple.destinationLow(other);
        final int oldDestination = (int) FlowTuple.destinationLow(own);
        final int newDestination = (int) FlowTuple.sourceLow(other);
        long change = 0;
        if (oldSource != newSource) {
            NetworkOrder.i32(l3 + Ipv4Flyweight.SOURCE_FIELD_OFFSET, newSource);
            change += change(oldSource, newSource);
        }
        if (oldDestination != newDestination) {
            NetworkOrder.i32(l3 + Ipv4Flyweight.DESTINATION_FIELD_OFFSET, newDestination);
            change += change(oldDestination, newDestination);
        }
        final long ttl = l3 + Ipv4Flyweight.TTL_FIELD_OFFSET;
        final int oldTtl = NetworkOrder.u16(ttl);
        UnsafeApi.putByte(ttl, (byte) (UnsafeApi.getByte(ttl) - 1));
        final long field = l3 + Ipv4Flyweight.CHECKSUM_FIELD_OFFSET;
        NetworkOrder.u16(field, InternetChecksum.finish(
            (~NetworkOrder.u16(field) & 0xFFFF) + change + (~oldTtl & 0xFFFF) + NetworkOrder.u16(ttl)));
        return change;
    }

    private static long rewriteIpv6(final long l3, final long own, final long other) {
        final long hopLimit = l3 + Ipv6Flyweight.HOP_LIMIT_FIELD_OFFSET;
        UnsafeApi.putByte(hopLimit, (byte) (UnsafeApi.getByte(hopLimit) - 1));
        return rewriteAddress(l3 + Ipv6Flyweight.SOURCE_FIELD_OFFSET, FlowTuple.sourceHigh(own),
            FlowTuple.sourceLow(own), FlowTuple.destinationHigh(other), FlowTuple.destinationLow(other))
            + rewriteAddress(l3 + Ipv6Flyweight.DESTINATION_FIELD_OFFSET, FlowTuple.destinationHigh(own),
                FlowTuple.destinationLow(own), FlowTuple.sourceHigh(other), FlowTuple.sourceLow(other));
    }

    private static long rewriteAddress(final long field, final long oldHigh, final long oldLow, final long newHigh,
                                       final long newLow) {
        if (oldHigh == newHigh && oldLow == newLow) {
            return 0;
        }
        NetworkOrder.i64(field, newHigh);
        NetworkOrder.i64(field + Long.BYTES, newLow);
        return change(oldHigh, newHigh) + change(oldLow, newLow);
    }

    private static long rewritePorts(final long l4, final int protocol, final int oldSource, final int oldDestination,
                                     final int newSource, final int newDestination) {
        if (protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6) {
            // One of the two is the identifier and the other is zero, before and after.
            NetworkOrder.u16(l4 + IcmpFlyweight.IDENTIFIER_FIELD_OFFSET, newSource | newDestination);
        } else {
            NetworkOrder.i32(l4, newSource << 16 | newDestination);
        }
        return change(oldSource << 16 | oldDestination, newSource << 16 | newDestination);
    }

    private void rewriteChecksum(final FrameBatch batch, final int i, final long l4, final int protocol,
                                 final long addressChange, final long portChange) {
        final int fieldOffset = checksumOffset(protocol);
        if (fieldOffset == NO_CHECKSUM) {
            return;
        }
        final long field = l4 + fieldOffset;
        final int checksum = NetworkOrder.u16(field);
        // ICMP of IPv4 has no pseudo-header.
        final long pseudoHeaderChange = protocol == IpProtocol.ICMP ? 0 : addressChange;
        if (batch.isOffloaded(i) && virtio.wrapBefore(batch.address(i)).needsChecksum()) {
            NetworkOrder.u16(field, InternetChecksum.fold(checksum + pseudoHeaderChange));
            return;
        }
        if (protocol == IpProtocol.UDP && checksum == 0) {
            return; // the sender has sent none
        }
        final int updated = InternetChecksum.finish((~checksum & 0xFFFF) + pseudoHeaderChange + portChange);
        NetworkOrder.u16(field, protocol == IpProtocol.UDP && updated == 0 ? 0xFFFF : updated);
    }

    static int checksumOffset(final int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> TcpFlyweight.CHECKSUM_FIELD_OFFSET;
            case IpProtocol.UDP -> UdpFlyweight.CHECKSUM_FIELD_OFFSET;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> IcmpFlyweight.CHECKSUM_FIELD_OFFSET;
            default -> NO_CHECKSUM;
        };
    }

    /** SCTP has a CRC over the whole packet, ports included, that cannot be changed in part (RFC 9260, 6.8). */
    private void completeSctp(final long packet, final int lengthBytes) {
        if (lengthBytes < SCTP_CHECKSUM_FIELD_OFFSET + Integer.BYTES) {
            return;
        }
        UnsafeApi.putInt(packet + SCTP_CHECKSUM_FIELD_OFFSET, 0);
        UnsafeApi.copyMemory(packet, sctpPacketAddress, lengthBytes);
        sctpPacket.clear().limit(lengthBytes);
        crc32c.reset();
        crc32c.update(sctpPacket);
        // The CRC goes out with its least significant byte first.
        NetworkOrder.i32(packet + SCTP_CHECKSUM_FIELD_OFFSET, Integer.reverseBytes((int) crc32c.getValue()));
    }

    static long change(final int oldWord, final int newWord) {
        return (~oldWord & 0xFFFF_FFFFL) + (newWord & 0xFFFF_FFFFL);
    }

    static long change(final long oldWords, final long newWords) {
        return change((int) (oldWords >>> 32), (int) (newWords >>> 32)) + change((int) oldWords, (int) newWords);
    }
}
