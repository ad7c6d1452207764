package org.sluice.linux.bpf;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;

import org.agrona.CloseHelper;

import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.ClaimedTuples;
import org.sluice.datapath.conntrack.TupleFingerprint;
import org.sluice.linux.sys.NativeException;

/**
 * Decides, in the kernel, which frames from an uplink belong to the switch. The same test runs in two places. In front
 * of the packet socket, it lets the switch's frames in. At the interface's ingress, it drops them for the host's own
 * stack. The host keeps all other frames, including those of its own connections on the same ports. Some time after the
 * daemon is gone, the host gets everything.
 * <p>
 * The switch has the published ports of the host's addresses, and the answers that it awaits at them: the worker
 * itself {@link ClaimedTuples writes} their tuples. ICMP and later fragments have no port, so they go to both; but
 * the host does not get later fragments of a packet whose first one was the switch's. Used by the control thread.
 * <pre>
 *   addresses (hash):   address -> 1                  the host's addresses, IPv4 mapped
 *   ports:              see {@link PublishedPorts}
 *   claims (array):     buckets of fingerprints
 *   prefixes (trie):    prefix -> 1                   networks that are routed, not masqueraded
 *   host flows (LRU):   flow -> expiry                the host's connections on ports of the switch
 *   fragments (LRU):    packet -> expiry              packets whose first fragment was the switch's
 *   lease (array):      expiry; until then frames are withheld from the host
 * </pre>
 */
public final class Steering implements AutoCloseable {
    /** Most addresses of the host with steered ports. */
    public static final int MAX_ADDRESSES = 65_536;

    /** How long a daemon may be gone before the host gets the frames: time for another to start. */
    public static final int LEASE_SECONDS = 30;

    static final int INDEX_TCP = 0;
    static final int INDEX_UDP = 1;
    static final int INDEX_SCTP = 2;

    private static final int PROTOCOLS = 3;
    private static final int MAX_PREFIXES = 4096;
    private static final int MAX_FLOWS = 16_384;
    private static final int MAX_FRAGMENTED_PACKETS = 4096;

    private final int claimBits;
    private final long claimSeed = new SecureRandom().nextLong();
    private long claimMemory;
    private BpfMap addresses;
    private PublishedPorts ports;
    private BpfMap claims;
    private BpfMap prefixes;
    private BpfMap hostFlows;
    private BpfMap fragments;
    private BpfMap lease;
    private BpfProgram filter;
    private SteeringProgram.Maps maps;
    private ClaimTest claimTest;

    /**
     * Loads the socket's filter.
     *
     * @param claimBits buckets of claims, as a power of two: {@link ClaimedTuples#bucketBits}.
     * @throws NativeException when the kernel refuses.
     */
    public Steering(final int claimBits) {
        this.claimBits = claimBits;
        try {
            addresses = BpfMap.create(BpfMap.HASH, PublishedPorts.ADDRESS_BYTES, Integer.BYTES, MAX_ADDRESSES,
                BpfMap.NO_PREALLOC);
            ports = new PublishedPorts(PROTOCOLS);
            claims = BpfMap.create(BpfMap.ARRAY, Integer.BYTES, ClaimedTuples.BUCKET_BYTES, 1 << claimBits,
                BpfMap.MMAPABLE);
            claimMemory = claims.map(1 << claimBits);
            prefixes = BpfMap.create(BpfMap.LPM_TRIE, Integer.BYTES + PublishedPorts.ADDRESS_BYTES, Integer.BYTES,
                MAX_PREFIXES, BpfMap.NO_PREALLOC);
            hostFlows = BpfMap.create(BpfMap.LRU_HASH, SteeringProgram.FLOW_BYTES, Long.BYTES, MAX_FLOWS, 0);
            fragments =
                BpfMap.create(BpfMap.LRU_HASH, SteeringProgram.FLOW_BYTES, Long.BYTES, MAX_FRAGMENTED_PACKETS, 0);
            lease = BpfMap.create(BpfMap.ARRAY, Integer.BYTES, Long.BYTES, 1, 0);
            renewLease();
            maps = new SteeringProgram.Maps(addresses, ports, prefixes, hostFlows, fragments);
            claimTest = new ClaimTest(claims, claimBits, new TupleFingerprint(claimSeed));
            filter = BpfProgram.load(BpfProgram.SOCKET_FILTER, 0, SteeringProgram.forSocket(maps, claimTest));
        } catch (final RuntimeException ex) {
            close();
            throw ex;
        }
    }

    /** Has a worker write its claims for this steering. It must end that before this is closed. */
    public Command.ClaimTuples claim() {
        return new Command.ClaimTuples(claimMemory, claimBits, claimSeed);
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
        final BpfMap due = BpfMap.create(BpfMap.ARRAY, Integer.BYTES, Long.BYTES, 1, BpfMap.MMAPABLE);
        final BpfProgram program;
        try {
            program = BpfProgram.load(BpfProgram.SCHED_CLS, 0,
                SteeringProgram.forIngress(maps, claimTest, lease, due));
        } catch (final RuntimeException ex) {
            due.close();
            throw ex;
        }
        return new IngressFilter(linkIndex, owner, program, due);
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
            .put(PublishedPorts.mapped(remote.getAddress())).put(PublishedPorts.mapped(local.getAddress()))
            .putShort((short) remote.getPort()).putShort((short) local.getPort())
            .order(ByteOrder.nativeOrder()).putInt(protocol);
        hostFlows.put(key.array(), (System.nanoTime() >>> SteeringProgram.TIME_SHIFT) + SteeringProgram.FLOW_LIFETIME);
    }

    /**
     * Steers packets to this address of the host from now on.
     *
     * @throws NativeException when there are too many addresses.
     */
    public void addAddress(final InetAddress address) {
        addresses.put(PublishedPorts.mapped(address), 1);
    }

    public void removeAddress(final InetAddress address) {
        addresses.remove(PublishedPorts.mapped(address));
    }

    /**
     * Gives a range of the host's ports to the switch, or back to the host as it was given.
     *
     * @param address  null for all; 0.0.0.0 or :: for all of its family.
     * @throws NativeException when there are too many addresses with ports of their own.
     */
    public void set(final InetAddress address, final int protocolIndex, final int first, final int last,
                    final boolean on) {
        ports.set(protocolIndex, address, first, last, on);
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
        CloseHelper.closeAll(filter, addresses, ports, claims, prefixes, hostFlows, fragments, lease);
    }

    private static byte[] prefixKey(final InetAddress network, final int length) {
        final byte[] address = PublishedPorts.mapped(network);
        final byte[] key = new byte[Integer.BYTES + PublishedPorts.ADDRESS_BYTES];
        ByteBuffer.wrap(key).order(ByteOrder.nativeOrder())
            .putInt(network.getAddress().length == PublishedPorts.ADDRESS_BYTES ? length : length + 96).put(address);
        return key;
    }
}
