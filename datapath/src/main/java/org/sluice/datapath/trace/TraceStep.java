package org.sluice.datapath.trace;

import org.agrona.UnsafeApi;

import org.sluice.datapath.conntrack.FlowTuple;

/**
 * A view of the record of a packet after one stage: {@link #BYTES} bytes at a raw address. Written by the worker, read
 * by control.
 * <pre>
 *   0    packet number (8)   8  time, ns of the worker's clock (8)   16  ingress port (4)   20  egress (4)
 *   24   bytes of the frame (4)   28  EtherType (2)   30  stage (1)   31  drop reason, or -1 (1)
 *   32   flags (1)  direction (1)  connection's status (1)  TCP state (1)   36  packets of the connection (4)
 *   40   destination MAC (8)   48  source MAC (8)
 *   56   tuple as it came (40)   96  tuple as it leaves (40)
 *   136  refused link (4)   140  reason of the answer, or -1 (4)
 * </pre>
 */
public final class TraceStep {
    public static final int BYTES = 144;

    /** Flag: the packet waits for its first fragment or for a neighbour. */
    public static final int HELD = 1;
    /** Flag: the packet has a tuple. */
    public static final int IP = 2;
    /** Flag: the packet belongs to a connection. */
    public static final int TRACKED = 4;
    /** Flag: the switch's own answer has replaced the packet. */
    public static final int ANSWERED = 8;
    /** Flag: the switch cuts the packet into fragments on its way out. */
    public static final int CUT = 16;
    /** Flag: the packet is too long for its egress. */
    public static final int TOO_LONG = 32;
    /** Flag: the packet is a fragment. */
    public static final int FRAGMENT = 64;

    private static final int NUMBER_OFFSET = 0;
    private static final int TIME_OFFSET = 8;
    private static final int INGRESS_OFFSET = 16;
    private static final int EGRESS_OFFSET = 20;
    private static final int LENGTH_OFFSET = 24;
    private static final int ETHER_TYPE_OFFSET = 28;
    private static final int STAGE_OFFSET = 30;
    private static final int REASON_OFFSET = 31;
    private static final int FLAGS_OFFSET = 32;
    private static final int DIRECTION_OFFSET = 33;
    private static final int STATUS_OFFSET = 34;
    private static final int TCP_STATE_OFFSET = 35;
    private static final int PACKETS_OFFSET = 36;
    private static final int DESTINATION_MAC_OFFSET = 40;
    private static final int SOURCE_MAC_OFFSET = 48;
    private static final int TUPLE_OFFSET = 56;
    private static final int TRANSLATED_OFFSET = TUPLE_OFFSET + FlowTuple.BYTES;
    private static final int REFUSED_LINK_OFFSET = TRANSLATED_OFFSET + FlowTuple.BYTES;
    private static final int ANSWER_REASON_OFFSET = REFUSED_LINK_OFFSET + Integer.BYTES;

    private long address;

    public TraceStep wrap(final long stepAddress) {
        address = stepAddress;
        return this;
    }

    public long number() {
        return UnsafeApi.getLong(address + NUMBER_OFFSET);
    }

    public long timeNs() {
        return UnsafeApi.getLong(address + TIME_OFFSET);
    }

    public void numberAndTime(final long number, final long timeNs) {
        UnsafeApi.putLong(address + NUMBER_OFFSET, number);
        UnsafeApi.putLong(address + TIME_OFFSET, timeNs);
    }

    public int ingress() {
        return UnsafeApi.getInt(address + INGRESS_OFFSET);
    }

    /** A port's index, or one of {@code FrameBatch}'s negative values. */
    public int egress() {
        return UnsafeApi.getInt(address + EGRESS_OFFSET);
    }

    public void ports(final int ingress, final int egress) {
        UnsafeApi.putInt(address + INGRESS_OFFSET, ingress);
        UnsafeApi.putInt(address + EGRESS_OFFSET, egress);
    }

    public int length() {
        return UnsafeApi.getInt(address + LENGTH_OFFSET);
    }

    public int etherType() {
        return UnsafeApi.getShort(address + ETHER_TYPE_OFFSET) & 0xFFFF;
    }

    public long destinationMac() {
        return UnsafeApi.getLong(address + DESTINATION_MAC_OFFSET);
    }

    public long sourceMac() {
        return UnsafeApi.getLong(address + SOURCE_MAC_OFFSET);
    }

    public void frame(final int length, final int etherType, final long destinationMac, final long sourceMac) {
        UnsafeApi.putInt(address + LENGTH_OFFSET, length);
        UnsafeApi.putShort(address + ETHER_TYPE_OFFSET, (short) etherType);
        UnsafeApi.putLong(address + DESTINATION_MAC_OFFSET, destinationMac);
        UnsafeApi.putLong(address + SOURCE_MAC_OFFSET, sourceMac);
    }

    /** Number of the {@link TraceStage}. */
    public int stage() {
        return UnsafeApi.getByte(address + STAGE_OFFSET);
    }

    /** Number of the drop reason, or -1. */
    public int reason() {
        return UnsafeApi.getByte(address + REASON_OFFSET);
    }

    public void outcome(final int stage, final int reason) {
        UnsafeApi.putByte(address + STAGE_OFFSET, (byte) stage);
        UnsafeApi.putByte(address + REASON_OFFSET, (byte) reason);
    }

    /** Number of the drop reason for which an ICMP error has taken the packet's place, or -1. */
    public int answerReason() {
        return UnsafeApi.getInt(address + ANSWER_REASON_OFFSET);
    }

    /** The kernel's number of the interface that its route leads out by, if the packet may not leave there; or 0. */
    public int refusedLink() {
        return UnsafeApi.getInt(address + REFUSED_LINK_OFFSET);
    }

    public void refusal(final int answerReason, final int refusedLink) {
        UnsafeApi.putInt(address + ANSWER_REASON_OFFSET, answerReason);
        UnsafeApi.putInt(address + REFUSED_LINK_OFFSET, refusedLink);
    }

    public boolean is(final int flag) {
        return (UnsafeApi.getByte(address + FLAGS_OFFSET) & flag) != 0;
    }

    public void flags(final int bits) {
        UnsafeApi.putByte(address + FLAGS_OFFSET, (byte) bits);
    }

    /** Direction in its connection: 0 ORIGINAL, 1 REPLY. */
    public int direction() {
        return UnsafeApi.getByte(address + DIRECTION_OFFSET);
    }

    /** Status of its connection: bits of {@code Connection}. */
    public int status() {
        return UnsafeApi.getByte(address + STATUS_OFFSET);
    }

    /** Number of its connection's TCP state. */
    public int tcpState() {
        return UnsafeApi.getByte(address + TCP_STATE_OFFSET);
    }

    /** Packets of its connection in both directions, this one included; 1 is the first. */
    public int packets() {
        return UnsafeApi.getInt(address + PACKETS_OFFSET);
    }

    public void connection(final int direction, final int status, final int tcpState, final long packets) {
        UnsafeApi.putByte(address + DIRECTION_OFFSET, (byte) direction);
        UnsafeApi.putByte(address + STATUS_OFFSET, (byte) status);
        UnsafeApi.putByte(address + TCP_STATE_OFFSET, (byte) tcpState);
        UnsafeApi.putInt(address + PACKETS_OFFSET, (int) Math.min(packets, Integer.MAX_VALUE));
    }

    /** Address of the packet's {@link FlowTuple} as it came; zeroes for a packet that is not IP. */
    public long tuple() {
        return address + TUPLE_OFFSET;
    }

    /** Address of its tuple as it leaves, if it is routed; otherwise as it came. */
    public long translated() {
        return address + TRANSLATED_OFFSET;
    }
}
