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
 * Rewrites a packet of a connection for the other side: addresses, ports, TTL, and all checksums, incrementally (RFC
 * 1624). A partial checksum holds only the pseudo-header's sum, so only the addresses change it; its completion adds
 * the ports. DSCP and ECN stay as they are. Owned by the worker.
 */
public final class PacketTranslator {
    private static final int NO_CHECKSUM = -1;
    private static final int SCTP_CHECKSUM_FIELD_OFFSET = 8;
    private static final int MAX_PACKET = 65_536;
    /** TTL minus one, in the word of TTL, protocol and checksum. */
    private static final int TTL_ONE = 0x0100_0000;
    /** Its effect on the header's sum: the complement of 0x0100. */
    private static final int TTL_ONE_CHANGE = 0xFEFF;

    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private final CRC32C crc32c = new CRC32C();
    private final ByteBuffer sctpPacket = ByteBuffer.allocateDirect(MAX_PACKET);
    private final long sctpPacketAddress = new UnsafeBuffer(sctpPacket).addressOffset();

    /** Rewrites frame {@code i}, a packet of the connection in this direction, and decrements its TTL. */
    public void translate(final FrameBatch batch, final int i, final long connection, final int direction) {
        final long other = Connection.tuple(connection, 1 - direction);
        final long l3 = batch.l3Address(i);
        final long addressChange = batch.etherType(i) == EtherType.IPV4 ? rewriteIpv4(l3, other)
            : rewriteIpv6(l3, batch.tupleAddress(i), other);
        if (batch.l4Offset(i) == 0) {
            return; // a later fragment; the first one has the checksum
        }
        final int protocol = batch.l4Protocol(i);
        final long l4 = batch.l4Address(i);
        if (protocol == IpProtocol.TCP || protocol == IpProtocol.UDP) {
            final int oldPorts = NetworkOrder.i32(l4);
            final int newPorts = FlowTuple.portsInverted(other);
            NetworkOrder.i32(l4, newPorts);
            rewriteChecksum(batch, i, l4 + checksumOffset(protocol), protocol, addressChange,
                change(oldPorts, newPorts));
        } else {
            translateOther(batch, i, l4, protocol, other, addressChange);
        }
    }

    private void translateOther(final FrameBatch batch, final int i, final long l4, final int protocol,
                                final long other, final long addressChange) {
        final int oldPorts = FlowTuple.ports(batch.tupleAddress(i));
        final int newPorts = FlowTuple.portsInverted(other);
        switch (protocol) {
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> {
                // One of the two ports is the identifier and the other is zero, before and after.
                NetworkOrder.u16(l4 + IcmpFlyweight.IDENTIFIER_FIELD_OFFSET, newPorts >>> 16 | newPorts & 0xFFFF);
                // ICMP for IPv4 has no pseudo-header.
                rewriteChecksum(batch, i, l4 + IcmpFlyweight.CHECKSUM_FIELD_OFFSET, protocol,
                    protocol == IpProtocol.ICMP ? 0 : addressChange, change(oldPorts, newPorts));
            }
            case IpProtocol.SCTP -> {
                if (oldPorts != newPorts) {
                    NetworkOrder.i32(l4, newPorts);
                    completeSctp(l4, batch.l4Length(i));
                }
            }
            default -> { }
        }
    }

    /**
     * Rewrites both addresses at once, then TTL and header checksum at once. A change is a sum of 32-bit words: the
     * complement of the old words, and the new words.
     */
    private static long rewriteIpv4(final long l3, final long other) {
        final long addresses = l3 + Ipv4Flyweight.SOURCE_FIELD_OFFSET;
        final long before = NetworkOrder.i64(addresses);
        final long after = FlowTuple.destinationLow(other) << 32 | FlowTuple.sourceLow(other) & 0xFFFF_FFFFL;
        NetworkOrder.i64(addresses, after);
        final long change = change(before, after);
        final long ttlAndChecksum = l3 + Ipv4Flyweight.TTL_FIELD_OFFSET;
        final int word = NetworkOrder.i32(ttlAndChecksum);
        NetworkOrder.i32(ttlAndChecksum, (word & 0xFFFF_0000) - TTL_ONE
            | InternetChecksum.finish((~word & 0xFFFF) + change + TTL_ONE_CHANGE));
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

    private void rewriteChecksum(final FrameBatch batch, final int i, final long field, final int protocol,
                                 final long pseudoHeaderChange, final long portChange) {
        final int checksum = NetworkOrder.u16(field);
        if (batch.isOffloaded(i) && virtio.wrapBefore(batch.address(i)).needsChecksum()) {
            NetworkOrder.u16(field, InternetChecksum.fold(checksum + pseudoHeaderChange));
            return;
        }
        if (protocol == IpProtocol.UDP && checksum == 0) {
            return; // the sender omitted the checksum
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

    /** Computes SCTP's CRC over the whole packet, ports included: it cannot be updated in part (RFC 9260, 6.8). */
    private void completeSctp(final long packet, final int lengthBytes) {
        if (lengthBytes < SCTP_CHECKSUM_FIELD_OFFSET + Integer.BYTES) {
            return;
        }
        UnsafeApi.putInt(packet + SCTP_CHECKSUM_FIELD_OFFSET, 0);
        UnsafeApi.copyMemory(packet, sctpPacketAddress, lengthBytes);
        sctpPacket.clear().limit(lengthBytes);
        crc32c.reset();
        crc32c.update(sctpPacket);
        // The CRC's least significant byte is sent first.
        NetworkOrder.i32(packet + SCTP_CHECKSUM_FIELD_OFFSET, Integer.reverseBytes((int) crc32c.getValue()));
    }

    static long change(final int oldWord, final int newWord) {
        return (~oldWord & 0xFFFF_FFFFL) + (newWord & 0xFFFF_FFFFL);
    }

    static long change(final long oldWords, final long newWords) {
        return change((int) (oldWords >>> 32), (int) (newWords >>> 32)) + change((int) oldWords, (int) newWords);
    }
}
