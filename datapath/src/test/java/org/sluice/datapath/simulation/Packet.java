package org.sluice.datapath.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An IP packet as a value. What a receiver must see is made from what was sent: with other addresses, other ports and a
 * lower TTL, and encoded anew; so the switch's arithmetic on checksums is never believed.
 *
 * @param id   tells packets apart: the identification, or the flow label.
 * @param body header and payload of layer 4, with a checksum of zero.
 */
record Packet(Address source, Address destination, int protocol, int ttl, int id, boolean dontFragment, byte[] body) {
    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMPV6 = 58;
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int ACK = 16;
    private static final int FRAGMENT_HEADER = 44;
    private static final int TTL = 64;

    static Packet udp(final Tuple tuple, final int id, final byte[] payload) {
        return of(tuple, id, ByteBuffer.allocate(8 + payload.length).putShort((short) tuple.sourcePort())
            .putShort((short) tuple.destinationPort()).putShort((short) (8 + payload.length)).putShort((short) 0)
            .put(payload).array());
    }

    static Packet tcp(final Tuple tuple, final int id, final int flags, final int sequence, final int acknowledgement,
                      final byte[] payload) {
        return of(tuple, id, ByteBuffer.allocate(20 + payload.length).putShort((short) tuple.sourcePort())
            .putShort((short) tuple.destinationPort()).putInt(sequence).putInt(acknowledgement).put((byte) 0x50)
            .put((byte) flags).putShort((short) 0xFFFF).putInt(0).put(payload).array());
    }

    /** A request where the tuple has a source port, otherwise a reply. */
    static Packet echo(final Tuple tuple, final int id, final byte[] payload) {
        final boolean request = tuple.sourcePort() != 0;
        final int type = tuple.protocol() == ICMP ? request ? 8 : 0 : request ? 128 : 129;
        return of(tuple, id, ByteBuffer.allocate(8 + payload.length).put((byte) type).put((byte) 0).putShort((short) 0)
            .putShort((short) (tuple.sourcePort() | tuple.destinationPort())).putShort((short) 1).put(payload).array());
    }

    /** An ICMP error that quotes a packet. */
    static Packet error(final Address source, final Address destination, final int typeAndCode, final int parameter,
                        final byte[] quoted) {
        final boolean v4 = source.isV4();
        final byte[] part = Arrays.copyOf(quoted, Math.min(quoted.length, v4 ? 576 - 28 : 1280 - 48));
        return new Packet(source, destination, v4 ? ICMP : ICMPV6, TTL, 0, false,
            ByteBuffer.allocate(8 + part.length).putShort((short) typeAndCode).putShort((short) 0).putInt(parameter)
                .put(part).array());
    }

    private static Packet of(final Tuple tuple, final int id, final byte[] body) {
        return new Packet(tuple.source(), tuple.destination(), tuple.protocol(), TTL, id, true, body);
    }

    boolean isV4() {
        return source.isV4();
    }

    /** Of a packet that is no ICMP error. */
    Tuple tuple() {
        if (isEcho()) {
            final boolean request = body[0] == 8 || (body[0] & 0xFF) == 128;
            final int identifier = u16(body, 4);
            return new Tuple(protocol, source, request ? identifier : 0, destination, request ? 0 : identifier);
        }
        return new Tuple(protocol, source, u16(body, 0), destination, u16(body, 2));
    }

    /** Of a TCP packet. */
    int flags() {
        return body[13] & 0xFF;
    }

    /** The same packet between other addresses and ports. */
    Packet as(final Tuple tuple) {
        final byte[] changed = body.clone();
        if (isEcho()) {
            put16(changed, 4, tuple.sourcePort() | tuple.destinationPort());
        } else {
            put16(changed, 0, tuple.sourcePort());
            put16(changed, 2, tuple.destinationPort());
        }
        return new Packet(tuple.source(), tuple.destination(), protocol, ttl, id, dontFragment, changed);
    }

    /** The answer to an echo request. */
    Packet echoReply() {
        final byte[] changed = body.clone();
        changed[0] = (byte) (protocol == ICMP ? 0 : 129);
        return new Packet(destination, source, protocol, ttl, id, dontFragment, changed);
    }

    Packet withTtl(final int value) {
        return new Packet(source, destination, protocol, value, id, dontFragment, body);
    }

    Packet fragmentable() {
        return new Packet(source, destination, protocol, ttl, id, false, body);
    }

    int length() {
        return (isV4() ? 20 : 40) + body.length;
    }

    byte[] encode() {
        final byte[] layer4 = body.clone();
        final int field = checksumField(protocol);
        final int sum = checksum(pseudoHeader(), layer4);
        put16(layer4, field, protocol == UDP && sum == 0 ? 0xFFFF : sum);
        return header(protocol, layer4, dontFragment ? 0x4000 : 0);
    }

    /** The packet in parts of this many bytes. */
    List<byte[]> fragments(final int size) {
        final byte[] whole = encode();
        final byte[] layer4 = Arrays.copyOfRange(whole, isV4() ? 20 : 40, whole.length);
        final List<byte[]> parts = new ArrayList<>();
        for (int from = 0; from < layer4.length; from += size) {
            final int to = Math.min(layer4.length, from + size);
            final byte[] part = Arrays.copyOfRange(layer4, from, to);
            final boolean last = to == layer4.length;
            parts.add(isV4() ? header(protocol, part, from / 8 | (last ? 0 : 0x2000))
                : header(FRAGMENT_HEADER, ByteBuffer.allocate(8 + part.length).put((byte) protocol).put((byte) 0)
                    .putShort((short) (from | (last ? 0 : 1))).putInt(id).put(part).array(), 0));
        }
        return parts;
    }

    static String nameOf(final int protocol) {
        return switch (protocol) {
            case TCP -> "tcp";
            case UDP -> "udp";
            default -> "icmp";
        };
    }

    private boolean isEcho() {
        return protocol == ICMP || protocol == ICMPV6;
    }

    private byte[] header(final int next, final byte[] payload, final int fragmentField) {
        if (!isV4()) {
            return ByteBuffer.allocate(40 + payload.length).putInt(0x6000_0000 | id & 0xF_FFFF)
                .putShort((short) payload.length).put((byte) next).put((byte) ttl).put(source.bytes())
                .put(destination.bytes()).put(payload).array();
        }
        final byte[] header = ByteBuffer.allocate(20).putShort((short) 0x4500).putShort((short) (20 + payload.length))
            .putShort((short) id).putShort((short) fragmentField).put((byte) ttl).put((byte) next).putShort((short) 0)
            .put(source.bytes()).put(destination.bytes()).array();
        put16(header, 10, checksum(0, header));
        return ByteBuffer.allocate(20 + payload.length).put(header).put(payload).array();
    }

    private long pseudoHeader() {
        return protocol == ICMP ? 0
            : sum(source.bytes()) + sum(destination.bytes()) + protocol + body.length;
    }

    static int checksumField(final int protocol) {
        return protocol == TCP ? 16 : protocol == UDP ? 6 : 2;
    }

    private static int checksum(final long initial, final byte[] bytes) {
        long sum = initial + sum(bytes);
        while (sum > 0xFFFF) {
            sum = (sum & 0xFFFF) + (sum >>> 16);
        }
        return (int) ~sum & 0xFFFF;
    }

    private static long sum(final byte[] bytes) {
        long sum = 0;
        for (int i = 0; i < bytes.length; i++) {
            sum += i % 2 == 0 ? (bytes[i] & 0xFF) << 8 : bytes[i] & 0xFF;
        }
        return sum;
    }

    static int u16(final byte[] bytes, final int offset) {
        return (bytes[offset] & 0xFF) << 8 | bytes[offset + 1] & 0xFF;
    }

    static void put16(final byte[] bytes, final int offset, final int value) {
        bytes[offset] = (byte) (value >>> 8);
        bytes[offset + 1] = (byte) value;
    }
}
