package org.sluice.linux.bpf;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

import org.agrona.UnsafeApi;

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
    public static final int MAX_ADDRESSES = 64;

    static final int ELEMENT_BYTES = 65_536 / 8;
    static final int PROTOCOL_SHIFT = 2;
    static final int INDEX_TCP = 0;
    static final int INDEX_UDP = 1;
    static final int INDEX_SCTP = 2;

    private static final int MAX_PREFIXES = 4096;
    private static final int ELEMENTS = MAX_ADDRESSES << PROTOCOL_SHIFT;
    private static final int ADDRESS_BYTES = 16;

    private final BpfMap addresses = BpfMap.create(BpfMap.HASH, ADDRESS_BYTES, Integer.BYTES, MAX_ADDRESSES, 0);
    private final BpfMap ports =
        BpfMap.create(BpfMap.ARRAY, Integer.BYTES, ELEMENT_BYTES, ELEMENTS, BpfMap.MMAPABLE);
    private final BpfMap prefixes = BpfMap.create(BpfMap.LPM_TRIE, Integer.BYTES + ADDRESS_BYTES, Integer.BYTES,
        MAX_PREFIXES, BpfMap.NO_PREALLOC);
    private final long bits = ports.map(ELEMENTS);
    private final BpfProgram filter;
    private final BpfProgram ingress;
    private final Map<InetAddress, Integer> slots = new HashMap<>();
    private final BitSet usedSlots = new BitSet();

    /**
     * Loads the programs.
     *
     * @throws NativeException when the kernel refuses.
     */
    public Steering() {
        filter = BpfProgram.load(BpfProgram.SOCKET_FILTER, 0,
            SteeringProgram.forSocket(addresses, ports, prefixes));
        ingress = BpfProgram.load(BpfProgram.SCHED_CLS, BpfProgram.ATTACH_TCX_INGRESS,
            SteeringProgram.forIngress(addresses, ports, prefixes));
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
        final int slot = slots.containsKey(address) ? slots.get(address) : usedSlots.nextClearBit(0);
        if (slot >= MAX_ADDRESSES) {
            return false;
        }
        slots.put(address, slot);
        usedSlots.set(slot);
        UnsafeApi.setMemory(element(slot, 0), (long) ELEMENT_BYTES << PROTOCOL_SHIFT, (byte) 0);
        addresses.put(mapped(address), slot);
        return true;
    }

    public void removeAddress(final InetAddress address) {
        final Integer slot = slots.remove(address);
        if (slot != null) {
            addresses.remove(mapped(address));
            usedSlots.clear(slot);
        }
    }

    /** Gives ports of an address to the switch or back to the host; an address that is not known is no error. */
    public void set(final InetAddress address, final int protocolIndex, final int first, final int last,
                    final boolean on) {
        final Integer slot = slots.get(address);
        if (slot != null) {
            final long element = element(slot, protocolIndex);
            for (int port = first; port <= last; port++) {
                final long at = element + (port >>> 3);
                final int bit = 1 << (port & 7);
                final int before = UnsafeApi.getByte(at);
                UnsafeApi.putByteRelease(null, at, (byte) (on ? before | bit : before & ~bit));
            }
        }
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

    BpfMap ports() {
        return ports;
    }

    @Override
    public void close() {
        ingress.close();
        filter.close();
        addresses.close();
        prefixes.close();
        ports.close();
    }

    private long element(final int slot, final int protocolIndex) {
        return bits + (long) (slot << PROTOCOL_SHIFT | protocolIndex) * ELEMENT_BYTES;
    }

    private static byte[] mapped(final InetAddress address) {
        final byte[] bytes = address.getAddress();
        if (bytes.length == ADDRESS_BYTES) {
            return bytes;
        }
        final byte[] mapped = new byte[ADDRESS_BYTES];
        mapped[10] = -1;
        mapped[11] = -1;
        System.arraycopy(bytes, 0, mapped, 12, bytes.length);
        return mapped;
    }

    private static byte[] prefixKey(final InetAddress network, final int length) {
        final byte[] address = mapped(network);
        final byte[] key = new byte[Integer.BYTES + ADDRESS_BYTES];
        ByteBuffer.wrap(key).order(ByteOrder.nativeOrder())
            .putInt(network.getAddress().length == ADDRESS_BYTES ? length : length + 96).put(address);
        return key;
    }
}
