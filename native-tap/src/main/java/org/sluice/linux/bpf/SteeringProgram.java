package org.sluice.linux.bpf;

import static org.sluice.linux.bpf.BpfAssembler.BYTE;
import static org.sluice.linux.bpf.BpfAssembler.DOUBLE;
import static org.sluice.linux.bpf.BpfAssembler.HALF;
import static org.sluice.linux.bpf.BpfAssembler.R0;
import static org.sluice.linux.bpf.BpfAssembler.R1;
import static org.sluice.linux.bpf.BpfAssembler.R2;
import static org.sluice.linux.bpf.BpfAssembler.R6;
import static org.sluice.linux.bpf.BpfAssembler.R7;
import static org.sluice.linux.bpf.BpfAssembler.R8;
import static org.sluice.linux.bpf.BpfAssembler.R9;
import static org.sluice.linux.bpf.BpfAssembler.STACK;
import static org.sluice.linux.bpf.BpfAssembler.WORD;

/**
 * The test of {@link Steering}, as an eBPF program for both of its places (context: Linux uapi/linux/bpf.h,
 * {@code struct __sk_buff}; offsets in the packet are from the Ethernet header).
 * <p>
 * In registers: 6 the context, 7 the slot of the address, 8 the protocol, 9 the offset of the layer-4 header. On the
 * stack, from its end: 4 the map index, 8 the port, 48 the IP header, 68 the prefix key, whose last 16 bytes are the
 * destination address.
 */
final class SteeringProgram {
    private static final int CONTEXT_PACKET_TYPE = 4;
    private static final int CONTEXT_PROTOCOL = 16;
    private static final int CONTEXT_VLAN_PRESENT = 20;
    private static final int PACKET_HOST = 0;
    private static final int IPV4_IN_CONTEXT = 0x0008;
    private static final int IPV6_IN_CONTEXT = 0xDD86;

    private static final int ETHERNET_BYTES = 14;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int FRAGMENT_HEADER = 44;
    private static final int FRAGMENT_BYTES = 8;

    private static final int INDEX_AT = -4;
    private static final int PORT_AT = -8;
    private static final int HEADER_AT = -48;
    private static final int KEY_AT = -64;
    private static final int PREFIX_KEY_AT = -68;
    private static final int FULL_PREFIX = 128;
    private static final int IPV4_MAPPED_PREFIX = 0xFFFF_0000;

    private static final int WHOLE_FRAME = -1;
    private static final int TCX_NEXT = -1;
    private static final int TCX_DROP = 2;

    private SteeringProgram() {
    }

    /** Takes what is the switch's, and a copy of what might be. */
    static BpfAssembler forSocket(final BpfMap addresses, final BpfMap ports, final BpfMap prefixes) {
        return assemble(addresses, ports, prefixes, WHOLE_FRAME, WHOLE_FRAME, 0);
    }

    /** Drops for the host what is the switch's for certain. */
    static BpfAssembler forIngress(final BpfMap addresses, final BpfMap ports, final BpfMap prefixes) {
        return assemble(addresses, ports, prefixes, TCX_DROP, TCX_NEXT, TCX_NEXT);
    }

    /**
     * @param ours   result for what is the switch's.
     * @param both   result for what may be anybody's: later fragments, ICMP.
     * @param theirs result for what is the host's.
     */
    private static BpfAssembler assemble(final BpfMap addresses, final BpfMap ports, final BpfMap prefixes,
                                         final int ours, final int both, final int theirs) {
        final BpfAssembler code = new BpfAssembler();
        code.move(R6, R1)
            .load(WORD, R2, R6, CONTEXT_PACKET_TYPE).jumpIfNotEqual(R2, PACKET_HOST, "theirs")
            .load(WORD, R2, R6, CONTEXT_VLAN_PRESENT).jumpIfNotEqual(R2, 0, "theirs")
            .load(WORD, R7, R6, CONTEXT_PROTOCOL)
            .jumpIfEqual(R7, IPV6_IN_CONTEXT, "ipv6").jumpIfNotEqual(R7, IPV4_IN_CONTEXT, "theirs");
        readIpv4(code);
        readIpv6(code);
        code.label("address").lookup(addresses, KEY_AT).jumpIfNotEqual(R0, 0, "local")
            .storeValue(WORD, STACK, PREFIX_KEY_AT, FULL_PREFIX).lookup(prefixes, PREFIX_KEY_AT)
            .jumpIfEqual(R0, 0, "theirs").jump("ours");
        code.label("local").load(WORD, R7, R0, 0)
            // What the fragment field says was left in register 2's place on the stack.
            .load(HALF, R2, STACK, INDEX_AT).jumpIfNotEqual(R2, 0, "both")
            .shiftLeft(R7, Steering.PROTOCOL_SHIFT)
            .jumpIfEqual(R8, 6, "ports")
            .addValue(R7, 1).jumpIfEqual(R8, 17, "ports")
            .addValue(R7, 1).jumpIfEqual(R8, 132, "ports")
            .jumpIfEqual(R8, 1, "icmp").jumpIfEqual(R8, 58, "icmpv6").jump("theirs");
        testPort(code, ports);
        testIcmp(code);
        return code.label("ours").set(R0, ours).exit()
            .label("both").set(R0, both).exit()
            .label("theirs").set(R0, theirs).exit();
    }

    /** Leaves the fragment offset (not 0: a later fragment), the destination, the protocol, the layer-4 offset. */
    private static void readIpv4(final BpfAssembler code) {
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

    private static void readIpv6(final BpfAssembler code) {
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

    /** Whether the bit of the destination port is set. */
    private static void testPort(final BpfAssembler code, final BpfMap ports) {
        code.label("ports").store(WORD, STACK, INDEX_AT, R7)
            .move(R1, R6).move(R2, R9).addValue(R2, 2).move(BpfAssembler.R3, STACK)
            .addValue(BpfAssembler.R3, PORT_AT).set(BpfAssembler.R4, 2).call(BpfAssembler.CALL_SKB_LOAD_BYTES)
            .jumpIfNotEqual(R0, 0, "theirs")
            .lookup(ports, INDEX_AT).jumpIfEqual(R0, 0, "theirs")
            // Verifiers of before 2026 do not see that turning 16 bits round leaves 16.
            .load(HALF, R1, STACK, PORT_AT).networkToHost16(R1).and(R1, 0xFFFF)
            .move(R2, R1).shiftRight(R2, 3).addRegister(R0, R2).load(BYTE, R0, R0, 0)
            .and(R1, 7).shiftRightBy(R0, R1).and(R0, 1)
            .jumpIfNotEqual(R0, 0, "ours").jump("theirs");
    }

    /** Answers to echoes, and errors, may be about a connection of the switch or of the host. */
    private static void testIcmp(final BpfAssembler code) {
        code.label("icmp");
        loadType(code);
        for (final int type : new int[] {0, 3, 4, 11, 12}) {
            code.jumpIfEqual(R2, type, "both");
        }
        code.jump("theirs").label("icmpv6");
        loadType(code);
        for (final int type : new int[] {1, 2, 3, 4, 129}) {
            code.jumpIfEqual(R2, type, "both");
        }
        code.jump("theirs");
    }

    private static void loadType(final BpfAssembler code) {
        code.move(R1, R6).move(R2, R9).move(BpfAssembler.R3, STACK).addValue(BpfAssembler.R3, PORT_AT)
            .set(BpfAssembler.R4, 1).call(BpfAssembler.CALL_SKB_LOAD_BYTES).jumpIfNotEqual(R0, 0, "theirs")
            .load(BYTE, R2, STACK, PORT_AT);
    }
}
