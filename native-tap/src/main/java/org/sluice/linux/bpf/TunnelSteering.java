package org.sluice.linux.bpf;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import org.agrona.CloseHelper;

import static org.sluice.linux.bpf.BpfAssembler.BYTE;
import static org.sluice.linux.bpf.BpfAssembler.DOUBLE;
import static org.sluice.linux.bpf.BpfAssembler.HALF;
import static org.sluice.linux.bpf.BpfAssembler.R0;
import static org.sluice.linux.bpf.BpfAssembler.R1;
import static org.sluice.linux.bpf.BpfAssembler.R2;
import static org.sluice.linux.bpf.BpfAssembler.R3;
import static org.sluice.linux.bpf.BpfAssembler.R4;
import static org.sluice.linux.bpf.BpfAssembler.R6;
import static org.sluice.linux.bpf.BpfAssembler.R7;
import static org.sluice.linux.bpf.BpfAssembler.STACK;
import static org.sluice.linux.bpf.BpfAssembler.WORD;

/**
 * Redirects the tunnels' packets from the uplinks straight into the switch's TAPs, past the host's stack: UDP to the
 * tunnel's port and an address of the host. A super-frame stays whole and keeps its metadata. Each worker has a TAP; a
 * packet goes to the TAP whose number is its VNI modulo their count. Fragments, packets with options and all other
 * packets continue to the host's stack; those for the tunnel arrive at its socket.
 * <p>
 * TCX attaches it (Linux 6.6), and it ends with the process. Used by the control thread.
 */
public final class TunnelSteering implements AutoCloseable {
    private static final int TCX_INGRESS = 46;
    private static final int TCX_NEXT = -1;
    private static final int CALL_REDIRECT = 23;
    private static final int CALL_SKB_PULL_DATA = 39;
    private static final int MAX_ADDRESSES = 1024;

    private static final int L3 = 14;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    /** Length of the UDP and VXLAN headers. */
    private static final int TUNNEL_BYTES = 8 + 8;
    private static final int IPV4_WITHOUT_OPTIONS = 0x45;
    private static final int FRAGMENT_BITS = 0x3FFF;
    private static final int UDP = 17;
    private static final int UDP_DESTINATION_PORT = 2;
    private static final int VNI = 8 + 4;
    private static final int IPV4_MAPPED_PREFIX = 0xFFFF_0000;
    private static final int KEY_AT = -16;

    private final BpfMap addresses =
        BpfMap.create(BpfMap.HASH, PublishedPorts.ADDRESS_BYTES, Long.BYTES, MAX_ADDRESSES, 0);
    private final BpfProgram program;
    private final Map<Integer, BpfLink> links = new HashMap<>();
    private Set<InetAddress> known = Set.of();

    /**
     * @param udpPort of the tunnels.
     * @param taps    numbers of the workers' TAPs, in the workers' order.
     * @throws org.sluice.linux.sys.NativeException when the kernel refuses.
     */
    public TunnelSteering(final int udpPort, final int[] taps) {
        try {
            program = BpfProgram.load(BpfProgram.SCHED_CLS, TCX_INGRESS, code(udpPort, taps));
        } catch (final RuntimeException ex) {
            addresses.close();
            throw ex;
        }
    }

    /**
     * Steers at these interfaces, and stops at others.
     *
     * @throws org.sluice.linux.sys.NativeException when the kernel refuses.
     */
    public void attach(final Set<Integer> linkIndexes) {
        for (final Integer gone : Set.copyOf(links.keySet())) {
            if (!linkIndexes.contains(gone)) {
                links.remove(gone).close();
            }
        }
        for (final Integer link : linkIndexes) {
            if (!links.containsKey(link)) {
                links.put(link, BpfLink.create(program, link, TCX_INGRESS));
            }
        }
    }

    /** Sets the host's addresses. Addresses beyond the map's capacity are left to the host's stack. */
    public void addresses(final Set<InetAddress> wanted) {
        known.stream().filter(address -> !wanted.contains(address))
            .forEach(address -> addresses.remove(PublishedPorts.mapped(address)));
        final Set<InetAddress> taken = new HashSet<>(known);
        taken.retainAll(wanted);
        for (final InetAddress address : wanted) {
            if (taken.size() < MAX_ADDRESSES && taken.add(address)) {
                addresses.put(PublishedPorts.mapped(address), 1);
            }
        }
        known = taken;
    }

    /** In registers: 2 the packet, 3 its end, 6 the context, 7 the VNI; on the stack the destination address. */
    private BpfAssembler code(final int udpPort, final int[] taps) {
        final BpfAssembler code = new BpfAssembler().move(R6, R1)
            .load(WORD, R2, R6, SkbContext.PACKET_TYPE).jumpIfNotEqual(R2, SkbContext.PACKET_HOST, "next")
            .load(WORD, R2, R6, SkbContext.VLAN_PRESENT).jumpIfNotEqual(R2, 0, "next")
            .load(WORD, R7, R6, SkbContext.PROTOCOL)
            .jumpIfEqual(R7, SkbContext.IPV6, "ipv6").jumpIfNotEqual(R7, SkbContext.IPV4, "next");
        wrap(code, L3 + IPV4_BYTES + TUNNEL_BYTES);
        code.load(BYTE, R4, R2, L3).jumpIfNotEqual(R4, IPV4_WITHOUT_OPTIONS, "next")
            .load(BYTE, R4, R2, L3 + 9).jumpIfNotEqual(R4, UDP, "next")
            .load(HALF, R4, R2, L3 + 6).networkToHost16(R4).and(R4, FRAGMENT_BITS).jumpIfNotEqual(R4, 0, "next")
            .load(WORD, R4, R2, L3 + 16)
            .storeValue(DOUBLE, STACK, KEY_AT, 0).storeValue(WORD, STACK, KEY_AT + 8, IPV4_MAPPED_PREFIX)
            .store(WORD, STACK, KEY_AT + 12, R4);
        readTunnel(code, L3 + IPV4_BYTES, udpPort);
        code.jump("address").label("ipv6");
        wrap(code, L3 + IPV6_BYTES + TUNNEL_BYTES);
        code.load(BYTE, R4, R2, L3 + 6).jumpIfNotEqual(R4, UDP, "next")
            .load(DOUBLE, R4, R2, L3 + 24).store(DOUBLE, STACK, KEY_AT, R4)
            .load(DOUBLE, R4, R2, L3 + 32).store(DOUBLE, STACK, KEY_AT + 8, R4);
        readTunnel(code, L3 + IPV6_BYTES, udpPort);
        code.label("address").modulo(R7, taps.length).lookup(addresses, KEY_AT).jumpIfEqual(R0, 0, "next");
        for (int worker = 0; worker < taps.length; worker++) {
            code.set(R1, taps[worker]).jumpIfEqual(R7, worker, "redirect");
        }
        return code.label("redirect").set(R2, 0).call(CALL_REDIRECT).exit()
            .label("next").set(R0, TCX_NEXT).exit();
    }

    /** Makes the first bytes readable: the kernel may have to linearize a super-frame first. */
    private static void wrap(final BpfAssembler code, final int bytes) {
        final String wrapped = "wrapped " + bytes;
        loadPacket(code);
        code.move(R4, R2).addValue(R4, bytes).jumpIfGreaterRegister(R4, R3, "pull " + bytes).jump(wrapped)
            .label("pull " + bytes)
            .move(R1, R6).set(R2, bytes).call(CALL_SKB_PULL_DATA).jumpIfNotEqual(R0, 0, "next");
        loadPacket(code);
        code.move(R4, R2).addValue(R4, bytes).jumpIfGreaterRegister(R4, R3, "next").label(wrapped);
    }

    private static void loadPacket(final BpfAssembler code) {
        code.load(WORD, R2, R6, SkbContext.DATA).load(WORD, R3, R6, SkbContext.DATA_END);
    }

    private static void readTunnel(final BpfAssembler code, final int udp, final int udpPort) {
        code.load(HALF, R4, R2, udp + UDP_DESTINATION_PORT).networkToHost16(R4).jumpIfNotEqual(R4, udpPort, "next")
            .load(BYTE, R7, R2, udp + VNI).shiftLeft(R7, 8)
            .load(BYTE, R4, R2, udp + VNI + 1).addRegister(R7, R4).shiftLeft(R7, 8)
            .load(BYTE, R4, R2, udp + VNI + 2).addRegister(R7, R4);
    }

    @Override
    public void close() {
        CloseHelper.closeAll(links.values());
        links.clear();
        program.close();
        addresses.close();
    }
}
