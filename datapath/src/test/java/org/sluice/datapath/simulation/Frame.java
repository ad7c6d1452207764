package org.sluice.datapath.simulation;

import java.nio.ByteBuffer;

/** Ethernet frames as byte arrays: how to make them, and what to read from them. */
final class Frame {
    static final long BROADCAST = 0xFFFF_FFFF_FFFFL;
    static final int HEADER = 14;
    static final int ARP = 0x0806;
    static final int IPV4 = 0x0800;
    static final int IPV6 = 0x86DD;
    private static final int ARP_OPERATION = HEADER + 6;

    private Frame() {
    }

    static byte[] of(final long destination, final long source, final int type, final byte[] payload) {
        return ByteBuffer.allocate(HEADER + payload.length).putShort((short) (destination >>> 32))
            .putInt((int) destination).putShort((short) (source >>> 32)).putInt((int) source).putShort((short) type)
            .put(payload).array();
    }

    static byte[] of(final long destination, final long source, final byte[] packet) {
        return of(destination, source, packet[0] >>> 4 == 4 ? IPV4 : IPV6, packet);
    }

    static byte[] arp(final long destination, final int operation, final long senderMac, final Address sender,
                      final long targetMac, final Address target) {
        return of(destination, senderMac, ARP, ByteBuffer.allocate(28).putInt(0x0001_0800).putShort((short) 0x0604)
            .putShort((short) operation).putShort((short) (senderMac >>> 32)).putInt((int) senderMac)
            .putInt((int) sender.low()).putShort((short) (targetMac >>> 32)).putInt((int) targetMac)
            .putInt((int) target.low()).array());
    }

    static long destination(final byte[] frame) {
        return mac(frame, 0);
    }

    static long source(final byte[] frame) {
        return mac(frame, 6);
    }

    static int type(final byte[] frame) {
        return frame.length < HEADER ? 0 : Packet.u16(frame, 12);
    }

    static boolean isArpRequest(final byte[] frame) {
        return type(frame) == ARP && Packet.u16(frame, ARP_OPERATION) == 1;
    }

    /** The sender's address in an ARP packet. */
    static int arpSender(final byte[] frame) {
        return Packet.u16(frame, HEADER + 14) << 16 | Packet.u16(frame, HEADER + 16);
    }

    /** The address that an ARP packet asks for. */
    static int arpTarget(final byte[] frame) {
        return Packet.u16(frame, HEADER + 24) << 16 | Packet.u16(frame, HEADER + 26);
    }

    static boolean isGroup(final long mac) {
        return (mac >>> 40 & 1) != 0;
    }

    /** Equal, but that a checksum may be either of the two zeros of one's complement (RFC 1624, 3). */
    static boolean isSame(final byte[] expected, final byte[] seen) {
        if (expected.length != seen.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] != seen[i] && !isZeroChecksum(expected, seen, i)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isZeroChecksum(final byte[] expected, final byte[] seen, final int at) {
        if (type(expected) != IPV4 && type(expected) != IPV6) {
            return false;
        }
        final int layer4 = layer4(expected, HEADER);
        final int protocol = protocol(expected, HEADER);
        final int field = layer4 + Packet.checksumField(protocol);
        if (at >= field && at < field + 2) {
            return protocol != Packet.UDP && areZeros(expected, seen, field);
        }
        final int quoted = layer4 + 8;
        if (protocol != Packet.ICMP && protocol != Packet.ICMPV6 || quoted + 40 >= expected.length) {
            return false;
        }
        final int quotedField = layer4(expected, quoted) + Packet.checksumField(protocol(expected, quoted));
        return at >= quotedField && at < quotedField + 2 && areZeros(expected, seen, quotedField);
    }

    private static boolean areZeros(final byte[] expected, final byte[] seen, final int field) {
        return Packet.u16(expected, field) % 0xFFFF == 0 && Packet.u16(seen, field) % 0xFFFF == 0;
    }

    private static int layer4(final byte[] frame, final int layer3) {
        return layer3 + (frame[layer3] >>> 4 == 4 ? 20 : 40);
    }

    private static int protocol(final byte[] frame, final int layer3) {
        return frame[layer3 + (frame[layer3] >>> 4 == 4 ? 9 : 6)] & 0xFF;
    }

    private static long mac(final byte[] frame, final int offset) {
        return (long) Packet.u16(frame, offset) << 32 | (long) Packet.u16(frame, offset + 2) << 16
            | Packet.u16(frame, offset + 4);
    }
}
