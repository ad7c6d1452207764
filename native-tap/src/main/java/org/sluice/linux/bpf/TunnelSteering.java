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
import static org.sluice.linux.bpf.BpfAssembler.R6;
import static org.sluice.linux.bpf.BpfAssembler.R7;
import static org.sluice.linux.bpf.BpfAssembler.R9;
import static org.sluice.linux.bpf.BpfAssembler.STACK;
import static org.sluice.linux.bpf.BpfAssembler.WORD;

/**
 * Tells the tunnels' packets from others at the uplinks: UDP for the tunnel's port and an address of the host's. Each
 * worker's ring takes those whose VNI modulo the number of workers is its own, and for the host's stack they are lost.
 * Fragments, packets with options and all else go on to the host's stack, and what of that is for the tunnel arrives at
 * its socket.
 * <p>
 * It is attached by TCX (Linux 6.6), and ends with the process. Used by the control thread.
 */
public final class TunnelSteering implements AutoCloseable {
    private static final int TCX_INGRESS = 46;
    private static final int TCX_NEXT = -1;
    private static final int TCX_DROP = 2;
    private static final int WHOLE_FRAME = -1;
    private static final int MAX_ADDRESSES = 1024;

    private static final int CONTEXT_LENGTH = 0;
    private static final int CONTEXT_PACKET_TYPE = 4;
    private static final int CONTEXT_PROTOCOL = 16;
    private static final int CONTEXT_VLAN_PRESENT = 20;
    private static final int PACKET_HOST = 0;
    private static final int IPV4_IN_CONTEXT = 0x0008;
    private static final int IPV6_IN_CONTEXT = 0xDD86;
    private static final int ETHERNET_BYTES = 14;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int IPV4_WITHOUT_OPTIONS = 0x45;
    private static final int FRAGMENT_BITS = 0x3FFF;
    private static final int UDP = 17;
    private static final int UDP_DESTINATION_PORT = 2;
    private static final int VNI = 8 + 4;
    private static final int IPV4_MAPPED_PREFIX = 0xFFFF_0000;

    private static final int PORT_AT = -4;
    private static final int VNI_AT = -8;
    private static final int HEADER_AT = -48;
    private static final int KEY_AT = -64;

    private final BpfMap addresses = BpfMap.create(BpfMap.HASH, PortBits.ADDRESS_BYTES, Long.BYTES, MAX_ADDRESSES, 0);
    private final BpfProgram ingress;
    private final int udpPort;
    private final int workers;
    private final Map<Integer, BpfLink> links = new HashMap<>();
    private Set<InetAddress> known = Set.of();

    /**
     * @param udpPort of the tunnels.
     * @throws org.sluice.linux.NativeException when the kernel refuses.
     */
    public TunnelSteering(final int udpPort, final int workers) {
        this.udpPort = udpPort;
        this.workers = workers;
        try {
            ingress = BpfProgram.load(BpfProgram.SCHED_CLS, TCX_INGRESS,
                test(new BpfAssembler().move(R6, R1)).set(R0, TCX_DROP).exit().label("next").set(R0, TCX_NEXT).exit());
        } catch (final RuntimeException ex) {
            addresses.close();
            throw ex;
        }
    }

    /**
     * The program that lets a worker's packets into a ring.
     *
     * @param frameBytes of the longest frame that is a small one.
     * @param small      whether the ring is for those, or for the others.
     * @return to be closed once the ring is open.
     * @throws org.sluice.linux.NativeException when the kernel refuses.
     */
    public BpfFilter filter(final int worker, final int frameBytes, final boolean small) {
        final BpfAssembler code = new BpfAssembler().move(R6, R1).load(WORD, R2, R6, CONTEXT_LENGTH);
        if (small) {
            code.jumpIfGreater(R2, frameBytes, "next");
        } else {
            code.jumpIfLess(R2, frameBytes + 1, "next");
        }
        return new BpfFilter(BpfProgram.load(BpfProgram.SOCKET_FILTER, 0, test(code).modulo(R7, workers)
            .jumpIfNotEqual(R7, worker, "next").set(R0, WHOLE_FRAME).exit().label("next").set(R0, 0).exit()));
    }

    /**
     * From now on the tunnels' packets are taken from the host at this interface: their rings must be open.
     *
     * @throws org.sluice.linux.NativeException when the kernel refuses.
     */
    public void attach(final int linkIndex) {
        links.put(linkIndex, BpfLink.create(ingress, linkIndex, TCX_INGRESS));
    }

    /** Gives them back to the host; an interface where they are not taken is no error. */
    public void detach(final int linkIndex) {
        CloseHelper.close(links.remove(linkIndex));
    }

    /** These are the host's addresses now; of very many, those that find no place are left to the host's stack. */
    public void addresses(final Set<InetAddress> wanted) {
        known.stream().filter(address -> !wanted.contains(address))
            .forEach(address -> addresses.remove(PortBits.mapped(address)));
        final Set<InetAddress> taken = new HashSet<>();
        for (final InetAddress address : wanted) {
            if (taken.size() < MAX_ADDRESSES) {
                if (!known.contains(address)) {
                    addresses.put(PortBits.mapped(address), 1);
                }
                taken.add(address);
            }
        }
        known = taken;
    }

    /**
     * Goes to "next" with what is no tunnel's packet, and falls through with the VNI in register 7. Register 6 has the
     * context, 9 the offset of the UDP header.
     */
    private BpfAssembler test(final BpfAssembler code) {
        code.load(WORD, R2, R6, CONTEXT_PACKET_TYPE).jumpIfNotEqual(R2, PACKET_HOST, "next")
            .load(WORD, R2, R6, CONTEXT_VLAN_PRESENT).jumpIfNotEqual(R2, 0, "next")
            .load(WORD, R7, R6, CONTEXT_PROTOCOL)
            .jumpIfEqual(R7, IPV6_IN_CONTEXT, "ipv6").jumpIfNotEqual(R7, IPV4_IN_CONTEXT, "next");
        code.loadPacket(ETHERNET_BYTES, HEADER_AT, IPV4_BYTES).jumpIfNotEqual(R0, 0, "next")
            .load(BYTE, R2, STACK, HEADER_AT).jumpIfNotEqual(R2, IPV4_WITHOUT_OPTIONS, "next")
            .load(BYTE, R2, STACK, HEADER_AT + 9).jumpIfNotEqual(R2, UDP, "next")
            .load(HALF, R2, STACK, HEADER_AT + 6).networkToHost16(R2).and(R2, FRAGMENT_BITS)
            .jumpIfNotEqual(R2, 0, "next")
            .load(WORD, R2, STACK, HEADER_AT + 16)
            .storeValue(DOUBLE, STACK, KEY_AT, 0).storeValue(WORD, STACK, KEY_AT + 8, IPV4_MAPPED_PREFIX)
            .store(WORD, STACK, KEY_AT + 12, R2)
            .set(R9, ETHERNET_BYTES + IPV4_BYTES).jump("udp");
        code.label("ipv6").loadPacket(ETHERNET_BYTES, HEADER_AT, IPV6_BYTES).jumpIfNotEqual(R0, 0, "next")
            .load(BYTE, R2, STACK, HEADER_AT + 6).jumpIfNotEqual(R2, UDP, "next")
            .load(DOUBLE, R2, STACK, HEADER_AT + 24).store(DOUBLE, STACK, KEY_AT, R2)
            .load(DOUBLE, R2, STACK, HEADER_AT + 32).store(DOUBLE, STACK, KEY_AT + 8, R2)
            .set(R9, ETHERNET_BYTES + IPV6_BYTES);
        code.label("udp")
            .loadPacketAt(R9, UDP_DESTINATION_PORT, PORT_AT, Short.BYTES).jumpIfNotEqual(R0, 0, "next")
            .load(HALF, R2, STACK, PORT_AT).networkToHost16(R2).jumpIfNotEqual(R2, udpPort, "next")
            .loadPacketAt(R9, VNI, VNI_AT, Integer.BYTES).jumpIfNotEqual(R0, 0, "next")
            .load(BYTE, R7, STACK, VNI_AT).shiftLeft(R7, 8)
            .load(BYTE, R2, STACK, VNI_AT + 1).addRegister(R7, R2).shiftLeft(R7, 8)
            .load(BYTE, R2, STACK, VNI_AT + 2).addRegister(R7, R2)
            .lookup(addresses, KEY_AT).jumpIfEqual(R0, 0, "next");
        return code;
    }

    @Override
    public void close() {
        CloseHelper.closeAll(links.values());
        links.clear();
        ingress.close();
        addresses.close();
    }
}
