package org.sluice.linux.bpf;

import static org.sluice.linux.bpf.BpfAssembler.BYTE;
import static org.sluice.linux.bpf.BpfAssembler.DOUBLE;
import static org.sluice.linux.bpf.BpfAssembler.HALF;
import static org.sluice.linux.bpf.BpfAssembler.R0;
import static org.sluice.linux.bpf.BpfAssembler.R1;
import static org.sluice.linux.bpf.BpfAssembler.R2;
import static org.sluice.linux.bpf.BpfAssembler.R3;
import static org.sluice.linux.bpf.BpfAssembler.R4;
import static org.sluice.linux.bpf.BpfAssembler.R5;
import static org.sluice.linux.bpf.BpfAssembler.R6;
import static org.sluice.linux.bpf.BpfAssembler.R7;
import static org.sluice.linux.bpf.BpfAssembler.R8;
import static org.sluice.linux.bpf.BpfAssembler.R9;
import static org.sluice.linux.bpf.BpfAssembler.STACK;
import static org.sluice.linux.bpf.BpfAssembler.WORD;

/**
 * The test of {@link Steering}, as an eBPF program for both its places (context: Linux uapi/linux/bpf.h,
 * {@code struct __sk_buff}; offsets in the packet are from the Ethernet header). Used by one thread, which assembles
 * it.
 * <p>
 * In registers: 6 the context, 7 the slot of the address and later whether the port is one of the NAT range, 8 the
 * protocol, 9 the offset of the layer-4 header and later a socket. On the stack, from its end: 4 the map index, 8 the
 * ports, 48 the IP header, 68 the prefix key, whose last 16 bytes are the destination address, 112 the flow, 128 the
 * flow as a {@code struct bpf_sock_tuple} for IPv4, 132 the TCP flags, 144 a flow's time.
 */
final class SteeringProgram {
    /** The maps that the programs share with each other and with {@link Steering}. */
    record Maps(BpfMap addresses, BpfMap ports, BpfMap prefixes, BpfMap hostFlows) {
    }

    /** Length of the key of a flow of the host: source, destination, both ports, protocol. */
    static final int FLOW_BYTES = 40;
    /** A flow's value is its expiry, in nanoseconds shifted right by this many bits. */
    static final int TIME_SHIFT = 30;
    /** About two hours, after which TCP asks whether the other end still exists. */
    static final int FLOW_LIFETIME = 6_700;


    private static final int ETHERNET_BYTES = 14;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int FRAGMENT_HEADER = 44;
    private static final int FRAGMENT_BYTES = 8;
    private static final int TCP_FLAGS_OFFSET = 13;
    private static final int TCP_SYN_ACK = 0x12;
    private static final int TCP_SYN = 0x02;

    private static final int INDEX_AT = -4;
    private static final int PORTS_AT = -8;
    private static final int DESTINATION_PORT_AT = -6;
    private static final int HEADER_AT = -48;
    private static final int KEY_AT = -64;
    private static final int PREFIX_KEY_AT = -68;
    private static final int FLOW_AT = -112;
    private static final int TUPLE_AT = -128;
    private static final int FLAGS_AT = -132;
    private static final int TIME_AT = -144;
    private static final int FULL_PREFIX = 128;
    private static final int IPV4_MAPPED_PREFIX = 0xFFFF_0000;

    static final int SOCKET_DESTINATION_PORT = 48;
    static final int SOCKET_STATE = 72;
    static final int LISTEN = 10;
    static final int TUPLE_BYTES_IPV4 = 12;
    static final int TUPLE_BYTES_IPV6 = 36;
    private static final int CURRENT_NAMESPACE = -1;

    private static final int WHOLE_FRAME = -1;
    private static final int NEXT = -1;
    private static final int DROP = 2;

    private final BpfAssembler code = new BpfAssembler();
    private final Maps maps;
    private final int natFirst;
    private final int natLast;

    private SteeringProgram(final Maps maps, final int natFirst, final int natLast) {
        this.maps = maps;
        this.natFirst = natFirst;
        this.natLast = natLast;
    }

    /** Accepts the switch's frames, and a copy of those that may be the switch's. */
    static BpfAssembler forSocket(final Maps maps, final int natFirst, final int natLast) {
        final SteeringProgram program = new SteeringProgram(maps, natFirst, natLast);
        program.test();
        program.lookUpFlow();
        return program.code.label("ours").label("both").set(R0, WHOLE_FRAME).exit()
            .label("theirs").set(R0, 0).exit();
    }

    /**
     * Drops, for the host, frames that certainly belong to the switch, while the lease lasts.
     *
     * @param lease has one element, the lease's expiry, in the units of {@link #TIME_SHIFT}.
     */
    static BpfAssembler forIngress(final Maps maps, final int natFirst, final int natLast, final BpfMap lease) {
        final SteeringProgram program = new SteeringProgram(maps, natFirst, natLast);
        program.test();
        program.askForSocket();
        return program.code.label("ours")
            .storeValue(WORD, STACK, INDEX_AT, 0).lookup(lease, INDEX_AT).jumpIfEqual(R0, 0, "theirs")
            .load(DOUBLE, R7, R0, 0).call(BpfAssembler.CALL_KTIME_GET_NS).shiftRight(R0, TIME_SHIFT)
            .jumpIfGreaterRegister(R0, R7, "theirs")
            .set(R0, DROP).exit().label("both").label("theirs").set(R0, NEXT).exit();
    }

    /**
     * Jumps to "ours", "theirs" or "both" (frames that may belong to either: later fragments, ICMP, protocols without
     * ports). Falls through if the port is ours but the flow may still be the host's.
     */
    private void test() {
        code.move(R6, R1)
            .load(WORD, R2, R6, SkbContext.PACKET_TYPE).jumpIfNotEqual(R2, SkbContext.PACKET_HOST, "theirs")
            .load(WORD, R2, R6, SkbContext.VLAN_PRESENT).jumpIfNotEqual(R2, 0, "theirs")
            .load(WORD, R7, R6, SkbContext.PROTOCOL)
            .jumpIfEqual(R7, SkbContext.IPV6, "ipv6").jumpIfNotEqual(R7, SkbContext.IPV4, "theirs");
        readIpv4();
        readIpv6();
        code.label("address").lookup(maps.addresses(), KEY_AT).jumpIfNotEqual(R0, 0, "local")
            .storeValue(WORD, STACK, PREFIX_KEY_AT, FULL_PREFIX).lookup(maps.prefixes(), PREFIX_KEY_AT)
            .jumpIfEqual(R0, 0, "theirs").jump("ours");
        code.label("local").load(WORD, R7, R0, 0)
            // Reads the fragment offset, which was left on the stack in the index's place.
            .load(HALF, R2, STACK, INDEX_AT).jumpIfNotEqual(R2, 0, "both")
            .shiftLeft(R7, Steering.PROTOCOL_SHIFT)
            .jumpIfEqual(R8, 6, "ports")
            .addValue(R7, 1).jumpIfEqual(R8, 17, "ports")
            .addValue(R7, 1).jumpIfEqual(R8, 132, "ports")
            .jumpIfEqual(R8, 1, "icmp").jumpIfEqual(R8, 58, "icmpv6").jump("both");
        testIcmp();
        testPort();
        readFlow();
    }

    /** Leaves the fragment offset (not 0 for a later fragment), the destination, the protocol, the layer-4 offset. */
    private void readIpv4() {
        code.loadPacket(ETHERNET_BYTES, HEADER_AT, IPV4_BYTES).jumpIfNotEqual(R0, 0, "theirs")
            .load(HALF, R2, STACK, HEADER_AT + 6).networkToHost16(R2).and(R2, 0x1FFF)
            .store(HALF, STACK, INDEX_AT, R2)
            .load(BYTE, R8, STACK, HEADER_AT + 9)
            .load(BYTE, R9, STACK, HEADER_AT).and(R9, 0xF).shiftLeft(R9, 2).addValue(R9, ETHERNET_BYTES)
            .load(WORD, R2, STACK, HEADER_AT + 16)
            .storeValue(DOUBLE, STACK, KEY_AT, 0).storeValue(WORD, STACK, KEY_AT + 8, IPV4_MAPPED_PREFIX)
            .store(WORD, STACK, KEY_AT + 12, R2)
            .jump("address");
    }

    private void readIpv6() {
        code.label("ipv6").loadPacket(ETHERNET_BYTES, HEADER_AT, IPV6_BYTES).jumpIfNotEqual(R0, 0, "theirs")
            .load(BYTE, R8, STACK, HEADER_AT + 6).set(R9, ETHERNET_BYTES + IPV6_BYTES)
            .load(DOUBLE, R2, STACK, HEADER_AT + 24).store(DOUBLE, STACK, KEY_AT, R2)
            .load(DOUBLE, R2, STACK, HEADER_AT + 32).store(DOUBLE, STACK, KEY_AT + 8, R2)
            .storeValue(HALF, STACK, INDEX_AT, 0)
            .jumpIfNotEqual(R8, FRAGMENT_HEADER, "address")
            .loadPacket(ETHERNET_BYTES + IPV6_BYTES, HEADER_AT, FRAGMENT_BYTES).jumpIfNotEqual(R0, 0, "theirs")
            .load(BYTE, R8, STACK, HEADER_AT).addValue(R9, FRAGMENT_BYTES)
            .load(HALF, R2, STACK, HEADER_AT + 2).networkToHost16(R2).and(R2, 0xFFF8)
            .store(HALF, STACK, INDEX_AT, R2);
    }

    /** Echo replies and errors may concern a connection of the switch or of the host. */
    private void testIcmp() {
        code.label("icmp");
        loadType();
        for (final int type : new int[] {0, 3, 4, 11, 12}) {
            code.jumpIfEqual(R2, type, "both");
        }
        code.jump("theirs").label("icmpv6");
        loadType();
        for (final int type : new int[] {1, 2, 3, 4, 129}) {
            code.jumpIfEqual(R2, type, "both");
        }
        code.jump("theirs");
    }

    private void loadType() {
        code.loadPacketAt(R9, 0, PORTS_AT, 1).jumpIfNotEqual(R0, 0, "theirs").load(BYTE, R2, STACK, PORTS_AT);
    }

    /** Continues if the destination port is published (register 7 is then 0) or in the NAT range. */
    private void testPort() {
        code.label("ports").store(WORD, STACK, INDEX_AT, R7)
            .loadPacketAt(R9, 0, PORTS_AT, 4).jumpIfNotEqual(R0, 0, "theirs")
            .lookup(maps.ports(), INDEX_AT).jumpIfEqual(R0, 0, "theirs")
            // Verifiers before 2026 do not see that the conversion of 16 bits yields 16 bits.
            .load(HALF, R1, STACK, DESTINATION_PORT_AT).networkToHost16(R1).and(R1, 0xFFFF).move(R3, R1)
            .move(R2, R1).shiftRight(R2, 3).addRegister(R0, R2).load(BYTE, R0, R0, 0)
            .and(R1, 7).shiftRightBy(R0, R1).and(R0, 1)
            .set(R7, 0).jumpIfNotEqual(R0, 0, "claimed")
            .set(R7, 1).jumpIfLess(R3, natFirst, "theirs").jumpIfGreater(R3, natLast, "theirs")
            .label("claimed").jumpIfEqual(R8, 132, "ours");
    }

    private void readFlow() {
        code.storeValue(DOUBLE, STACK, FLOW_AT, 0).storeValue(WORD, STACK, FLOW_AT + 8, IPV4_MAPPED_PREFIX)
            .load(WORD, R2, STACK, HEADER_AT + 12).store(WORD, STACK, FLOW_AT + 12, R2)
            .load(WORD, R2, R6, SkbContext.PROTOCOL).jumpIfEqual(R2, SkbContext.IPV4, "flow")
            .load(DOUBLE, R2, STACK, HEADER_AT + 8).store(DOUBLE, STACK, FLOW_AT, R2)
            .load(DOUBLE, R2, STACK, HEADER_AT + 16).store(DOUBLE, STACK, FLOW_AT + 8, R2)
            .label("flow").load(DOUBLE, R2, STACK, KEY_AT).store(DOUBLE, STACK, FLOW_AT + 16, R2)
            .load(DOUBLE, R2, STACK, KEY_AT + 8).store(DOUBLE, STACK, FLOW_AT + 24, R2)
            .load(WORD, R2, STACK, PORTS_AT).store(WORD, STACK, FLOW_AT + 32, R2)
            .store(WORD, STACK, FLOW_AT + 36, R8);
    }

    /** Whether the host recently had the flow. */
    private void lookUpFlow() {
        code.lookup(maps.hostFlows(), FLOW_AT).jumpIfEqual(R0, 0, "ours")
            .load(DOUBLE, R7, R0, 0).call(BpfAssembler.CALL_KTIME_GET_NS).shiftRight(R0, TIME_SHIFT)
            .jumpIfGreaterRegister(R7, R0, "theirs");
    }

    /**
     * Asks whether a socket of the host has the flow. If so, the flow is the host's, and a note tells the packet
     * socket's filter, which cannot ask. A socket that waits for any peer counts only for a packet that opens a flow,
     * and only in the NAT range, because a published port is ours. An unconnected UDP socket there may be the target,
     * or an endpoint may be.
     */
    private void askForSocket() {
        code.jumpIfEqual(R8, 17, "udp")
            .loadPacketAt(R9, TCP_FLAGS_OFFSET, FLAGS_AT, 1).jumpIfNotEqual(R0, 0, "theirs");
        lookUpSocket("tcp", BpfAssembler.CALL_SKC_LOOKUP_TCP);
        code.load(WORD, R8, R9, SOCKET_STATE).move(R1, R9).call(BpfAssembler.CALL_SK_RELEASE)
            .jumpIfNotEqual(R8, LISTEN, "note").jumpIfEqual(R7, 0, "forget")
            .load(BYTE, R2, STACK, FLAGS_AT).and(R2, TCP_SYN_ACK).jumpIfEqual(R2, TCP_SYN, "theirs").jump("forget");
        code.label("udp");
        lookUpSocket("datagram", BpfAssembler.CALL_SK_LOOKUP_UDP);
        code.load(HALF, R8, R9, SOCKET_DESTINATION_PORT).move(R1, R9).call(BpfAssembler.CALL_SK_RELEASE)
            .jumpIfNotEqual(R8, 0, "note").jumpIfEqual(R7, 0, "forget").jump("both");
        code.label("note").call(BpfAssembler.CALL_KTIME_GET_NS).shiftRight(R0, TIME_SHIFT)
            .addValue(R0, FLOW_LIFETIME).store(DOUBLE, STACK, TIME_AT, R0)
            .loadMap(R1, maps.hostFlows()).move(R2, STACK).addValue(R2, FLOW_AT).move(R3, STACK)
            .addValue(R3, TIME_AT).set(R4, 0).call(BpfAssembler.CALL_MAP_UPDATE).jump("theirs");
        // The socket is gone: the filter must no longer leave the flow to the host.
        code.label("forget").loadMap(R1, maps.hostFlows()).move(R2, STACK).addValue(R2, FLOW_AT)
            .call(BpfAssembler.CALL_MAP_DELETE).jump("ours");
    }

    /** Leaves the socket in register 9; jumps to "forget" without one. */
    private void lookUpSocket(final String label, final int call) {
        code.load(WORD, R2, R6, SkbContext.PROTOCOL).jumpIfEqual(R2, SkbContext.IPV6, label + " of IPv6")
            .load(WORD, R2, STACK, HEADER_AT + 12).store(WORD, STACK, TUPLE_AT, R2)
            .load(WORD, R2, STACK, HEADER_AT + 16).store(WORD, STACK, TUPLE_AT + 4, R2)
            .load(WORD, R2, STACK, PORTS_AT).store(WORD, STACK, TUPLE_AT + 8, R2)
            .move(R2, STACK).addValue(R2, TUPLE_AT).set(R3, TUPLE_BYTES_IPV4).jump(label + " look-up");
        // The flow's key begins like the tuple.
        code.label(label + " of IPv6").move(R2, STACK).addValue(R2, FLOW_AT).set(R3, TUPLE_BYTES_IPV6)
            .label(label + " look-up").move(R1, R6).set(R4, CURRENT_NAMESPACE).set(R5, 0).call(call)
            .jumpIfEqual(R0, 0, "forget").move(R9, R0);
    }
}
