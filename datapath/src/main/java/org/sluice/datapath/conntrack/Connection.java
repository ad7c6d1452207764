package org.sluice.datapath.conntrack;

import org.agrona.UnsafeApi;

/**
 * One tracked connection: three cache lines at a raw address.
 * <pre>
 *   0    ORIGINAL   tuple (40)  next hop (4)  route generation (4)  packets (8)  bytes (8)
 *   64   REPLY      the same
 *   128  deadline, ns (8)  owner A (4)  owner B (4)  status (1)  TCP state (1)  retransmits (1)  last packet (1)
 *   148  last packet's fingerprint (4)  its end (4)  TCP scale x2  TCP flags x2
 *   160  TCP window ORIGINAL: end, greatest end, greatest window, greatest acknowledgement (4 each);
 *        other protocols: when it becomes a stream, ns (8)
 *   176  TCP window REPLY
 * </pre>
 * The REPLY tuple describes a packet of the other direction as it arrives. Translation therefore needs no field of its
 * own: a packet of one direction leaves as the inverse of the other direction's tuple.
 * <p>
 * A {@code ref} is a connection's address with the direction in its lowest bit. Written by the worker.
 */
public final class Connection {
    public static final int BYTES = 192;
    public static final int ORIGINAL = 0;
    public static final int REPLY = 1;

    /** Status: the entry holds a connection. */
    public static final int IN_USE = 1;
    /** Status: a packet of the REPLY direction has been seen. */
    public static final int SEEN_REPLY = 2;
    /** Status: the table never drops the connection early (ASSURED in nf_conntrack). */
    public static final int ASSURED = 4;
    /** Status: the source of ORIGINAL packets is translated. */
    public static final int SNAT = 8;
    /** Status: the destination of ORIGINAL packets is translated. */
    public static final int DNAT = 16;

    static final int LAST_FINGERPRINT_OFFSET = 148;
    static final int LAST_END_OFFSET = 152;
    static final int SCALE_OFFSET = 156;
    static final int TCP_FLAGS_OFFSET = 158;
    static final int WINDOW_OFFSET = 160;
    static final int WINDOW_BYTES = 16;
    static final int RETRANSMITS_OFFSET = 146;
    static final int LAST_OFFSET = 147;

    private static final int LINE_BYTES = 64;
    private static final int NEXT_HOP_OFFSET = 40;
    private static final int ROUTE_GENERATION_OFFSET = 44;
    private static final int PACKETS_OFFSET = 48;
    private static final int BYTES_OFFSET = 56;
    private static final int DEADLINE_OFFSET = 128;
    private static final int OWNER_A_OFFSET = 136;
    private static final int OWNER_B_OFFSET = 140;
    private static final int STATUS_OFFSET = 144;
    private static final int TCP_STATE_OFFSET = 145;

    private Connection() {
    }

    public static long ofRef(final long ref) {
        return ref & ~1L;
    }

    public static int directionOfRef(final long ref) {
        return (int) ref & 1;
    }

    /** Address of the {@link FlowTuple} of a direction. */
    public static long tuple(final long connection, final int direction) {
        return connection + (long) direction * LINE_BYTES;
    }

    public static int nextHop(final long connection, final int direction) {
        return UnsafeApi.getInt(tuple(connection, direction) + NEXT_HOP_OFFSET);
    }

    /** The generation of the routing tables in which the next hop was found. */
    public static int routeGeneration(final long connection, final int direction) {
        return UnsafeApi.getInt(tuple(connection, direction) + ROUTE_GENERATION_OFFSET);
    }

    /** Sets where packets of the direction go, until the routes change. */
    public static void nextHop(final long connection, final int direction, final int handle, final int generation) {
        UnsafeApi.putInt(tuple(connection, direction) + NEXT_HOP_OFFSET, handle);
        UnsafeApi.putInt(tuple(connection, direction) + ROUTE_GENERATION_OFFSET, generation);
    }

    public static long packets(final long connection, final int direction) {
        return UnsafeApi.getLong(tuple(connection, direction) + PACKETS_OFFSET);
    }

    public static long bytes(final long connection, final int direction) {
        return UnsafeApi.getLong(tuple(connection, direction) + BYTES_OFFSET);
    }

    static void account(final long connection, final int direction, final int lengthBytes) {
        final long line = tuple(connection, direction);
        UnsafeApi.putLong(line + PACKETS_OFFSET, UnsafeApi.getLong(line + PACKETS_OFFSET) + 1);
        UnsafeApi.putLong(line + BYTES_OFFSET, UnsafeApi.getLong(line + BYTES_OFFSET) + lengthBytes);
    }

    public static long deadlineNs(final long connection) {
        return UnsafeApi.getLong(connection + DEADLINE_OFFSET);
    }

    static void deadlineNs(final long connection, final long value) {
        UnsafeApi.putLong(connection + DEADLINE_OFFSET, value);
    }

    /**
     * The endpoint that sends ORIGINAL packets, as {@link PortGenerations} numbers it; 0 for none. The connection ends
     * when the endpoint goes.
     */
    public static int ownerA(final long connection) {
        return UnsafeApi.getInt(connection + OWNER_A_OFFSET);
    }

    /** The endpoint that sends REPLY packets. */
    public static int ownerB(final long connection) {
        return UnsafeApi.getInt(connection + OWNER_B_OFFSET);
    }

    /** The owner on the side that sends packets of the direction. */
    public static int sourceOwner(final long connection, final int direction) {
        return UnsafeApi.getInt(connection + OWNER_A_OFFSET + (long) direction * Integer.BYTES);
    }

    /** Whether packets of the direction have the addresses and protocol of this tuple; its ports do not matter. */
    public static boolean isBetween(final long connection, final int direction, final long tuple) {
        final long own = tuple(connection, direction);
        return has(connection, IN_USE) && FlowTuple.sourceLow(own) == FlowTuple.sourceLow(tuple)
            && FlowTuple.sourceHigh(own) == FlowTuple.sourceHigh(tuple)
            && FlowTuple.destinationLow(own) == FlowTuple.destinationLow(tuple)
            && FlowTuple.destinationHigh(own) == FlowTuple.destinationHigh(tuple)
            && FlowTuple.protocol(own) == FlowTuple.protocol(tuple);
    }

    /**
     * State and status as one value, which changes whenever the connection's worth does.
     */
    static int condition(final long connection) {
        return UnsafeApi.getShort(connection + STATUS_OFFSET);
    }

    /** When a connection of another protocol than TCP becomes a stream, if it still has packets then. */
    static long streamNs(final long connection) {
        return UnsafeApi.getLong(connection + WINDOW_OFFSET);
    }

    static void streamNs(final long connection, final long value) {
        UnsafeApi.putLong(connection + WINDOW_OFFSET, value);
    }

    static void owners(final long connection, final int a, final int b) {
        UnsafeApi.putInt(connection + OWNER_A_OFFSET, a);
        UnsafeApi.putInt(connection + OWNER_B_OFFSET, b);
    }

    public static int status(final long connection) {
        return UnsafeApi.getByte(connection + STATUS_OFFSET);
    }

    public static boolean has(final long connection, final int statusBit) {
        return (status(connection) & statusBit) != 0;
    }

    static void status(final long connection, final int bits) {
        UnsafeApi.putByteRelease(null, connection + STATUS_OFFSET, (byte) bits);
    }

    /** Whether its answers come to an address of the host, from outside. */
    static boolean isMasqueraded(final long connection) {
        return has(connection, SNAT) && ownerB(connection) == 0;
    }

    static void addStatus(final long connection, final int bits) {
        final int before = status(connection);
        if ((before & bits) != bits) {
            status(connection, before | bits);
        }
    }

    /** Whether it is a TCP connection that both ends have closed. */
    public static boolean isClosed(final long connection) {
        final int state = tcpState(connection);
        return state == TcpState.TIME_WAIT.ordinal() || state == TcpState.CLOSE.ordinal();
    }

    /** Number of a {@link TcpState}. */
    public static int tcpState(final long connection) {
        return UnsafeApi.getByte(connection + TCP_STATE_OFFSET);
    }

    static void tcpState(final long connection, final int state) {
        UnsafeApi.putByte(connection + TCP_STATE_OFFSET, (byte) state);
    }

    static long window(final long connection, final int direction) {
        return connection + WINDOW_OFFSET + (long) direction * WINDOW_BYTES;
    }
}
