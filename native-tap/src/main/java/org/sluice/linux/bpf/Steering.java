package org.sluice.linux.bpf;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import org.agrona.CloseHelper;

import org.sluice.linux.NativeException;

/**
 * Decides, in the kernel, which frames that come in by an uplink are the switch's: by the host's address and port that
 * they are for. The same test stands in front of the packet socket, which takes what passes it, and at the interface's
 * ingress, where what passes it is lost for the host's own stack. The host keeps all else, and everything once the
 * daemon is gone.
 * <p>
 * A bit stands for each address, protocol and port; a store into mapped memory sets it. Later fragments and ICMP, which
 * have no port of their own, go to both. Used by the control thread.
 * <pre>
 *   addresses (hash):   address -> slot              the host's addresses, IPv4 mapped
 *   ports (array):      slot * 4 + protocol -> 65,536 bits
 *   prefixes (trie):    prefix -> 1                   networks that are routed, not masqueraded
 * </pre>
 */
public final class Steering implements AutoCloseable {
    /** Addresses of the host that ports are steered for. */
    public static final int MAX_ADDRESSES = PortBits.MAX_ADDRESSES;

    static final int PROTOCOL_SHIFT = 2;
    static final int INDEX_TCP = 0;
    static final int INDEX_UDP = 1;
    static final int INDEX_SCTP = 2;

    private static final int MAX_PREFIXES = 4096;
    private static final int ELEMENTS = MAX_ADDRESSES << PROTOCOL_SHIFT;

    private BpfMap addresses;
    private BpfMap ports;
    private BpfMap prefixes;
    private PortBits bits;
    private BpfProgram filter;
    private BpfProgram ingress;

    /**
     * Loads the programs.
     *
     * @throws NativeException when the kernel refuses.
     */
    public Steering() {
        try {
            addresses = BpfMap.create(BpfMap.HASH, PortBits.ADDRESS_BYTES, Integer.BYTES, MAX_ADDRESSES, 0);
            ports = BpfMap.create(BpfMap.ARRAY, Integer.BYTES, PortBits.ELEMENT_BYTES, ELEMENTS, BpfMap.MMAPABLE);
            prefixes = BpfMap.create(BpfMap.LPM_TRIE, Integer.BYTES + PortBits.ADDRESS_BYTES, Integer.BYTES,
                MAX_PREFIXES, BpfMap.NO_PREALLOC);
            bits = new PortBits(addresses, ports, ELEMENTS, PROTOCOL_SHIFT);
            filter = BpfProgram.load(BpfProgram.SOCKET_FILTER, 0,
                SteeringProgram.forSocket(addresses, ports, prefixes));
            ingress = BpfProgram.load(BpfProgram.SCHED_CLS, BpfProgram.ATTACH_TCX_INGRESS,
                SteeringProgram.forIngress(addresses, ports, prefixes));
        } catch (final RuntimeException ex) {
            close();
            throw ex;
        }
    }

    /** For SO_ATTACH_BPF. */
    public int filterFd() {
        return filter.fd();
    }

    /**
     * Takes the switch's frames away from the host at the interface; ends when the result is closed.
     *
     * @throws NativeException when the kernel refuses, as one before 6.6 does.
     */
    public AutoCloseable attach(final int linkIndex) {
        return BpfLink.create(ingress, linkIndex, BpfProgram.ATTACH_TCX_INGRESS);
    }

    /**
     * From now on ports of this address are looked at; none is set yet.
     *
     * @return false when there are too many addresses.
     */
    public boolean addAddress(final InetAddress address) {
        return bits.add(address);
    }

    public void removeAddress(final InetAddress address) {
        bits.remove(address);
    }

    /** Gives ports of an address to the switch or back to the host; an address that is not known is no error. */
    public void set(final InetAddress address, final int protocolIndex, final int first, final int last,
                    final boolean on) {
        bits.set(address, protocolIndex, first, last, on);
    }

    /** Gives all packets for a prefix to the switch. */
    public void addPrefix(final InetAddress network, final int length) {
        prefixes.put(prefixKey(network, length), 1);
    }

    public void removePrefix(final InetAddress network, final int length) {
        prefixes.remove(prefixKey(network, length));
    }

    /** Which of the bit sets is a protocol's; -1 for one without ports. */
    public static int indexOf(final int protocol) {
        return switch (protocol) {
            case 6 -> INDEX_TCP;
            case 17 -> INDEX_UDP;
            case 132 -> INDEX_SCTP;
            default -> -1;
        };
    }

    @Override
    public void close() {
        CloseHelper.closeAll(ingress, filter, addresses, prefixes, ports);
    }

    private static byte[] prefixKey(final InetAddress network, final int length) {
        final byte[] address = PortBits.mapped(network);
        final byte[] key = new byte[Integer.BYTES + PortBits.ADDRESS_BYTES];
        ByteBuffer.wrap(key).order(ByteOrder.nativeOrder())
            .putInt(network.getAddress().length == PortBits.ADDRESS_BYTES ? length : length + 96).put(address);
        return key;
    }
}
