package org.sluice.datapath.conntrack;

import org.agrona.UnsafeApi;

import org.sluice.datapath.protocol.IpAddress;

/**
 * One direction of a flow: addresses, ports and protocol, 40 bytes at a raw address. A frame's tuple and both tuples of
 * a connection have the same layout, so that they compare word by word.
 * <pre>
 *   0          8          16         24         32
 *   +----------+----------+----------+----------+------+----------+-------------+-----------+
 *   |        source       |     destination     | zero | protocol | source port | dest port |
 *   +----------+----------+----------+----------+------+----------+-------------+-----------+
 * </pre>
 * Addresses are as {@link IpAddress} describes them. The identifier of an ICMP echo is the source port of a request and
 * the destination port of a reply: so it is translated like a port, and a reply's tuple is the inverse of its
 * request's. Protocols without ports have zeroes.
 */
public final class FlowTuple {
    public static final int BYTES = 40;

    private static final int SOURCE_HIGH_OFFSET = 0;
    private static final int SOURCE_LOW_OFFSET = 8;
    private static final int DESTINATION_HIGH_OFFSET = 16;
    private static final int DESTINATION_LOW_OFFSET = 24;
    private static final int PORTS_OFFSET = 32;

    private FlowTuple() {
    }

    /** Protocol and ports in one word. */
    public static long ports(final int protocol, final int sourcePort, final int destinationPort) {
        return (long) protocol << 32 | (long) sourcePort << 16 | destinationPort;
    }

    public static void source(final long tuple, final long high, final long low) {
        UnsafeApi.putLong(tuple + SOURCE_HIGH_OFFSET, high);
        UnsafeApi.putLong(tuple + SOURCE_LOW_OFFSET, low);
    }

    public static void destination(final long tuple, final long high, final long low) {
        UnsafeApi.putLong(tuple + DESTINATION_HIGH_OFFSET, high);
        UnsafeApi.putLong(tuple + DESTINATION_LOW_OFFSET, low);
    }

    public static void ports(final long tuple, final long word) {
        UnsafeApi.putLong(tuple + PORTS_OFFSET, word);
    }

    /**
     * The word in place of the ports: the values that all fragments of one packet share.
     *
     * @param protocol the header's protocol for IPv4 (RFC 791, 3.2). Zero for IPv6, where addresses and identification
     *                 alone name a packet (RFC 8200, 4.5): behind an extension header, only the first fragment tells.
     */
    static void fragmentKey(final long tuple, final int protocol, final int identification, final int portIndex) {
        ports(tuple, (identification & 0xFFFF_FFFFL) << 32 | (long) portIndex << 8 | protocol);
    }

    public static void destinationPort(final long tuple, final int port) {
        ports(tuple, ports(protocol(tuple), sourcePort(tuple), port));
    }

    public static long sourceHigh(final long tuple) {
        return UnsafeApi.getLong(tuple + SOURCE_HIGH_OFFSET);
    }

    public static long sourceLow(final long tuple) {
        return UnsafeApi.getLong(tuple + SOURCE_LOW_OFFSET);
    }

    public static long destinationHigh(final long tuple) {
        return UnsafeApi.getLong(tuple + DESTINATION_HIGH_OFFSET);
    }

    public static long destinationLow(final long tuple) {
        return UnsafeApi.getLong(tuple + DESTINATION_LOW_OFFSET);
    }

    public static int protocol(final long tuple) {
        return (int) (UnsafeApi.getLong(tuple + PORTS_OFFSET) >>> 32);
    }

    public static int sourcePort(final long tuple) {
        return (int) UnsafeApi.getLong(tuple + PORTS_OFFSET) >>> 16;
    }

    public static int destinationPort(final long tuple) {
        return (int) UnsafeApi.getLong(tuple + PORTS_OFFSET) & 0xFFFF;
    }

    /** Source port in the upper half, destination port in the lower, as in a header. */
    public static int ports(final long tuple) {
        return (int) UnsafeApi.getLong(tuple + PORTS_OFFSET);
    }

    /** The ports of packets in the other direction. */
    public static int portsInverted(final long tuple) {
        return Integer.rotateLeft((int) UnsafeApi.getLong(tuple + PORTS_OFFSET), 16);
    }

    public static boolean isIpv4(final long tuple) {
        return IpAddress.isIpv4(sourceHigh(tuple), sourceLow(tuple));
    }

    /** Whether the source or the destination is a mapped IPv4 address, which no IPv6 packet may have (RFC 4942). */
    public static boolean hasMapped(final long tuple) {
        return isIpv4(tuple) || IpAddress.isIpv4(destinationHigh(tuple), destinationLow(tuple));
    }

    public static boolean equal(final long a, final long b) {
        // Without a branch for each word, because they are nearly always all equal.
        return ((UnsafeApi.getLong(a + SOURCE_LOW_OFFSET) ^ UnsafeApi.getLong(b + SOURCE_LOW_OFFSET))
            | (UnsafeApi.getLong(a + DESTINATION_LOW_OFFSET) ^ UnsafeApi.getLong(b + DESTINATION_LOW_OFFSET))
            | (UnsafeApi.getLong(a + PORTS_OFFSET) ^ UnsafeApi.getLong(b + PORTS_OFFSET))
            | (UnsafeApi.getLong(a + SOURCE_HIGH_OFFSET) ^ UnsafeApi.getLong(b + SOURCE_HIGH_OFFSET))
            | (UnsafeApi.getLong(a + DESTINATION_HIGH_OFFSET) ^ UnsafeApi.getLong(b + DESTINATION_HIGH_OFFSET))) == 0;
    }

    public static void copy(final long from, final long to) {
        for (int offset = 0; offset < BYTES; offset += Long.BYTES) {
            UnsafeApi.putLong(to + offset, UnsafeApi.getLong(from + offset));
        }
    }

    /** Writes the tuple of packets in the other direction. */
    public static void invert(final long from, final long to) {
        final long high = sourceHigh(from);
        final long low = sourceLow(from);
        final long word = UnsafeApi.getLong(from + PORTS_OFFSET);
        source(to, destinationHigh(from), destinationLow(from));
        destination(to, high, low);
        ports(to, ports((int) (word >>> 32), (int) word & 0xFFFF, (int) word >>> 16));
    }

    /** A hash that multiplies halves, as wyhash does; unpredictable without the seed. The highest bit is always set. */
    public static long hash(final long tuple, final long seed) {
        final long low = mix(sourceLow(tuple) ^ seed, destinationLow(tuple) ^ 0xA076_1D64_78BD_642FL);
        final long sourceHigh = sourceHigh(tuple);
        final long destinationHigh = destinationHigh(tuple);
        // Both are zero for mapped addresses, so there is nothing to mix.
        final long high = (sourceHigh | destinationHigh) == 0 ? seed
            : mix(sourceHigh ^ 0xE703_7ED1_A0B4_28DBL, destinationHigh ^ Long.rotateLeft(seed, 32));
        final long both = mix(low ^ UnsafeApi.getLong(tuple + PORTS_OFFSET), high ^ 0x8EBC_6AF0_9C88_C6E3L);
        // Consecutive ports must not land in consecutive buckets.
        return (both ^ both >>> 32) * 0xD6E8_FEB8_6659_FD93L | Long.MIN_VALUE;
    }

    /** Likewise, but of the protocol and of the source's address and port, whatever the destination. */
    public static long hashOfSource(final long tuple, final long seed) {
        final long ports = ports(protocol(tuple), sourcePort(tuple), 0);
        final long address = mix(sourceLow(tuple) ^ seed, sourceHigh(tuple) ^ 0xA076_1D64_78BD_642FL);
        return mix(address ^ ports, Long.rotateLeft(seed, 32) ^ 0x8EBC_6AF0_9C88_C6E3L);
    }

    private static long mix(final long a, final long b) {
        return a * b ^ Math.unsignedMultiplyHigh(a, b);
    }
}
