package org.sluice.datapath;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** IP packets of both families with right checksums, as byte arrays; and a look at them. */
public final class Packets {
    public static final int ICMP = 1;
    public static final int TCP = 6;
    public static final int UDP = 17;
    public static final int ICMPV6 = 58;
    public static final int SYN = 0x02;
    public static final int ACK = 0x10;
    public static final int FIN = 0x01;
    public static final int RST = 0x04;
    public static final int ETHERNET = 14;

    private Packets() {
    }

    public static byte[] address(final String text) {
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (final UnknownHostException ex) {
            throw new IllegalArgumentException(text, ex);
        }
    }

    /** High half of an address, IPv4 ones mapped. */
    public static long high(final String text) {
        final byte[] bytes = address(text);
        return bytes.length == 4 ? 0 : ByteBuffer.wrap(bytes).getLong();
    }

    /** Low half of an address, IPv4 ones mapped. */
    public static long low(final String text) {
        final byte[] bytes = address(text);
        return bytes.length == 4 ? 0xFFFF_0000_0000L | ByteBuffer.wrap(bytes).getInt() & 0xFFFF_FFFFL
            : ByteBuffer.wrap(bytes).getLong(8);
    }

    public static int ipv4(final String text) {
        return ByteBuffer.wrap(address(text)).getInt();
    }

    /** An Ethernet frame with an IP packet of the addresses' family. */
    public static byte[] frame(final long destinationMac, final long sourceMac, final byte[] packet) {
        return Frames.ethernet(destinationMac, sourceMac, packet[0] >>> 4 == 4 ? 0x0800 : 0x86DD, packet);
    }

    public static byte[] udp(final String source, final int sourcePort, final String destination,
                             final int destinationPort, final byte[] payload) {
        final ByteBuffer header = ByteBuffer.allocate(8 + payload.length);
        header.putShort((short) sourcePort).putShort((short) destinationPort).putShort((short) header.capacity())
            .putShort((short) 0).put(payload);
        return ip(source, destination, UDP, header.array());
    }

    public static byte[] tcp(final String source, final int sourcePort, final String destination,
                             final int destinationPort, final int flags, final int sequence, final int ack,
                             final byte[] payload) {
        return tcp(source, sourcePort, destination, destinationPort, flags, sequence, ack, 65_535, new byte[0],
            payload);
    }

    /** @param options a multiple of four bytes. */
    public static byte[] tcp(final String source, final int sourcePort, final String destination,
                             final int destinationPort, final int flags, final int sequence, final int ack,
                             final int window, final byte[] options, final byte[] payload) {
        final ByteBuffer header = ByteBuffer.allocate(20 + options.length + payload.length);
        header.putShort((short) sourcePort).putShort((short) destinationPort).putInt(sequence).putInt(ack)
            .put((byte) (5 + options.length / 4 << 4)).put((byte) flags).putShort((short) window).putInt(0)
            .put(options).put(payload);
        return ip(source, destination, TCP, header.array());
    }

    /** An echo request or reply of the addresses' family. */
    public static byte[] echo(final String source, final String destination, final boolean request, final int id,
                              final int payloadLength) {
        final boolean v4 = address(source).length == 4;
        final ByteBuffer message = ByteBuffer.allocate(8 + payloadLength);
        message.put((byte) (v4 ? request ? 8 : 0 : request ? 128 : 129)).put((byte) 0).putShort((short) 0)
            .putShort((short) id).putShort((short) 1);
        return ip(source, destination, v4 ? ICMP : ICMPV6, message.array());
    }

    /** An ICMP error about a packet. */
    public static byte[] icmpError(final String source, final String destination, final int type, final int code,
                                   final int parameter, final byte[] about) {
        final boolean v4 = address(source).length == 4;
        final ByteBuffer message = ByteBuffer.allocate(8 + about.length);
        message.put((byte) type).put((byte) code).putShort((short) 0).putInt(parameter).put(about);
        return ip(source, destination, v4 ? ICMP : ICMPV6, message.array());
    }

    /** With the layer-4 checksum filled in, where the protocol has one. */
    public static byte[] ip(final String source, final String destination, final int protocol, final byte[] l4) {
        final byte[] payload = l4.clone();
        final int field = checksumField(protocol);
        if (field >= 0) {
            Frames.put16(payload, field, 0);
            final int checksum = Frames.checksum(pseudo(source, destination, protocol, payload.length), payload);
            Frames.put16(payload, field, protocol == UDP && checksum == 0 ? 0xFFFF : checksum);
        }
        return rawIp(source, destination, protocol, payload);
    }

    /** As it is given. */
    public static byte[] rawIp(final String source, final String destination, final int protocol,
                               final byte[] payload) {
        final byte[] from = address(source);
        final byte[] to = address(destination);
        if (from.length == 16) {
            final ByteBuffer header = ByteBuffer.allocate(40).putInt(0x6000_0000).putShort((short) payload.length)
                .put((byte) protocol).put((byte) 64).put(from).put(to);
            return Frames.concat(header.array(), payload);
        }
        final ByteBuffer header = ByteBuffer.allocate(20).putShort((short) 0x4500)
            .putShort((short) (20 + payload.length)).putInt(0x1234_4000).put((byte) 64).put((byte) protocol)
            .putShort((short) 0).put(from).put(to);
        return withHeaderChecksum(Frames.concat(header.array(), payload));
    }

    /** Computes the IPv4 header checksum anew. */
    public static byte[] withHeaderChecksum(final byte[] packet) {
        final byte[] header = Arrays.copyOf(packet, (packet[0] & 0xF) * 4);
        Frames.put16(header, 10, 0);
        Frames.put16(packet, 10, Frames.checksum(0, header));
        return packet;
    }

    /** The IP packet of a frame, without what pads the frame. */
    public static byte[] packetOf(final byte[] frame) {
        final int length = frame[ETHERNET] >>> 4 == 4 ? Frames.get16(frame, ETHERNET + 2)
            : 40 + Frames.get16(frame, ETHERNET + 4);
        return Arrays.copyOfRange(frame, ETHERNET, ETHERNET + length);
    }

    /** Asserts that all checksums of an IP packet are right, those of a packet that an ICMP error quotes whole too. */
    public static void assertChecksumsRight(final byte[] packet) {
        final boolean v4 = packet[0] >>> 4 == 4;
        final int headerLength = v4 ? (packet[0] & 0xF) * 4 : 40;
        final int protocol = packet[v4 ? 9 : 6] & 0xFF;
        if (v4) {
            assertEquals(0, Frames.checksum(0, Arrays.copyOf(packet, headerLength)), "IPv4 header checksum");
        }
        final byte[] l4 = Arrays.copyOfRange(packet, headerLength, packet.length);
        final int field = checksumField(protocol);
        if (field >= 0 && !(protocol == UDP && Frames.get16(l4, field) == 0)) {
            final long pseudo = pseudo(sourceOf(packet), destinationOf(packet), protocol, l4.length);
            assertEquals(0, Frames.checksum(pseudo, l4), "layer-4 checksum of protocol " + protocol);
        }
    }

    public static String sourceOf(final byte[] packet) {
        return addressAt(packet, packet[0] >>> 4 == 4 ? 12 : 8);
    }

    public static String destinationOf(final byte[] packet) {
        return addressAt(packet, packet[0] >>> 4 == 4 ? 16 : 24);
    }

    public static int sourcePortOf(final byte[] packet) {
        return Frames.get16(packet, l4Of(packet));
    }

    public static int destinationPortOf(final byte[] packet) {
        return Frames.get16(packet, l4Of(packet) + 2);
    }

    public static int ttlOf(final byte[] packet) {
        return packet[packet[0] >>> 4 == 4 ? 8 : 7] & 0xFF;
    }

    /** The packet with another TTL. */
    public static byte[] withTtl(final byte[] packet, final int ttl) {
        final byte[] changed = packet.clone();
        changed[packet[0] >>> 4 == 4 ? 8 : 7] = (byte) ttl;
        return packet[0] >>> 4 == 4 ? withHeaderChecksum(changed) : changed;
    }

    public static int l4Of(final byte[] packet) {
        return packet[0] >>> 4 == 4 ? (packet[0] & 0xF) * 4 : 40;
    }

    private static String addressAt(final byte[] packet, final int offset) {
        final byte[] bytes = Arrays.copyOfRange(packet, offset, offset + (packet[0] >>> 4 == 4 ? 4 : 16));
        try {
            return InetAddress.getByAddress(bytes).getHostAddress();
        } catch (final UnknownHostException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static int checksumField(final int protocol) {
        return switch (protocol) {
            case TCP -> 16;
            case UDP -> 6;
            case ICMP, ICMPV6 -> 2;
            default -> -1;
        };
    }

    /** Sum of the pseudo-header; ICMP over IPv4 has none. */
    private static long pseudo(final String source, final String destination, final int protocol, final int length) {
        if (protocol == ICMP) {
            return 0;
        }
        long sum = protocol + length;
        for (final byte[] bytes : new byte[][] {address(source), address(destination)}) {
            for (int i = 0; i < bytes.length; i += 2) {
                sum += Frames.get16(bytes, i);
            }
        }
        return sum;
    }
}
