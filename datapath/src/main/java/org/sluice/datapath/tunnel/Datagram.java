package org.sluice.datapath.tunnel;

import org.agrona.UnsafeApi;

/**
 * The note of a tunnel's datagram, sent or received. It lies in front of the datagram, as the virtio-net header lies in
 * front of a frame, and leaves room between the two for that header.
 * <pre>
 *   offset   -64          -56         -48             -44             -43    -42       -41     -40
 *            | peer, high | peer, low | segment bytes | traffic class | flow | too big | whole | room | ... datagram
 * </pre>
 * On receipt it tells the peer, the traffic class, and how many bytes from the datagram's start are writable. The
 * segment bytes are set if the kernel merged several datagrams ({@code UDP_GRO}), or, with the mark "whole", for a
 * super-frame in one datagram. For sending it tells the peer, the traffic class, the flow, and the segment bytes if the
 * kernel is to cut ({@code UDP_SEGMENT}). Addresses are two longs, IPv4 ones mapped (see
 * {@link org.sluice.datapath.protocol.IpAddress}).
 */
public final class Datagram {
    /** Bytes of the note in front of a datagram. */
    public static final int HEADER_BYTES = 64;
    /** How many source ports a sender has; a flow uses one of them. */
    public static final int FLOWS = 16;
    /** The kernel cuts a datagram, or a super-frame of UDP, into this many segments at most (before Linux 6.9). */
    public static final int MAX_SEGMENTS = 64;
    /** The payload of the longest UDP datagram over IPv4, and nearly of one over IPv6. */
    public static final int MAX_BYTES = 65_535 - 20 - 8;

    private static final int PEER_HIGH = -64;
    private static final int PEER_LOW = -56;
    private static final int SEGMENT_BYTES = -48;
    private static final int TRAFFIC_CLASS = -44;
    private static final int FLOW = -43;
    private static final int TOO_BIG = -42;
    private static final int WHOLE = -41;
    private static final int ROOM = -40;

    private Datagram() {
    }

    /** Clears the whole note. */
    public static void clear(final long datagram) {
        UnsafeApi.putInt(datagram + SEGMENT_BYTES, 0);
        UnsafeApi.putInt(datagram + TRAFFIC_CLASS, 0);
    }

    public static long peerHigh(final long datagram) {
        return UnsafeApi.getLong(datagram + PEER_HIGH);
    }

    public static long peerLow(final long datagram) {
        return UnsafeApi.getLong(datagram + PEER_LOW);
    }

    public static void peer(final long datagram, final long high, final long low) {
        UnsafeApi.putLong(datagram + PEER_HIGH, high);
        UnsafeApi.putLong(datagram + PEER_LOW, low);
    }

    /** Length of each merged datagram but the last; 0 for a single one. */
    public static int segmentBytes(final long datagram) {
        return UnsafeApi.getInt(datagram + SEGMENT_BYTES);
    }

    public static void segmentBytes(final long datagram, final int bytes) {
        UnsafeApi.putInt(datagram + SEGMENT_BYTES, bytes);
    }

    /** DSCP and ECN of the outer header. */
    public static int trafficClass(final long datagram) {
        return UnsafeApi.getByte(datagram + TRAFFIC_CLASS) & 0xFF;
    }

    public static void trafficClass(final long datagram, final int value) {
        UnsafeApi.putByte(datagram + TRAFFIC_CLASS, (byte) value);
    }

    /** Index of the sender's source port, below {@link #FLOWS}. */
    public static int flow(final long datagram) {
        return UnsafeApi.getByte(datagram + FLOW) & 0xFF;
    }

    public static void flow(final long datagram, final int value) {
        UnsafeApi.putByte(datagram + FLOW, (byte) value);
    }

    /** Whether one datagram holds a super-frame with segments of {@code segmentBytes} of payload. */
    public static boolean isWhole(final long datagram) {
        return UnsafeApi.getByte(datagram + WHOLE) != 0;
    }

    public static void whole(final long datagram, final boolean value) {
        UnsafeApi.putByte(datagram + WHOLE, (byte) (value ? 1 : 0));
    }

    /** Writable bytes from the datagram's start, its own included. */
    public static int roomBytes(final long datagram) {
        return UnsafeApi.getInt(datagram + ROOM);
    }

    public static void roomBytes(final long datagram, final int bytes) {
        UnsafeApi.putInt(datagram + ROOM, bytes);
    }

    /** Whether the device refused it because it exceeds the path MTU to the peer. */
    public static boolean isTooBig(final long datagram) {
        return UnsafeApi.getByte(datagram + TOO_BIG) != 0;
    }

    public static void tooBig(final long datagram) {
        UnsafeApi.putByte(datagram + TOO_BIG, (byte) 1);
    }
}
