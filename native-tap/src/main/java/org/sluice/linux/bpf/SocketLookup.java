package org.sluice.linux.bpf;

import static org.sluice.linux.bpf.BpfAssembler.BYTE;
import static org.sluice.linux.bpf.BpfAssembler.DOUBLE;
import static org.sluice.linux.bpf.BpfAssembler.R0;
import static org.sluice.linux.bpf.BpfAssembler.R1;
import static org.sluice.linux.bpf.BpfAssembler.R2;
import static org.sluice.linux.bpf.BpfAssembler.R3;
import static org.sluice.linux.bpf.BpfAssembler.R6;
import static org.sluice.linux.bpf.BpfAssembler.R7;
import static org.sluice.linux.bpf.BpfAssembler.R8;
import static org.sluice.linux.bpf.BpfAssembler.STACK;
import static org.sluice.linux.bpf.BpfAssembler.WORD;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

import org.agrona.CloseHelper;

import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.NetNamespace;

/**
 * Hands the traffic of many local ports to one socket (Linux Documentation/bpf/prog_sk_lookup.rst): connections to a
 * listening socket, datagrams to a bound one. {@code getsockname} of an accepted connection returns the address and
 * port that the client addressed. The ports are bits in mapped memory, as in {@link Steering}. Two sets apply to all
 * local addresses of a family; each other set applies to one address. It ends when it is closed, or when the process
 * dies. Used by the control thread.
 * <p>
 * In registers: 6 the context, 7 the protocol's index (0 TCP, 1 UDP), 8 the port. On the stack, from its end: 4 the
 * index of a bit set, 8 that of the socket, 24 the local address, IPv4 ones mapped.
 */
public final class SocketLookup implements AutoCloseable {
    /** Index of the TCP socket and ports. */
    public static final int TCP = 0;
    /** Index of the UDP socket and ports. */
    public static final int UDP = 1;

    static final int CONTEXT_FAMILY = 8;
    static final int CONTEXT_PROTOCOL = 12;
    static final int CONTEXT_LOCAL_IP4 = 40;
    static final int CONTEXT_LOCAL_IP6 = 44;
    static final int CONTEXT_LOCAL_PORT = 60;

    private static final int AF_INET6 = 10;
    private static final int PASS = 1;
    private static final int PROTOCOL_SHIFT = 1;
    private static final int ALL_IPV4 = PortBits.MAX_ADDRESSES;
    private static final int ALL_IPV6 = PortBits.MAX_ADDRESSES + 1;
    private static final int ELEMENTS = PortBits.MAX_ADDRESSES + 2 << PROTOCOL_SHIFT;
    private static final int SOCKETS = 2;
    private static final int INDEX_AT = -4;
    private static final int SOCKET_AT = -8;
    private static final int ADDRESS_AT = -24;

    /** How many port maps an address has; without one it frees its slot. */
    private final Map<InetAddress, Integer> mapsOfAddress = new HashMap<>();
    private BpfMap addresses;
    private BpfMap ports;
    private BpfMap sockets;
    private PortBits bits;
    private BpfProgram program;
    private BpfLink link;

    /**
     * Attaches to a namespace.
     *
     * @throws NativeException when the kernel refuses, as kernels before 5.9 do.
     */
    public SocketLookup(final NetNamespace namespace) {
        try {
            addresses = BpfMap.create(BpfMap.HASH, PortBits.ADDRESS_BYTES, Integer.BYTES, PortBits.MAX_ADDRESSES, 0);
            ports = BpfMap.create(BpfMap.ARRAY, Integer.BYTES, PortBits.ELEMENT_BYTES, ELEMENTS, BpfMap.MMAPABLE);
            sockets = BpfMap.create(BpfMap.SOCKMAP, Integer.BYTES, Integer.BYTES, SOCKETS, 0);
            bits = new PortBits(addresses, ports, ELEMENTS, PROTOCOL_SHIFT);
            program = BpfProgram.load(BpfProgram.SK_LOOKUP, BpfProgram.ATTACH_SK_LOOKUP, assemble());
            link = BpfLink.create(program, namespace.fd(), BpfProgram.ATTACH_SK_LOOKUP);
        } catch (final RuntimeException ex) {
            close();
            throw ex;
        }
    }

    /** Sets the socket for a protocol's ports: a listening TCP socket, or a bound UDP one. */
    public void socket(final int index, final int fd) {
        sockets.put(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(index).array(), fd);
    }

    /**
     * Takes the ports of a port map, or returns them.
     *
     * @param address null for all local addresses; 0.0.0.0 or :: for all of one family.
     * @return false when there are too many addresses.
     */
    public boolean set(final int index, final InetAddress address, final int first, final int last,
                       final boolean on) {
        if (address == null || address.isAnyLocalAddress()) {
            if (!(address instanceof Inet6Address)) {
                bits.set(ALL_IPV4, index, first, last, on);
            }
            if (!(address instanceof Inet4Address)) {
                bits.set(ALL_IPV6, index, first, last, on);
            }
            return true;
        }
        if (on && !bits.has(address) && !bits.add(address)) {
            return false;
        }
        bits.set(address, index, first, last, on);
        if (bits.has(address) && mapsOfAddress.merge(address, on ? 1 : -1, Integer::sum) == 0) {
            bits.remove(address);
            mapsOfAddress.remove(address);
        }
        return true;
    }

    private BpfAssembler assemble() {
        final BpfAssembler code = new BpfAssembler();
        code.move(R6, R1)
            .set(R7, TCP).load(WORD, R2, R6, CONTEXT_PROTOCOL).jumpIfEqual(R2, 6, "known")
            .set(R7, UDP).jumpIfNotEqual(R2, 17, "pass");
        code.label("known").load(WORD, R8, R6, CONTEXT_LOCAL_PORT).and(R8, 0xFFFF)
            .storeValue(WORD, STACK, INDEX_AT, ALL_IPV4 << PROTOCOL_SHIFT)
            .load(WORD, R2, R6, CONTEXT_FAMILY).jumpIfNotEqual(R2, AF_INET6, "all")
            .storeValue(WORD, STACK, INDEX_AT, ALL_IPV6 << PROTOCOL_SHIFT).label("all");
        testBit(code, "address");
        code.jump("ours");
        code.label("address").load(WORD, R2, R6, CONTEXT_FAMILY).jumpIfEqual(R2, AF_INET6, "ipv6")
            .storeValue(DOUBLE, STACK, ADDRESS_AT, 0).storeValue(WORD, STACK, ADDRESS_AT + 8, 0xFFFF_0000)
            .load(WORD, R2, R6, CONTEXT_LOCAL_IP4).store(WORD, STACK, ADDRESS_AT + 12, R2).jump("one");
        code.label("ipv6");
        for (int word = 0; word < 4; word++) {
            code.load(WORD, R2, R6, CONTEXT_LOCAL_IP6 + 4 * word).store(WORD, STACK, ADDRESS_AT + 4 * word, R2);
        }
        code.label("one").lookup(addresses, ADDRESS_AT).jumpIfEqual(R0, 0, "pass")
            .load(WORD, R2, R0, 0).shiftLeft(R2, PROTOCOL_SHIFT).store(WORD, STACK, INDEX_AT, R2);
        testBit(code, "pass");
        return code.label("ours").store(WORD, STACK, SOCKET_AT, R7).lookup(sockets, SOCKET_AT)
            .jumpIfEqual(R0, 0, "pass")
            .move(R7, R0).move(R1, R6).move(R2, R7).set(R3, 0).call(BpfAssembler.CALL_SK_ASSIGN)
            .move(R1, R7).call(BpfAssembler.CALL_SK_RELEASE)
            // If the assignment failed, the usual look-up still finds a socket.
            .label("pass").set(R0, PASS).exit();
    }

    /** Continues if the port's bit is set in the element whose number, minus the protocol, is on the stack. */
    private void testBit(final BpfAssembler code, final String otherwise) {
        code.load(WORD, R2, STACK, INDEX_AT).addRegister(R2, R7).store(WORD, STACK, INDEX_AT, R2)
            .lookup(ports, INDEX_AT).jumpIfEqual(R0, 0, otherwise)
            .move(R2, R8).shiftRight(R2, 3).addRegister(R0, R2).load(BYTE, R0, R0, 0)
            .move(R1, R8).and(R1, 7).shiftRightBy(R0, R1).and(R0, 1).jumpIfEqual(R0, 0, otherwise);
    }

    @Override
    public void close() {
        CloseHelper.closeAll(link, program, addresses, ports, sockets);
    }
}
