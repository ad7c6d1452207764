package org.sluice.linux.bpf;

import static org.sluice.linux.bpf.BpfAssembler.R0;
import static org.sluice.linux.bpf.BpfAssembler.R1;
import static org.sluice.linux.bpf.BpfAssembler.R2;
import static org.sluice.linux.bpf.BpfAssembler.R3;
import static org.sluice.linux.bpf.BpfAssembler.R6;
import static org.sluice.linux.bpf.BpfAssembler.R7;
import static org.sluice.linux.bpf.BpfAssembler.R8;
import static org.sluice.linux.bpf.BpfAssembler.R9;
import static org.sluice.linux.bpf.BpfAssembler.STACK;
import static org.sluice.linux.bpf.BpfAssembler.WORD;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import org.agrona.CloseHelper;

import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.NetNamespace;

/**
 * Hands the traffic of many local ports to one socket (Linux Documentation/bpf/prog_sk_lookup.rst): connections to a
 * listening socket, datagrams to a bound one. {@code getsockname} of an accepted connection returns the address and
 * port that the client addressed. It ends when it is closed, or when the process dies. Used by the control thread.
 * <p>
 * In registers: 6 the context, 7 the protocol's index (0 TCP, 1 UDP), 8 the port, 9 the set of ports. On the stack,
 * from its end: 4 the index of the socket, 32 the key of {@link PublishedPorts}.
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
    private static final int SOCKETS = 2;
    private static final int PROTOCOLS = 2;
    private static final int SOCKET_AT = -4;
    private static final int KEY_AT = -32;
    private static final int ADDRESS_AT = KEY_AT + Integer.BYTES;

    private PublishedPorts ports;
    private BpfMap sockets;
    private BpfProgram program;
    private BpfLink link;

    /**
     * Attaches to a namespace.
     *
     * @throws NativeException when the kernel refuses, as kernels before 5.9 do.
     */
    public SocketLookup(final NetNamespace namespace) {
        try {
            ports = new PublishedPorts(PROTOCOLS);
            sockets = BpfMap.create(BpfMap.SOCKMAP, Integer.BYTES, Integer.BYTES, SOCKETS, 0);
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
     * @throws NativeException when there are too many addresses with ports of their own.
     */
    public void set(final int index, final InetAddress address, final int first, final int last,
                    final boolean on) {
        ports.set(index, address, first, last, on);
    }

    private BpfAssembler assemble() {
        final BpfAssembler code = new BpfAssembler();
        code.move(R6, R1)
            .set(R7, TCP).load(WORD, R2, R6, CONTEXT_PROTOCOL).jumpIfEqual(R2, 6, "known")
            .set(R7, UDP).jumpIfNotEqual(R2, 17, "pass");
        code.label("known").load(WORD, R8, R6, CONTEXT_LOCAL_PORT).and(R8, 0xFFFF)
            .load(WORD, R2, R6, CONTEXT_FAMILY).jumpIfEqual(R2, AF_INET6, "ipv6")
            .move(R9, R7).shiftLeft(R9, 1)
            .storeValue(WORD, STACK, ADDRESS_AT, 0).storeValue(WORD, STACK, ADDRESS_AT + 4, 0)
            .storeValue(WORD, STACK, ADDRESS_AT + 8, 0xFFFF_0000)
            .load(WORD, R2, R6, CONTEXT_LOCAL_IP4).store(WORD, STACK, ADDRESS_AT + 12, R2).jump("test");
        code.label("ipv6").move(R9, R7).shiftLeft(R9, 1).addValue(R9, PublishedPorts.IPV6);
        for (int word = 0; word < 4; word++) {
            code.load(WORD, R2, R6, CONTEXT_LOCAL_IP6 + 4 * word).store(WORD, STACK, ADDRESS_AT + 4 * word, R2);
        }
        ports.test(code.label("test"), KEY_AT, R9, R8, "ours");
        code.jump("pass");
        return code.label("ours").store(WORD, STACK, SOCKET_AT, R7).lookup(sockets, SOCKET_AT)
            .jumpIfEqual(R0, 0, "pass")
            .move(R7, R0).move(R1, R6).move(R2, R7).set(R3, 0).call(BpfAssembler.CALL_SK_ASSIGN)
            .move(R1, R7).call(BpfAssembler.CALL_SK_RELEASE)
            // If the assignment failed, the usual look-up still finds a socket.
            .label("pass").set(R0, PASS).exit();
    }

    @Override
    public void close() {
        CloseHelper.closeAll(link, program, ports, sockets);
    }
}
