package org.sluice.datapath.tunnel;

import org.agrona.UnsafeApi;

/**
 * What is known of a tunnel's datagram beside its bytes, both ways: it lies in front of the datagram, as the virtio-net
 * header lies in front of a frame, and leaves room between the two for that header.
 * <pre>
 *   offset   -64          -56         -48             -44             -43    -42       -41     -40
 *            | peer, high | peer, low | segment bytes | traffic class | flow | too big | whole | room | ... datagram
 * </pre>
 * Received: the peer, the traffic class, how many bytes from the datagram's start may be written to, and the segment
 * bytes where the kernel has put several datagrams together ({@code UDP_GRO}); or, marked as whole, of a super-frame in
 * one datagram. To be sent: the peer, the traffic class, the flow, and the segment bytes where the kernel is to cut
 * ({@code UDP_SEGMENT}). Addresses are two longs, IPv4 ones mapped (see
 * {@link org.sluice.datapath.conntrack.FlowTuple}).
 */
public final class Datagram {
    /** In front of a datagram. */
    public static final int HEADER_BYTES = 64;
    /** How many source ports a sender has; a flow has one of them. */
    public static final int FLOWS = 16;
    /** The kernel cuts one datagram, and one super-frame of UDP, into so many at most (before Linux 6.9). */
    public static final int MAX_SEGMENTS = 64;
    /** What fits a UDP datagram over IPv4, and nearly so over IPv6. */
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

    /** Clears all of it. */
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

    /** Bytes of each of several datagrams but the last, or 0 for a single one. */
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

    /** Which of the sender's {@link #FLOWS} source ports it leaves by. */
    public static int flow(final long datagram) {
        return UnsafeApi.getByte(datagram + FLOW) & 0xFF;
    }

    public static void flow(final long datagram, final int value) {
        UnsafeApi.putByte(datagram + FLOW, (byte) value);
    }

    /** Whether it is one datagram with a super-frame in it, of segments of so many bytes of payload. */
    public static boolean isWhole(final long datagram) {
        return UnsafeApi.getByte(datagram + WHOLE) != 0;
    }

    public static void whole(final long datagram, final boolean value) {
        UnsafeApi.putByte(datagram + WHOLE, (byte) (value ? 1 : 0));
    }

    /** Bytes from the datagram's start that may be written to, its own among them. */
    public static int roomBytes(final long datagram) {
        return UnsafeApi.getInt(datagram + ROOM);
    }

    public static void roomBytes(final long datagram, final int bytes) {
        UnsafeApi.putInt(datagram + ROOM, bytes);
    }

    /** Whether the device has refused it as longer than the way to the peer takes. */
    public static boolean isTooBig(final long datagram) {
        return UnsafeApi.getByte(datagram + TOO_BIG) != 0;
    }

    public static void tooBig(final long datagram) {
        UnsafeApi.putByte(datagram + TOO_BIG, (byte) 1);
    }
}
