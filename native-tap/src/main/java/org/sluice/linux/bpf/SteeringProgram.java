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
 * In registers: 6 the context, 7 which part of a fragmented packet it is and later the set of ports, 8 the protocol, 9
 * the offset of the layer-4 header, then the port, later a socket. On the stack, from its end: 8 the ports, 48 the IP
 * header, 76 the key of a prefix or of published ports, 120 the flow, 136 the flow as a {@code struct bpf_sock_tuple}
 * for IPv4, 144 a flow's time or an extension header, 152 the packet's identification, 156 the part, 176 for {@link
 * ClaimTest}.
 */
final class SteeringProgram {
    /** The maps that the programs share with each other and with {@link Steering}. */
    record Maps(BpfMap addresses, PublishedPorts ports, BpfMap prefixes, BpfMap hostFlows, BpfMap fragments) {
    }

    /** Length of the key of a flow of the host: source, destination, both ports, protocol. */
    static final int FLOW_BYTES = 40;
    /** A flow's value is its expiry, in nanoseconds shifted right by this many bits. */
    static final int TIME_SHIFT = 30;
    /** About two hours, after which TCP asks whether the other end still exists. */
    static final int FLOW_LIFETIME = 6_700;
    /** About the time that the kernel waits for a packet's fragments (net.ipv4.ipfrag_time). */
    static final int FRAGMENT_LIFETIME = 30;

    private static final int ETHERNET_BYTES = 14;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    /** As many as the datapath follows. */
    private static final int MAX_EXTENSIONS = 8;
    private static final int HEADER_FRAGMENT = 44;
    private static final int HEADER_AUTHENTICATION = 51;
    /** Hop-by-hop options, routing, destination options, mobility: their length is in units of eight bytes. */
    private static final int[] HEADERS_OF_OPTIONS = {0, 43, 60, 135};
    private static final int FRAGMENT_BYTES = 8;
    private static final int IPV4_MORE_FRAGMENTS = 0x2000;
    private static final int IPV4_OFFSET_MASK = 0x1FFF;
    private static final int IPV6_OFFSET_MASK = 0xFFF8;
    private static final int SCTP = 132;

    /** Parts: a whole packet, a first fragment, a later one. */
    private static final int WHOLE = 0;
    private static final int FIRST = 1;
    private static final int LATER = 2;

    private static final int PORTS_AT = -8;
    private static final int DESTINATION_PORT_AT = -6;
    private static final int HEADER_AT = -48;
    private static final int KEY_AT = -76;
    private static final int ADDRESS_AT = -72;
    private static final int FLOW_AT = -120;
    private static final int DESTINATION_AT = FLOW_AT + 16;
    private static final int TUPLE_AT = -136;
    private static final int TIME_AT = -144;
    private static final int EXTENSION_AT = TIME_AT;
    private static final int IDENTIFICATION_AT = -152;
    private static final int PART_AT = -156;
    private static final int INDEX_AT = -160;
    private static final int WORK_AT = -176;
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
    /** BPF_F_INGRESS. */
    private static final int TO_INGRESS = 1;

    private final BpfAssembler code = new BpfAssembler();
    private final Maps maps;
    private final ClaimTest claims;

    private SteeringProgram(final Maps maps, final ClaimTest claims) {
        this.maps = maps;
        this.claims = claims;
    }

    /** Accepts the switch's frames, and a copy of those that may be the switch's. */
    static BpfAssembler forSocket(final Maps maps, final ClaimTest claims) {
        final SteeringProgram program = new SteeringProgram(maps, claims);
        program.test();
        program.lookUpFlow();
        return program.code.label("ours").label("routed").label("later").label("both").set(R0, WHOLE_FRAME).exit()
            .label("the host's").label("theirs").set(R0, 0).exit();
    }

    /**
     * Drops, for the host, frames that certainly belong to the switch, while the lease lasts.
     *
     * @param lease has one element, the lease's expiry, in the units of {@link #TIME_SHIFT}.
     * @param due has one element, the number of frames that the packet socket must have accepted.
     */
    static BpfAssembler forIngress(final Maps maps, final ClaimTest claims, final BpfMap lease, final BpfMap due) {
        final SteeringProgram program = new SteeringProgram(maps, claims);
        program.test();
        program.askForSocket();
        program.noteFragments();
        program.code.label("routed");
        program.count(due, "counted");
        program.askForLease(lease);
        program.code.set(R0, DROP).exit().label("was the host's");
        program.askForLease(lease);
        program.code.load(WORD, R1, R6, SkbContext.LINK_INDEX).set(R2, TO_INGRESS).call(BpfAssembler.CALL_REDIRECT)
            .exit().label("both");
        program.count(due, "counted for both");
        return program.code.label("theirs").set(R0, NEXT).exit();
    }

    private void count(final BpfMap counter, final String counted) {
        code.storeValue(WORD, STACK, INDEX_AT, 0).lookup(counter, INDEX_AT).jumpIfEqual(R0, 0, counted).set(R1, 1)
            .atomicAdd(R0, 0, R1).label(counted);
    }

    /** Jumps to "theirs" if the lease has ended. */
    private void askForLease(final BpfMap lease) {
        code.storeValue(WORD, STACK, INDEX_AT, 0).lookup(lease, INDEX_AT).jumpIfEqual(R0, 0, "theirs")
            .load(DOUBLE, R7, R0, 0).call(BpfAssembler.CALL_KTIME_GET_NS).shiftRight(R0, TIME_SHIFT)
            .jumpIfGreaterRegister(R0, R7, "theirs");
    }

    /**
     * Jumps to "routed" (to a prefix of the switch's), "ours", "the host's", "later" (a fragment without ports), "both"
     * (ICMP, protocols without ports) or "theirs" (of no concern). Falls through if the port is ours but the flow may
     * still be the host's.
     */
    private void test() {
        code.move(R6, R1)
            .load(WORD, R2, R6, SkbContext.PACKET_TYPE).jumpIfNotEqual(R2, SkbContext.PACKET_HOST, "theirs")
            .load(WORD, R2, R6, SkbContext.VLAN_PRESENT).jumpIfNotEqual(R2, 0, "theirs")
            .set(R7, WHOLE).storeValue(WORD, STACK, IDENTIFICATION_AT, 0)
            .load(WORD, R2, R6, SkbContext.PROTOCOL)
            .jumpIfEqual(R2, SkbContext.IPV6, "ipv6").jumpIfNotEqual(R2, SkbContext.IPV4, "theirs");
        readIpv4();
        readIpv6();
        code.label("address").load(DOUBLE, R2, STACK, DESTINATION_AT).store(DOUBLE, STACK, ADDRESS_AT, R2)
            .load(DOUBLE, R2, STACK, DESTINATION_AT + 8).store(DOUBLE, STACK, ADDRESS_AT + 8, R2)
            .store(WORD, STACK, PART_AT, R7)
            .lookup(maps.addresses(), DESTINATION_AT).jumpIfNotEqual(R0, 0, "local")
            .storeValue(WORD, STACK, KEY_AT, FULL_PREFIX).lookup(maps.prefixes(), KEY_AT)
            .jumpIfEqual(R0, 0, "theirs").jump("routed");
        code.label("local").jumpIfEqual(R7, LATER, "later")
            .set(R7, 2 * Steering.INDEX_TCP).jumpIfEqual(R8, 6, "ports")
            .set(R7, 2 * Steering.INDEX_UDP).jumpIfEqual(R8, 17, "ports")
            .set(R7, 2 * Steering.INDEX_SCTP).jumpIfEqual(R8, SCTP, "ports")
            .jumpIfEqual(R8, 1, "icmp").jumpIfEqual(R8, 58, "icmpv6").jump("both");
        testIcmp();
        testPort();
    }

    /** Leaves the flow's addresses, the part of the packet, the protocol, the layer-4 offset. */
    private void readIpv4() {
        code.loadPacket(ETHERNET_BYTES, HEADER_AT, IPV4_BYTES).jumpIfNotEqual(R0, 0, "theirs")
            .load(BYTE, R8, STACK, HEADER_AT + 9)
            .load(BYTE, R9, STACK, HEADER_AT).and(R9, 0xF).shiftLeft(R9, 2).addValue(R9, ETHERNET_BYTES);
        for (int end = 0; end < 2; end++) {
            code.storeValue(DOUBLE, STACK, FLOW_AT + 16 * end, 0)
                .storeValue(WORD, STACK, FLOW_AT + 16 * end + 8, IPV4_MAPPED_PREFIX)
                .load(WORD, R2, STACK, HEADER_AT + 12 + 4 * end).store(WORD, STACK, FLOW_AT + 16 * end + 12, R2);
        }
        code.load(HALF, R2, STACK, HEADER_AT + 6).networkToHost16(R2)
            .and(R2, IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK).jumpIfEqual(R2, 0, "address")
            .load(HALF, R3, STACK, HEADER_AT + 4).store(WORD, STACK, IDENTIFICATION_AT, R3)
            .set(R7, LATER).and(R2, IPV4_OFFSET_MASK).jumpIfNotEqual(R2, 0, "address").set(R7, FIRST).jump("address");
    }

    /** The same, behind the extension headers (RFC 8200, section 4). */
    private void readIpv6() {
        code.label("ipv6").loadPacket(ETHERNET_BYTES, HEADER_AT, IPV6_BYTES).jumpIfNotEqual(R0, 0, "theirs")
            .load(BYTE, R8, STACK, HEADER_AT + 6).set(R9, ETHERNET_BYTES + IPV6_BYTES);
        for (int offset = 0; offset < 32; offset += Long.BYTES) {
            code.load(DOUBLE, R2, STACK, HEADER_AT + 8 + offset).store(DOUBLE, STACK, FLOW_AT + offset, R2);
        }
        for (int i = 0; i < MAX_EXTENSIONS; i++) {
            readExtension(i);
        }
        code.jumpIfEqual(R8, HEADER_FRAGMENT, "theirs").jumpIfEqual(R8, HEADER_AUTHENTICATION, "theirs");
        for (final int header : HEADERS_OF_OPTIONS) {
            code.jumpIfEqual(R8, header, "theirs");
        }
    }

    private void readExtension(final int number) {
        final String end = "end of extension " + number;
        final String fragment = "fragment header " + number;
        final String authentication = "authentication header " + number;
        final String options = "options " + number;
        code.jumpIfEqual(R8, HEADER_FRAGMENT, fragment).jumpIfEqual(R8, HEADER_AUTHENTICATION, authentication);
        for (final int header : HEADERS_OF_OPTIONS) {
            code.jumpIfEqual(R8, header, options);
        }
        code.jump("address");
        code.label(fragment).loadPacketAt(R9, 0, EXTENSION_AT, FRAGMENT_BYTES).jumpIfNotEqual(R0, 0, "theirs")
            .load(WORD, R2, STACK, EXTENSION_AT + 4).store(WORD, STACK, IDENTIFICATION_AT, R2)
            .load(BYTE, R8, STACK, EXTENSION_AT).addValue(R9, FRAGMENT_BYTES)
            .load(HALF, R2, STACK, EXTENSION_AT + 2).networkToHost16(R2)
            .move(R7, R2).and(R7, 1).and(R2, IPV6_OFFSET_MASK).jumpIfEqual(R2, 0, end)
            .set(R7, LATER).jump("address");
        // RFC 4302, 2.2: in units of four bytes, minus two.
        code.label(authentication);
        readLength(2, 2);
        code.jump(end).label(options);
        readLength(1, 3);
        code.label(end);
    }

    private void readLength(final int more, final int shift) {
        code.loadPacketAt(R9, 0, EXTENSION_AT, 2).jumpIfNotEqual(R0, 0, "theirs")
            .load(BYTE, R8, STACK, EXTENSION_AT).load(BYTE, R2, STACK, EXTENSION_AT + 1)
            .addValue(R2, more).shiftLeft(R2, shift).addRegister(R9, R2);
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

    /** Continues if the switch awaits the packet, or the destination port is published. */
    private void testPort() {
        code.label("ports").loadPacketAt(R9, 0, PORTS_AT, 4).jumpIfNotEqual(R0, 0, "theirs")
            .load(WORD, R2, STACK, PORTS_AT).store(WORD, STACK, FLOW_AT + 32, R2)
            .store(WORD, STACK, FLOW_AT + 36, R8);
        claims.append(code, FLOW_AT, WORK_AT, "claimed");
        code.load(HALF, R9, STACK, DESTINATION_PORT_AT).networkToHost16(R9).and(R9, 0xFFFF)
            .load(WORD, R2, R6, SkbContext.PROTOCOL).jumpIfNotEqual(R2, SkbContext.IPV6, "set of ports")
            .addValue(R7, PublishedPorts.IPV6).label("set of ports");
        maps.ports().test(code, KEY_AT, R7, R9, "claimed");
        code.jump("the host's").label("claimed").jumpIfEqual(R8, SCTP, "ours");
    }

    /** Whether the host recently had the flow. */
    private void lookUpFlow() {
        code.lookup(maps.hostFlows(), FLOW_AT).jumpIfEqual(R0, 0, "ours")
            .load(DOUBLE, R7, R0, 0).call(BpfAssembler.CALL_KTIME_GET_NS).shiftRight(R0, TIME_SHIFT)
            .jumpIfGreaterRegister(R7, R0, "theirs");
    }

    /**
     * Asks whether a socket of the host has the flow. If so, the flow is the host's, and a note tells the packet
     * socket's filter, which cannot ask. A socket that waits for any peer does not count: a published port is ours, and
     * so is an answer that the switch awaits.
     */
    private void askForSocket() {
        code.jumpIfEqual(R8, 17, "udp");
        lookUpSocket("tcp", BpfAssembler.CALL_SKC_LOOKUP_TCP);
        code.load(WORD, R8, R9, SOCKET_STATE).move(R1, R9).call(BpfAssembler.CALL_SK_RELEASE)
            .jumpIfNotEqual(R8, LISTEN, "note").jump("forget");
        code.label("udp");
        lookUpSocket("datagram", BpfAssembler.CALL_SK_LOOKUP_UDP);
        code.load(HALF, R8, R9, SOCKET_DESTINATION_PORT).move(R1, R9).call(BpfAssembler.CALL_SK_RELEASE)
            .jumpIfEqual(R8, 0, "forget");
        code.label("note").call(BpfAssembler.CALL_KTIME_GET_NS).shiftRight(R0, TIME_SHIFT)
            .addValue(R0, FLOW_LIFETIME);
        update(maps.hostFlows());
        code.jump("the host's");
        // The socket is gone. The filter has left this packet to the host, for the last time; so the packet comes once
        // more.
        code.label("forget").loadMap(R1, maps.hostFlows()).move(R2, STACK).addValue(R2, FLOW_AT)
            .call(BpfAssembler.CALL_MAP_DELETE).jumpIfEqual(R0, 0, "was the host's");
    }

    /** Sets the value of the flow to register 0. */
    private void update(final BpfMap map) {
        code.store(DOUBLE, STACK, TIME_AT, R0).loadMap(R1, map).move(R2, STACK).addValue(R2, FLOW_AT)
            .move(R3, STACK).addValue(R3, TIME_AT).set(R4, 0).call(BpfAssembler.CALL_MAP_UPDATE);
    }

    /**
     * Takes a packet's later fragments from the host when its first one was the switch's: otherwise they would wait, in
     * the memory that the host has for reassembly, for one that never comes. Continues with the switch's packets.
     */
    private void noteFragments() {
        code.label("ours").load(WORD, R2, STACK, PART_AT).jumpIfNotEqual(R2, FIRST, "routed");
        nameFragments();
        code.call(BpfAssembler.CALL_KTIME_GET_NS).shiftRight(R0, TIME_SHIFT).addValue(R0, FRAGMENT_LIFETIME);
        update(maps.fragments());
        code.jump("routed");
        code.label("the host's").load(WORD, R2, STACK, PART_AT).jumpIfNotEqual(R2, FIRST, "theirs");
        nameFragments();
        code.loadMap(R1, maps.fragments()).move(R2, STACK).addValue(R2, FLOW_AT).call(BpfAssembler.CALL_MAP_DELETE)
            .jump("theirs");
        code.label("later");
        nameFragments();
        code.lookup(maps.fragments(), FLOW_AT).jumpIfEqual(R0, 0, "both")
            .load(DOUBLE, R7, R0, 0).call(BpfAssembler.CALL_KTIME_GET_NS).shiftRight(R0, TIME_SHIFT)
            .jumpIfGreaterRegister(R0, R7, "both");
    }

    /**
     * Puts what all fragments of a packet have in common in the flow's place: the addresses, the identification, and
     * for IPv4 the protocol (RFC 791, 3.2; RFC 8200, 4.5).
     */
    private void nameFragments() {
        final String named = "fragments named " + code.instructionCount();
        code.load(WORD, R2, STACK, IDENTIFICATION_AT).store(WORD, STACK, FLOW_AT + 32, R2)
            .storeValue(WORD, STACK, FLOW_AT + 36, 0)
            .load(WORD, R2, R6, SkbContext.PROTOCOL).jumpIfEqual(R2, SkbContext.IPV6, named)
            .load(BYTE, R2, STACK, HEADER_AT + 9).store(WORD, STACK, FLOW_AT + 36, R2).label(named);
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
