package org.sluice.datapath;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a network card does with a frame and its virtio-net header: completes the checksum, cuts a super-frame. Written
 * byte by byte, so that the switch's own arithmetic is not tested with itself.
 */
public final class Wire {
    public static final int GSO_TCPV4 = 1;
    public static final int GSO_TCPV6 = 4;
    public static final int GSO_UDP = 5;
    private static final int ETHERNET = 14;

    private Wire() {
    }

    /** One's complement sum of 16-bit words, folded. */
    public static int sum(final long initial, final byte[] bytes, final int from, final int to) {
        long sum = initial;
        for (int i = from; i < to; i++) {
            sum += (i - from) % 2 == 0 ? (bytes[i] & 0xFF) << 8 : bytes[i] & 0xFF;
        }
        while (sum > 0xFFFF) {
            sum = (sum & 0xFFFF) + (sum >>> 16);
        }
        return (int) sum;
    }

    /** Of TCP and UDP over IPv4 without options, and IPv6 without extension headers. */
    public static int pseudoHeader(final byte[] frame, final int l4Bytes) {
        final boolean v4 = isIpv4(frame);
        return sum((v4 ? frame[ETHERNET + 9] : frame[ETHERNET + 6]) + l4Bytes, frame, ETHERNET + (v4 ? 12 : 8),
            ETHERNET + (v4 ? 20 : 40));
    }

    public static boolean isIpv4(final byte[] frame) {
        return frame[ETHERNET] >>> 4 == 4;
    }

    public static int l4Of(final byte[] frame) {
        return ETHERNET + (isIpv4(frame) ? (frame[ETHERNET] & 0xF) * 4 : 40);
    }

    /** Whether the checksum of layer 4 is right; the frame has no padding. */
    public static boolean isL4Right(final byte[] frame) {
        final int l4 = l4Of(frame);
        return sum(pseudoHeader(frame, frame.length - l4), frame, l4, frame.length) == 0xFFFF;
    }

    /** Whether the IPv4 header's checksum is right; true for IPv6. */
    public static boolean isHeaderRight(final byte[] frame) {
        return !isIpv4(frame) || sum(0, frame, ETHERNET, l4Of(frame)) == 0xFFFF;
    }

    /** The frame as a kernel hands it to a device that completes the checksum. */
    public static byte[] withPartialChecksum(final byte[] frame) {
        final byte[] copy = frame.clone();
        final int l4 = l4Of(frame);
        Frames.put16(copy, checksumField(frame), pseudoHeader(frame, frame.length - l4));
        return copy;
    }

    /** Offset of the checksum of TCP or UDP. */
    public static int checksumField(final byte[] frame) {
        return l4Of(frame) + (protocol(frame) == Packets.TCP ? 16 : 6);
    }

    public static int protocol(final byte[] frame) {
        return frame[ETHERNET + (isIpv4(frame) ? 9 : 6)] & 0xFF;
    }

    /** A virtio-net header. */
    public static byte[] virtio(final int flags, final int gsoType, final int headerLength, final int gsoSize,
                                final int checksumStart, final int checksumOffset) {
        final byte[] header = new byte[10];
        header[0] = (byte) flags;
        header[1] = (byte) gsoType;
        final int[] words = {headerLength, gsoSize, checksumStart, checksumOffset};
        for (int i = 0; i < words.length; i++) {
            header[2 + 2 * i] = (byte) words[i];
            header[3 + 2 * i] = (byte) (words[i] >>> 8);
        }
        return header;
    }

    /** For a frame of TCP or UDP that is to be cut, or, with a size of 0, only to be completed. */
    public static byte[] virtioFor(final byte[] frame, final int gsoSize) {
        final int l4 = l4Of(frame);
        final int field = checksumField(frame) - l4;
        final int type = field == 6 ? GSO_UDP : isIpv4(frame) ? GSO_TCPV4 : GSO_TCPV6;
        return virtio(1, gsoSize == 0 ? 0 : type, headerBytes(frame), gsoSize, l4, field);
    }

    /** All headers of a frame of TCP or UDP. */
    public static int headerBytes(final byte[] frame) {
        final int l4 = l4Of(frame);
        return l4 + (protocol(frame) == Packets.TCP ? (frame[l4 + 12] & 0xF0) >>> 2 : 8);
    }

    /** The frames that come out on a wire. */
    public static List<byte[]> cut(final MemoryDevice.Frame frame) {
        final byte[] virtio = frame.virtioHeader();
        if (virtio[1] == 0) {
            return List.of(virtio[0] == 0 ? frame.bytes() : completed(frame.bytes()));
        }
        final byte[] bytes = frame.bytes();
        final int size = virtio[4] & 0xFF | (virtio[5] & 0xFF) << 8;
        final int headers = headerBytes(bytes);
        final List<byte[]> segments = new ArrayList<>();
        for (int at = headers; at < bytes.length; at += size) {
            segments.add(segment(bytes, headers, at, Math.min(bytes.length, at + size), segments.size()));
        }
        return segments;
    }

    private static byte[] segment(final byte[] whole, final int headers, final int from, final int to,
                                  final int index) {
        final byte[] segment =
            Frames.concat(Arrays.copyOf(whole, headers), Arrays.copyOfRange(whole, from, to));
        final int l4 = l4Of(whole);
        final boolean last = to == whole.length;
        if (isIpv4(whole)) {
            Frames.put16(segment, ETHERNET + 2, segment.length - ETHERNET);
            Frames.put16(segment, ETHERNET + 4, Frames.get16(whole, ETHERNET + 4) + index & 0xFFFF);
            Frames.put16(segment, ETHERNET + 10, 0);
            Frames.put16(segment, ETHERNET + 10, ~sum(0, segment, ETHERNET, l4) & 0xFFFF);
        } else {
            Frames.put16(segment, ETHERNET + 4, segment.length - ETHERNET - 40);
        }
        if (protocol(whole) == Packets.TCP) {
            final int sequence = (Frames.get16(whole, l4 + 4) << 16 | Frames.get16(whole, l4 + 6)) + from - headers;
            Frames.put16(segment, l4 + 4, sequence >>> 16);
            Frames.put16(segment, l4 + 6, sequence & 0xFFFF);
            // FIN and PSH in the last one only, CWR in the first one only.
            segment[l4 + 13] &= (byte) ((last ? 0xFF : 0xF6) & (from == headers ? 0xFF : 0x7F));
        } else {
            Frames.put16(segment, l4 + 4, segment.length - l4);
        }
        return completed(segment);
    }

    /** The frame with the checksum of layer 4 computed anew. */
    public static byte[] completed(final byte[] frame) {
        final byte[] copy = frame.clone();
        final int l4 = l4Of(frame);
        final int field = checksumField(frame);
        Frames.put16(copy, field, 0);
        final int checksum = ~sum(pseudoHeader(copy, copy.length - l4), copy, l4, copy.length) & 0xFFFF;
        Frames.put16(copy, field, protocol(frame) == Packets.UDP && checksum == 0 ? 0xFFFF : checksum);
        return copy;
    }
}
