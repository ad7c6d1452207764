package org.sluice.linux.bpf;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;

import org.agrona.CloseHelper;

import org.sluice.linux.sys.NativeException;

/**
 * Decides, in the kernel, which frames from an uplink belong to the switch, by the host's address and port that they
 * are sent to. The same test runs in two places. In front of the packet socket, it lets the switch's frames in. At the
 * interface's ingress, it drops them for the host's own stack. The host keeps all other frames, including those of its
 * own connections on the same ports. Some time after the daemon is gone, the host gets everything.
 * <p>
 * Each address, protocol and published port has a bit; a store into mapped memory sets it. The ports of the NAT range
 * belong to the switch on all addresses. Later fragments and ICMP have no port, so they go to both. Used by the control
 * thread.
 * <pre>
 *   addresses (hash):   address -> slot              the host's addresses, IPv4 mapped
 *   ports (array):      slot * 4 + protocol -> 65,536 bits
 *   prefixes (trie):    prefix -> 1                   networks that are routed, not masqueraded
 *     host flows (LRU):   flow -> expiry                the host's connections on ports of the switch
 *     lease (array):      expiry; until then frames are withheld from the host
 * </pre>
 */
public final class Steering implements AutoCloseable {
    /** Most addresses of the host with steered ports. */
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

    /** Descriptor of the socket filter, for SO_ATTACH_BPF. */
    public int filterFd() {
        return filter.fd();
    }

    /**
     * Withholds the switch's frames from the host at the interface.
     *
     * @param owner number of the worker, from 0; each worker has its own steering at the interface.
     * @throws NativeException       when the kernel refuses.
     * @throws IllegalStateException when another program's filter has the place.
     */
    public IngressFilter attach(final int linkIndex, final int owner) {
        return new IngressFilter(linkIndex, owner, BpfProgram.load(BpfProgram.SCHED_CLS, 0,
            SteeringProgram.forIngress(maps, natFirst, natLast, lease)));
    }

    /** Extends the lease by {@link #LEASE_SECONDS}. The caller repeats it every few seconds. */
    public void renewLease() {
        renewLease(LEASE_SECONDS);
    }

    void renewLease(final long seconds) {
        lease.put(new byte[Integer.BYTES],
            System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds) >>> SteeringProgram.TIME_SHIFT);
    }

    /**
     * Leaves a flow on one of the switch's ports to the host. Its later packets extend this.
     *
     * @param remote the host's peer.
     * @param local  the host's own end.
     */
    public void leaveToHost(final int protocol, final InetSocketAddress remote, final InetSocketAddress local) {
        final ByteBuffer key = ByteBuffer.allocate(SteeringProgram.FLOW_BYTES)
            .put(PortBits.mapped(remote.getAddress())).put(PortBits.mapped(local.getAddress()))
            .putShort((short) remote.getPort()).putShort((short) local.getPort())
            .order(ByteOrder.nativeOrder()).putInt(protocol);
        hostFlows.put(key.array(), (System.nanoTime() >>> SteeringProgram.TIME_SHIFT) + SteeringProgram.FLOW_LIFETIME);
    }

    /**
     * Starts to steer ports of this address; none is set yet.
     *
     * @return false when there are too many addresses.
     */
    public boolean addAddress(final InetAddress address) {
        return bits.add(address);
    }

    public void removeAddress(final InetAddress address) {
        bits.remove(address);
    }

    /** Gives ports of an address to the switch, or back to the host. An unknown address is no error. */
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

    /** Index of a protocol's bit set; -1 for a protocol without ports. */
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
