package org.sluice.linux.device;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Writes and reads packets byte by byte, as the RFCs have them, and shares nothing with what is tested. */
final class TunnelPackets {
    static final int VXLAN_BYTES = 8;
    static final int ETHERNET_BYTES = 14;
    static final int UDP = 17;
    static final int TCP = 6;
    static final int GSO_TCPV4 = 1;
    static final int GSO_TCPV6 = 4;
    static final int GSO_UDP_L4 = 5;

    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int NO_OPERATION = 1;

    private TunnelPackets() {
    }

    /** Bytes that tell by themselves where they were. */
    static byte[] pattern(final int length) {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i ^ i >> 8);
        }
        return bytes;
    }

    /** A VXLAN header with a payload of so many bytes behind it. */
    static byte[] vxlan(final int vni, final int payloadBytes) {
        return ByteBuffer.allocate(VXLAN_BYTES + payloadBytes).putInt(0x0800_0000).putInt(vni << 8)
            .put(pattern(payloadBytes)).array();
    }

    static int vni(final byte[] datagram) {
        return datagram.length < VXLAN_BYTES ? -1 : ByteBuffer.wrap(datagram).getInt(4) >>> 8;
    }

    static byte[] udp(final String source, final String destination, final int sourcePort,
                      final int destinationPort, final byte[] payload) {
        final byte[] segment = ByteBuffer.allocate(8 + payload.length).putShort((short) sourcePort)
            .putShort((short) destinationPort).putShort((short) (8 + payload.length)).putShort((short) 0)
            .put(payload).array();
        return packet(source, destination, UDP, segment);
    }

    /** A packet with ACK and no options. */
    static byte[] tcp(final String source, final String destination, final int sequence, final byte[] payload) {
        final byte[] segment = ByteBuffer.allocate(20 + payload.length).putShort((short) 4321).putShort((short) 80)
            .putInt(sequence).putInt(7).putShort((short) 0x5010).putShort((short) 501).putInt(0).put(payload).array();
        return packet(source, destination, TCP, segment);
    }

    /** With DSCP and ECN 0, DF set, and complete checksums. */
    private static byte[] packet(final String source, final String destination, final int protocol,
                                 final byte[] segment) {
        final byte[] from = address(source);
        final byte[] to = address(destination);
        final ByteBuffer packet;
        if (from.length == 4) {
            packet = ByteBuffer.allocate(IPV4_BYTES + segment.length).putShort((short) 0x4500)
                .putShort((short) (IPV4_BYTES + segment.length)).putInt(0x4000).put((byte) 64).put((byte) protocol)
                .putShort((short) 0);
        } else {
            packet = ByteBuffer.allocate(IPV6_BYTES + segment.length).putInt(0x6000_0000)
                .putShort((short) segment.length).put((byte) protocol).put((byte) 64);
        }
        final byte[] bytes = packet.put(from).put(to).put(segment).array();
        put16(bytes, checksumField(bytes), complement(layer4Sum(bytes)));
        return withHeaderChecksum(bytes);
    }

    private static byte[] address(final String text) {
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (final UnknownHostException ex) {
            throw new AssertionError(ex);
        }
    }

    static byte[] withHeaderChecksum(final byte[] packet) {
        if (isIpv4(packet)) {
            put16(packet, 10, 0);
            put16(packet, 10, complement(sum(packet, 0, headerBytes(packet))));
        }
        return packet;
    }

    /** The same packet, IPv4, with four bytes of options that say nothing. */
    static byte[] withOptions(final byte[] packet) {
        final byte[] longer = new byte[packet.length + 4];
        System.arraycopy(packet, 0, longer, 0, IPV4_BYTES);
        Arrays.fill(longer, IPV4_BYTES, IPV4_BYTES + 4, (byte) NO_OPERATION);
        System.arraycopy(packet, IPV4_BYTES, longer, IPV4_BYTES + 4, packet.length - IPV4_BYTES);
        longer[0] = 0x46;
        put16(longer, 2, longer.length);
        return withHeaderChecksum(longer);
    }

    /** The packet, IPv4, in two fragments; the first has so many bytes behind its header. */
    static byte[][] fragments(final byte[] packet, final int firstBytes) {
        final byte[] first = Arrays.copyOf(packet, IPV4_BYTES + firstBytes);
        final byte[] second = new byte[packet.length - firstBytes];
        System.arraycopy(packet, 0, second, 0, IPV4_BYTES);
        System.arraycopy(packet, IPV4_BYTES + firstBytes, second, IPV4_BYTES, packet.length - IPV4_BYTES - firstBytes);
        put16(first, 2, first.length);
        put16(first, 6, MORE_FRAGMENTS);
        put16(second, 2, second.length);
        put16(second, 6, firstBytes / 8);
        return new byte[][] {withHeaderChecksum(first), withHeaderChecksum(second)};
    }

    static byte[] frame(final long destination, final long source, final byte[] packet) {
        return ByteBuffer.allocate(ETHERNET_BYTES + packet.length)
            .putShort((short) (destination >>> 32)).putInt((int) destination)
            .putShort((short) (source >>> 32)).putInt((int) source)
            .putShort((short) (isIpv4(packet) ? 0x0800 : 0x86DD)).put(packet).array();
    }

    /** The same frame with a tag of IEEE 802.1Q. */
    static byte[] withTag(final byte[] frame, final int vlan) {
        return ByteBuffer.allocate(frame.length + 4).put(frame, 0, 12).putShort((short) 0x8100)
            .putShort((short) vlan).put(frame, 12, frame.length - 12).array();
    }

    static byte[] packetOf(final byte[] frame) {
        return Arrays.copyOfRange(frame, ETHERNET_BYTES, frame.length);
    }

    /** In place: the layer-4 checksum holds the pseudo-header's sum only, as a super-frame's does. */
    static byte[] withPartialChecksum(final byte[] frame) {
        final byte[] packet = packetOf(frame);
        put16(frame, ETHERNET_BYTES + checksumField(packet), fold(pseudoHeader(packet)));
        return frame;
    }

    /** The virtio-net header of a super-frame that is to be cut, in little endian. */
    static byte[] virtio(final byte[] frame, final int segmentBytes) {
        final byte[] packet = packetOf(frame);
        final boolean tcp = protocol(packet) == TCP;
        final int start = ETHERNET_BYTES + headerBytes(packet);
        final int type = !tcp ? GSO_UDP_L4 : isIpv4(packet) ? GSO_TCPV4 : GSO_TCPV6;
        return ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).put((byte) 1).put((byte) type)
            .putShort((short) (start + (tcp ? 20 : 8))).putShort((short) segmentBytes).putShort((short) start)
            .putShort((short) (tcp ? 16 : 6)).array();
    }

    static boolean isIpv4(final byte[] packet) {
        return packet[0] >>> 4 == 4;
    }

    static int headerBytes(final byte[] packet) {
        return isIpv4(packet) ? (packet[0] & 0xF) * 4 : IPV6_BYTES;
    }

    static int protocol(final byte[] packet) {
        return packet[isIpv4(packet) ? 9 : 6];
    }

    /** What is behind the TCP or UDP header. */
    static byte[] payload(final byte[] packet) {
        return Arrays.copyOfRange(packet, headerBytes(packet) + (protocol(packet) == TCP ? 20 : 8), packet.length);
    }

    static int sequence(final byte[] packet) {
        return ByteBuffer.wrap(packet).getInt(headerBytes(packet) + 4);
    }

    /** Whether the packet is as long as it says, and its checksums are right. */
    static boolean isRight(final byte[] packet) {
        final boolean header = isIpv4(packet)
            ? get16(packet, 2) == packet.length && complement(sum(packet, 0, headerBytes(packet))) == 0
            : get16(packet, 4) == packet.length - IPV6_BYTES;
        return header && complement(layer4Sum(packet)) == 0;
    }

    /** Whether the layer-4 checksum is one that somebody has yet to complete. */
    static boolean isPartial(final byte[] packet) {
        return get16(packet, checksumField(packet)) == fold(pseudoHeader(packet));
    }

    private static int checksumField(final byte[] packet) {
        return headerBytes(packet) + (protocol(packet) == TCP ? 16 : 6);
    }

    private static long layer4Sum(final byte[] packet) {
        return pseudoHeader(packet) + sum(packet, headerBytes(packet), packet.length);
    }

    private static long pseudoHeader(final byte[] packet) {
        final int addresses = isIpv4(packet) ? 12 : 8;
        final int end = addresses + (isIpv4(packet) ? 8 : 32);
        return sum(packet, addresses, end) + protocol(packet) + packet.length - headerBytes(packet);
    }

    private static long sum(final byte[] bytes, final int from, final int to) {
        long sum = 0;
        for (int i = from; i < to; i++) {
            sum += (i - from & 1) == 0 ? (bytes[i] & 0xFF) << 8 : bytes[i] & 0xFF;
        }
        return sum;
    }

    private static int fold(final long sum) {
        long folded = sum;
        while (folded > 0xFFFF) {
            folded = (folded & 0xFFFF) + (folded >>> 16);
        }
        return (int) folded;
    }

    private static int complement(final long sum) {
        return ~fold(sum) & 0xFFFF;
    }

    static int get16(final byte[] bytes, final int at) {
        return ByteBuffer.wrap(bytes).getShort(at) & 0xFFFF;
    }

    static void put16(final byte[] bytes, final int at, final int value) {
        ByteBuffer.wrap(bytes).putShort(at, (short) value);
    }
}
