package org.sluice.datapath.tunnel;

import org.agrona.UnsafeApi;

import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.UdpFlyweight;

/**
 * Reads the fields of a frame that decide on merging it with others of its flow: the end of its headers, its flow, and
 * whether it may be merged at all. It reads only bytes whose presence it has checked, and rejects a frame that it does
 * not understand. Owned by the worker.
 */
final class SegmentHeader {
    private static final int L3 = EthernetFlyweight.LENGTH;
    private static final int FRAGMENT_BITS = 0x3FFF;
    private static final int VERSION_4_NO_OPTIONS = 0x45;
    private static final int RIGHT = 0xFFFF;

    private long frame;
    private int length;
    private int protocol;
    private boolean ip;
    private boolean ipv4;
    private boolean whole;
    private int claimed;
    private int l4Offset;
    private int headerBytes;

    /**
     * Reads a frame.
     *
     * @return this.
     */
    SegmentHeader read(final long address, final int frameLength) {
        frame = address;
        length = frameLength;
        whole = false;
        ip = false;
        claimed = 0;
        final int available = frameLength - L3;
        final int type = available < Ipv4Flyweight.MIN_LENGTH ? 0
            : NetworkOrder.u16(address + EthernetFlyweight.ETHER_TYPE_FIELD_OFFSET);
        final long l3 = address + L3;
        if (type == EtherType.IPV4) {
            ip = true;
            ipv4 = true;
            protocol = NetworkOrder.u8(l3 + Ipv4Flyweight.PROTOCOL_FIELD_OFFSET);
            final int total = NetworkOrder.u16(l3 + Ipv4Flyweight.TOTAL_LENGTH_FIELD_OFFSET);
            claimed = L3 + total;
            if (NetworkOrder.u8(l3) == VERSION_4_NO_OPTIONS && total <= available
                && (NetworkOrder.u16(l3 + Ipv4Flyweight.FRAGMENT_FIELD_OFFSET) & FRAGMENT_BITS) == 0) {
                readLayer4(L3 + Ipv4Flyweight.MIN_LENGTH, L3 + total);
            }
        } else if (type == EtherType.IPV6 && available >= Ipv6Flyweight.LENGTH) {
            ip = true;
            ipv4 = false;
            protocol = NetworkOrder.u8(l3 + Ipv6Flyweight.NEXT_HEADER_FIELD_OFFSET);
            final int total = Ipv6Flyweight.LENGTH + NetworkOrder.u16(l3 + Ipv6Flyweight.PAYLOAD_LENGTH_FIELD_OFFSET);
            claimed = L3 + total;
            if (total <= available) {
                readLayer4(L3 + Ipv6Flyweight.LENGTH, L3 + total);
            }
        }
        return this;
    }

    /**
     * @param end of the packet; the rest is padding.
     */
    private void readLayer4(final int offset, final int end) {
        l4Offset = offset;
        if (protocol == IpProtocol.TCP && end - offset >= TcpFlyweight.MIN_LENGTH) {
            headerBytes = offset
                + (NetworkOrder.u8(frame + offset + TcpFlyweight.DATA_OFFSET_FIELD_OFFSET) >>> 4 << 2);
            whole = headerBytes - offset >= TcpFlyweight.MIN_LENGTH && headerBytes <= end;
        } else if (protocol == IpProtocol.UDP && end - offset >= UdpFlyweight.LENGTH) {
            headerBytes = offset + UdpFlyweight.LENGTH;
            whole = NetworkOrder.u16(frame + offset + UdpFlyweight.LENGTH_FIELD_OFFSET) == end - offset;
        }
        if (whole) {
            length = end;
        }
    }

    /** Address of the frame. */
    long address() {
        return frame;
    }

    /** Length of the frame, without padding if {@link #isWhole()}. */
    int length() {
        return length;
    }

    /** Length of the frame according to its packet's header; 0 if it is not IP. */
    int claimedBytes() {
        return claimed;
    }

    boolean isIpv4() {
        return ipv4;
    }

    /** Whether it is a complete TCP or UDP packet, not a fragment. */
    boolean isWhole() {
        return whole;
    }

    boolean isTcp() {
        return protocol == IpProtocol.TCP;
    }

    int l4Offset() {
        return l4Offset;
    }

    /** Length of all headers together. */
    int headerBytes() {
        return headerBytes;
    }

    int payloadBytes() {
        return length - headerBytes;
    }

    int tcpFlags() {
        return NetworkOrder.u8(frame + l4Offset + TcpFlyweight.FLAGS_FIELD_OFFSET);
    }

    int sequence() {
        return NetworkOrder.i32(frame + l4Offset + TcpFlyweight.SEQUENCE_FIELD_OFFSET);
    }

    /** Whether it may join a super-frame, if its checksum is right. */
    boolean isMergeable() {
        if (!whole || payloadBytes() < 1) {
            return false;
        }
        return isTcp() ? (tcpFlags() & ~TcpFlyweight.PSH) == TcpFlyweight.ACK : checksum() != 0;
    }

    /** Whether both are IP packets with the same source and destination. */
    boolean isBetweenSameAddresses(final SegmentHeader other) {
        if (!ip || !other.ip || ipv4 != other.ipv4) {
            return false;
        }
        if (ipv4) {
            return UnsafeApi.getLong(frame + L3 + Ipv4Flyweight.SOURCE_FIELD_OFFSET)
                == UnsafeApi.getLong(other.frame + L3 + Ipv4Flyweight.SOURCE_FIELD_OFFSET);
        }
        return sameBytes(frame + L3 + Ipv6Flyweight.SOURCE_FIELD_OFFSET,
            other.frame + L3 + Ipv6Flyweight.SOURCE_FIELD_OFFSET, 32);
    }

    /** Whether both belong to one flow: the same addresses, protocol and ports. */
    boolean isOfSameFlow(final SegmentHeader other) {
        return whole && other.whole && protocol == other.protocol && isBetweenSameAddresses(other)
            && UnsafeApi.getInt(frame + l4Offset) == UnsafeApi.getInt(other.frame + other.l4Offset);
    }

    /**
     * Whether the headers of two packets of one flow differ only in the fields that cutting writes: lengths, sequence
     * number, IPv4 identification, checksums, PSH. The window must be the same too, as in the kernel's tcp_gro_receive.
     */
    boolean isAlike(final SegmentHeader other) {
        if (headerBytes != other.headerBytes || !sameBytes(frame, other.frame, L3)) {
            return false;
        }
        final long l3 = frame + L3;
        final long otherL3 = other.frame + L3;
        final boolean sameNetworkHeader = ipv4
            ? NetworkOrder.u8(l3 + 1) == NetworkOrder.u8(otherL3 + 1)
                && NetworkOrder.u8(l3 + Ipv4Flyweight.TTL_FIELD_OFFSET)
                == NetworkOrder.u8(otherL3 + Ipv4Flyweight.TTL_FIELD_OFFSET)
                && NetworkOrder.u16(l3 + Ipv4Flyweight.FRAGMENT_FIELD_OFFSET)
                == NetworkOrder.u16(otherL3 + Ipv4Flyweight.FRAGMENT_FIELD_OFFSET)
            : NetworkOrder.i32(l3) == NetworkOrder.i32(otherL3)
                && NetworkOrder.u8(l3 + Ipv6Flyweight.HOP_LIMIT_FIELD_OFFSET)
                == NetworkOrder.u8(otherL3 + Ipv6Flyweight.HOP_LIMIT_FIELD_OFFSET);
        if (!sameNetworkHeader || !isTcp()) {
            return sameNetworkHeader;
        }
        final int options = TcpFlyweight.MIN_LENGTH;
        return UnsafeApi.getInt(frame + l4Offset + TcpFlyweight.ACKNOWLEDGEMENT_FIELD_OFFSET)
            == UnsafeApi.getInt(other.frame + l4Offset + TcpFlyweight.ACKNOWLEDGEMENT_FIELD_OFFSET)
            && flagsAndWindow() == other.flagsAndWindow()
            && sameBytes(frame + l4Offset + options, other.frame + l4Offset + options,
            headerBytes - l4Offset - options);
    }

    /** Data offset, reserved bits, flags but PSH, and window. */
    private int flagsAndWindow() {
        return NetworkOrder.i32(frame + l4Offset + TcpFlyweight.DATA_OFFSET_FIELD_OFFSET)
            & ~(TcpFlyweight.PSH << Short.SIZE);
    }

    int checksum() {
        return NetworkOrder.u16(frame + checksumField());
    }

    /** Offset of the TCP or UDP checksum in the frame. */
    int checksumField() {
        return l4Offset + (isTcp() ? TcpFlyweight.CHECKSUM_FIELD_OFFSET : UdpFlyweight.CHECKSUM_FIELD_OFFSET);
    }

    /**
     * Whether the checksum is yet to be completed: the field holds only the pseudo-header's sum. No header tells it
     * when a tunnel's packet has never been on a wire, as between hosts on one machine. A complete checksum has the
     * same value once in 65,536 times; it is recognized because it is right.
     */
    boolean isPartial() {
        return looksPartial() && !isSumRight();
    }

    /** Whether the checksum field holds the pseudo-header's sum. */
    boolean looksPartial() {
        return checksum() == InternetChecksum.fold(pseudoHeader());
    }

    /** Whether the IPv4 header's checksum is right, and layer 4's is right or yet to be completed. */
    boolean isChecksumRight() {
        return (!ipv4 || InternetChecksum.sum(frame + L3, Ipv4Flyweight.MIN_LENGTH) == RIGHT)
            && (isSumRight() || looksPartial());
    }

    private boolean isSumRight() {
        return InternetChecksum.fold(pseudoHeader() + InternetChecksum.sum(frame + l4Offset, length - l4Offset))
            == RIGHT;
    }

    /** The pseudo-header's sum, with the packet's length, unfolded. */
    long pseudoHeader() {
        return InternetChecksum.pseudoHeader(frame + L3, ipv4, protocol, length - l4Offset);
    }

    /** Copies another header, to keep it. */
    void set(final SegmentHeader other) {
        frame = other.frame;
        length = other.length;
        protocol = other.protocol;
        ip = other.ip;
        ipv4 = other.ipv4;
        whole = other.whole;
        l4Offset = other.l4Offset;
        headerBytes = other.headerBytes;
    }

    /** Notes that the frame's bytes were copied to this address. */
    void moveTo(final long address) {
        frame = address;
    }

    /** Notes that the packet has grown; the fields of its headers stay. */
    void grow(final int bytes) {
        length += bytes;
    }

    private static boolean sameBytes(final long a, final long b, final int bytes) {
        int at = 0;
        for (; bytes - at >= Long.BYTES; at += Long.BYTES) {
            if (UnsafeApi.getLong(a + at) != UnsafeApi.getLong(b + at)) {
                return false;
            }
        }
        for (; at < bytes; at++) {
            if (UnsafeApi.getByte(a + at) != UnsafeApi.getByte(b + at)) {
                return false;
            }
        }
        return true;
    }
}
