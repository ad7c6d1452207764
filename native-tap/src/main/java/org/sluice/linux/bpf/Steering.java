package org.sluice.linux.bpf;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;

import org.agrona.CloseHelper;

import org.sluice.linux.sys.NativeException;

/**
 * Decides, in the kernel, which frames that come in by an uplink are the switch's: by the host's address and port that
 * they are for. The same test stands in front of the packet socket, which takes what passes it, and at the interface's
 * ingress, where what passes it is lost for the host's own stack. The host keeps all else, connections of its own that
 * use the same ports among it, and everything once the daemon has been gone for some time.
 * <p>
 * A bit stands for each address, protocol and published port; a store into mapped memory sets it. The ports of the NAT
 * range are the switch's on all addresses. Later fragments and ICMP, which have no port of their own, go to both. Used
 * by the control thread.
 * <pre>
 *   addresses (hash):   address -> slot              the host's addresses, IPv4 mapped
 *   ports (array):      slot * 4 + protocol -> 65,536 bits
 *   prefixes (trie):    prefix -> 1                   networks that are routed, not masqueraded
 *   host flows (LRU):   flow -> until when            connections of the host's on ports of the switch's
 *   lease (array):      until when frames are taken from the host
 * </pre>
 */
public final class Steering implements AutoCloseable {
    /** Addresses of the host that ports are steered for. */
    public static final int MAX_ADDRESSES = PortBits.MAX_ADDRESSES;

    /** How long a daemon may be gone before the host gets the frames: time for another to start. */
    public static final int LEASE_SECONDS = 30;

    static final int PROTOCOL_SHIFT = 2;
    static final int INDEX_TCP = 0;
    static final int INDEX_UDP = 1;
    static final int INDEX_SCTP = 2;

    private static final int MAX_PREFIXES = 4096;
    private static final int MAX_FLOWS = 16_384;
    private static final int ELEMENTS = MAX_ADDRESSES << PROTOCOL_SHIFT;

    private BpfMap addresses;
    private BpfMap ports;
    private BpfMap prefixes;
    private BpfMap hostFlows;
    private BpfMap lease;
    private PortBits bits;
    private BpfProgram filter;
    private SteeringProgram.Maps maps;
    private final int natFirst;
    private final int natLast;

    /**
     * Loads the socket's filter.
     *
     * @param natFirst lowest port of the NAT range.
     * @param natLast  highest.
     * @throws NativeException when the kernel refuses.
     */
    public Steering(final int natFirst, final int natLast) {
        this.natFirst = natFirst;
        this.natLast = natLast;
        try {
            addresses = BpfMap.create(BpfMap.HASH, PortBits.ADDRESS_BYTES, Integer.BYTES, MAX_ADDRESSES, 0);
            ports = BpfMap.create(BpfMap.ARRAY, Integer.BYTES, PortBits.ELEMENT_BYTES, ELEMENTS, BpfMap.MMAPABLE);
            prefixes = BpfMap.create(BpfMap.LPM_TRIE, Integer.BYTES + PortBits.ADDRESS_BYTES, Integer.BYTES,
                MAX_PREFIXES, BpfMap.NO_PREALLOC);
            hostFlows = BpfMap.create(BpfMap.LRU_HASH, SteeringProgram.FLOW_BYTES, Long.BYTES, MAX_FLOWS, 0);
            lease = BpfMap.create(BpfMap.ARRAY, Integer.BYTES, Long.BYTES, 1, 0);
            renewLease();
            bits = new PortBits(addresses, ports, ELEMENTS, PROTOCOL_SHIFT);
            maps = new SteeringProgram.Maps(addresses, ports, prefixes, hostFlows);
            filter = BpfProgram.load(BpfProgram.SOCKET_FILTER, 0, SteeringProgram.forSocket(maps, natFirst, natLast));
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
     * Takes the switch's frames away from the host at the interface.
     *
     * @param owner which of the workers, from 0: each has a steering of its own there.
     * @throws NativeException when the kernel refuses.
     */
    public IngressFilter attach(final int linkIndex, final int owner) {
        try (BpfProgram ingress = BpfProgram.load(BpfProgram.SCHED_CLS, 0,
            SteeringProgram.forIngress(maps, natFirst, natLast, lease))) {
            return new IngressFilter(linkIndex, owner, ingress);
        }
    }

    /** Keeps frames taken for {@link #LEASE_SECONDS} more. To be called every few seconds. */
    public void renewLease() {
        renewLease(LEASE_SECONDS);
    }

    void renewLease(final long seconds) {
        lease.put(new byte[Integer.BYTES],
            System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds) >>> SteeringProgram.TIME_SHIFT);
    }

    /**
     * Leaves a flow to the host that uses one of the switch's ports: what is seen of it later keeps it.
     *
     * @param remote whom the host speaks to.
     * @param local  its own end.
     */
    public void leaveToHost(final int protocol, final InetSocketAddress remote, final InetSocketAddress local) {
        final ByteBuffer key = ByteBuffer.allocate(SteeringProgram.FLOW_BYTES)
            .put(PortBits.mapped(remote.getAddress())).put(PortBits.mapped(local.getAddress()))
            .putShort((short) remote.getPort()).putShort((short) local.getPort())
            .order(ByteOrder.nativeOrder()).putInt(protocol);
        hostFlows.put(key.array(), (System.nanoTime() >>> SteeringProgram.TIME_SHIFT) + SteeringProgram.FLOW_LIFETIME);
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
        CloseHelper.closeAll(filter, addresses, prefixes, ports, hostFlows, lease);
    }

    private static byte[] prefixKey(final InetAddress network, final int length) {
        final byte[] address = PortBits.mapped(network);
        final byte[] key = new byte[Integer.BYTES + PortBits.ADDRESS_BYTES];
        ByteBuffer.wrap(key).order(ByteOrder.nativeOrder())
            .putInt(network.getAddress().length == PortBits.ADDRESS_BYTES ? length : length + 96).put(address);
        return key;
    }
}
