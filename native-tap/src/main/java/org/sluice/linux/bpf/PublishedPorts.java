package org.sluice.linux.bpf;

import static org.sluice.linux.bpf.BpfAssembler.BYTE;
import static org.sluice.linux.bpf.BpfAssembler.HALF;
import static org.sluice.linux.bpf.BpfAssembler.R0;
import static org.sluice.linux.bpf.BpfAssembler.R1;
import static org.sluice.linux.bpf.BpfAssembler.R2;
import static org.sluice.linux.bpf.BpfAssembler.STACK;
import static org.sluice.linux.bpf.BpfAssembler.WORD;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import org.agrona.CloseHelper;
import org.agrona.UnsafeApi;

import org.sluice.linux.sys.NativeException;

/**
 * Sets of ports that eBPF programs look into. The ports that are published on all addresses of a family are bits of
 * mapped memory, 65,536 for each family and protocol. Those of a single address are in a trie, whose prefixes stand for
 * ranges of ports: a range takes thirty at most, and the number of addresses does not matter. Used by one thread;
 * programs see a change at once, of a range in the trie prefix by prefix.
 * <pre>
 *   set:            protocol * 2 + family                       family 0 is IPv4, 1 is IPv6
 *   bits (array):   set -> 65,536 bits
 *   own (trie):     address, IPv4 mapped; set; port -> 1        the port in network order
 * </pre>
 */
final class PublishedPorts implements AutoCloseable {
    static final int IPV4 = 0;
    static final int IPV6 = 1;
    static final int ADDRESS_BYTES = 16;
    /** Of the trie's key: the prefix length, the address, the protocol, the port. */
    static final int KEY_BYTES = Integer.BYTES + ADDRESS_BYTES + 2 * Short.BYTES;

    private static final int PORT_BITS = 16;
    private static final int PORTS = 1 << PORT_BITS;
    private static final int ELEMENT_BYTES = PORTS / Byte.SIZE;
    private static final int KEY_BITS = (KEY_BYTES - Integer.BYTES) * Byte.SIZE;
    private static final int MAX_RANGES = 65_536;

    private final BpfMap bits;
    private final BpfMap own;
    private final long memory;

    /**
     * @param protocols how many there are, numbered from 0.
     * @throws NativeException when the kernel refuses.
     */
    PublishedPorts(final int protocols) {
        bits = BpfMap.create(BpfMap.ARRAY, Integer.BYTES, ELEMENT_BYTES, 2 * protocols, BpfMap.MMAPABLE);
        BpfMap trie = null;
        try {
            trie = BpfMap.create(BpfMap.LPM_TRIE, KEY_BYTES, Integer.BYTES, MAX_RANGES, BpfMap.NO_PREALLOC);
            memory = bits.map(2 * protocols);
        } catch (final RuntimeException ex) {
            CloseHelper.closeAll(trie, bits);
            throw ex;
        }
        own = trie;
    }

    /**
     * Adds a range of ports that no other of the address overlaps, or takes out one that was added.
     *
     * @param protocol its number here.
     * @param address  null for all; 0.0.0.0 or :: for all of its family.
     * @throws NativeException when there are too many addresses with ports of their own; nothing is then added.
     */
    void set(final int protocol, final InetAddress address, final int first, final int last,
             final boolean on) {
        if (address != null && !address.isAnyLocalAddress()) {
            setOwn(protocol, address, first, last, on);
            return;
        }
        if (!(address instanceof Inet6Address)) {
            setBits(protocol, IPV4, first, last, on);
        }
        if (!(address instanceof Inet4Address)) {
            setBits(protocol, IPV6, first, last, on);
        }
    }

    private static int setOf(final int protocol, final int family) {
        return 2 * protocol + family;
    }

    private void setBits(final int protocol, final int family, final int first, final int last, final boolean on) {
        final long element = memory + (long) setOf(protocol, family) * ELEMENT_BYTES;
        for (int port = first; port <= last; port++) {
            final long at = element + (port >>> 3);
            final int bit = 1 << (port & 7);
            final int before = UnsafeApi.getByte(at);
            UnsafeApi.putByteRelease(null, at, (byte) (on ? before | bit : before & ~bit));
        }
    }

    private void setOwn(final int protocol, final InetAddress address, final int first, final int last,
                        final boolean on) {
        int port = first;
        try {
            while (port <= last) {
                // As many ports as have the prefix of this one and begin with it.
                int size = port == 0 ? PORTS : Integer.lowestOneBit(port);
                while (port + size - 1 > last) {
                    size >>>= 1;
                }
                final byte[] key = key(protocol, address, port, KEY_BITS - Integer.numberOfTrailingZeros(size));
                if (on) {
                    own.put(key, 1);
                } else {
                    own.remove(key);
                }
                port += size;
            }
        } catch (final NativeException ex) {
            if (port > first) {
                setOwn(protocol, address, first, port - 1, false);
            }
            throw ex;
        }
    }

    private static byte[] key(final int protocol, final InetAddress address, final int port, final int length) {
        return ByteBuffer.allocate(KEY_BYTES).order(ByteOrder.nativeOrder()).putInt(length)
            .put(mapped(address)).putShort((short) setOf(protocol, address instanceof Inet6Address ? IPV6 : IPV4))
            .order(ByteOrder.BIG_ENDIAN).putShort((short) port).array();
    }

    /**
     * Appends the test of a port. It uses registers 0 to 5 and jumps.
     *
     * @param keyOffset of {@link #KEY_BYTES} bytes on the stack, with the address behind the first four.
     * @param set       register with the protocol's number here, times two, plus the family; it must survive calls.
     * @param port      register with the port in host's order, below 65,536; likewise.
     * @param published label to go to if the port is published; it continues if not.
     */
    void test(final BpfAssembler code, final int keyOffset, final int set, final int port, final String published) {
        final String label = "own ports";
        code.store(WORD, STACK, keyOffset, set)
            .lookup(bits, keyOffset).jumpIfEqual(R0, 0, label)
            // Verifiers before 2026 do not see that the conversion of 16 bits yields 16 bits.
            .move(R1, port).and(R1, PORTS - 1).move(R2, R1).shiftRight(R2, 3).addRegister(R0, R2)
            .load(BYTE, R0, R0, 0).and(R1, 7).shiftRightBy(R0, R1).and(R0, 1).jumpIfNotEqual(R0, 0, published);
        code.label(label).storeValue(WORD, STACK, keyOffset, KEY_BITS)
            .store(HALF, STACK, keyOffset + 4 + ADDRESS_BYTES, set)
            .move(R1, port).networkToHost16(R1).store(HALF, STACK, keyOffset + 6 + ADDRESS_BYTES, R1)
            .lookup(own, keyOffset).jumpIfNotEqual(R0, 0, published);
    }

    /** The address in sixteen bytes, IPv4 mapped. */
    static byte[] mapped(final InetAddress address) {
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

    @Override
    public void close() {
        CloseHelper.closeAll(bits, own);
    }
}
