package org.sluice.datapath;

import java.util.Arrays;
import java.util.HexFormat;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.InternetChecksum;

/** Frames as byte arrays, written byte by byte here, so that the flyweights are not tested with themselves. */
public final class Frames {
    public static final long MAC_A = 0x0242_0A00_0002L;
    public static final long MAC_B = 0x0242_0A00_0003L;
    public static final long MAC_C = 0x0242_0A00_0004L;
    public static final long MAC_GATEWAY = 0x0242_0A00_0001L;
    public static final long BROADCAST = 0xFFFF_FFFF_FFFFL;
    public static final int IP_A = 0x0A00_0002;
    public static final int IP_B = 0x0A00_0003;
    public static final int IP_GATEWAY = 0x0A00_0001;
    public static final String IP6_A = "fd000000000000000000000000000002";
    public static final String IP6_B = "fd000000000000000000000000000003";
    public static final String IP6_GATEWAY = "fd000000000000000000000000000001";
    public static final String IP6_GATEWAY_SOLICITED = "ff0200000000000000000001ff000001";

    private Frames() {
    }

    /** Hexadecimal digits, blanks ignored. */
    public static byte[] hex(final String text) {
        return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
    }

    public static byte[] concat(final byte[]... parts) {
        int length = 0;
        for (final byte[] part : parts) {
            length += part.length;
        }
        final byte[] whole = new byte[length];
        int offset = 0;
        for (final byte[] part : parts) {
            System.arraycopy(part, 0, whole, offset, part.length);
            offset += part.length;
        }
        return whole;
    }

    public static byte[] ethernet(final long destination, final long source, final int type, final byte[] payload) {
        return concat(hex(String.format("%012x%012x%04x", destination, source, type)), payload);
    }

    public static byte[] arp(final int operation, final long senderMac, final int senderIp, final long targetMac,
                             final int targetIp) {
        return hex(String.format("0001 0800 06 04 %04x %012x %08x %012x %08x", operation, senderMac, senderIp,
            targetMac, targetIp));
    }

    public static byte[] ipv4(final int source, final int destination, final int protocol, final byte[] payload) {
        return ipv4(source, destination, protocol, 0, payload);
    }

    public static byte[] ipv4(final int source, final int destination, final int protocol, final int fragmentField,
                              final byte[] payload) {
        final byte[] header = hex(String.format("45 00 %04x 1234 %04x 40 %02x 0000 %08x %08x", 20 + payload.length,
            fragmentField, protocol, source, destination));
        put16(header, 10, checksum(0, header));
        return concat(header, payload);
    }

    public static byte[] ipv6(final String source, final String destination, final int nextHeader, final int hopLimit,
                              final byte[] payload) {
        return concat(hex(String.format("60000000 %04x %02x %02x %s %s", payload.length, nextHeader, hopLimit, source,
            destination)), payload);
    }

    public static byte[] udp(final int payloadLength) {
        return concat(hex(String.format("1000 2000 %04x 0000", 8 + payloadLength)), new byte[payloadLength]);
    }

    public static byte[] tcp(final int payloadLength) {
        return concat(hex("1000 2000 00000001 00000002 5010 ffff 0000 0000"), new byte[payloadLength]);
    }

    public static byte[] icmpEcho(final int payloadLength) {
        final byte[] message = concat(hex("08 00 0000 1234 0001"), new byte[payloadLength]);
        Arrays.fill(message, 8, message.length, (byte) 0x5A);
        put16(message, 2, checksum(0, message));
        return message;
    }

    /** With a right checksum over the pseudo-header. */
    public static byte[] icmpv6(final String source, final String destination, final String message) {
        final byte[] bytes = hex(message);
        put16(bytes, 2, 0);
        final byte[] covered =
            concat(hex(source + destination + String.format("%08x 0000003a", bytes.length)), bytes);
        put16(bytes, 2, checksum(0, covered));
        return bytes;
    }

    public static byte[] solicitation(final String source, final String target, final boolean withOption) {
        return icmpv6(source, IP6_GATEWAY_SOLICITED,
            "87 00 0000 00000000" + target + (withOption ? String.format("0101%012x", MAC_A) : ""));
    }

    public static byte[] udpAToB() {
        return ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 17, udp(18)));
    }

    public static void put16(final byte[] bytes, final int offset, final int value) {
        bytes[offset] = (byte) (value >>> 8);
        bytes[offset + 1] = (byte) value;
    }

    public static int get16(final byte[] bytes, final int offset) {
        return (bytes[offset] & 0xFF) << 8 | bytes[offset + 1] & 0xFF;
    }

    /** The value of a checksum field that is zero in the bytes; 0 where the field is right already. */
    public static int checksum(final long initial, final byte[] bytes) {
        try (OffHeapRegion region = OffHeapRegion.anonymous(Math.max(1, bytes.length))) {
            final UnsafeBuffer buffer = region.slice(0, bytes.length);
            buffer.putBytes(0, bytes);
            return InternetChecksum.finish(initial + InternetChecksum.sum(region.address(), bytes.length));
        }
    }
}
