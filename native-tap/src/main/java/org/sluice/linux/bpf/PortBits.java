package org.sluice.linux.bpf;

import java.net.InetAddress;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

import org.agrona.UnsafeApi;

/**
 * Sets of ports in the mapped memory of a BPF array: 65,536 bits for each slot and protocol. A slot stands for an
 * address; a hash map leads from the address to the slot. Used by one thread; programs see a change at once.
 */
final class PortBits {
    /** Most addresses with ports of their own. */
    static final int MAX_ADDRESSES = 64;
    static final int ELEMENT_BYTES = 65_536 / 8;
    static final int ADDRESS_BYTES = 16;

    private final BpfMap addresses;
    private final int protocolShift;
    private final long bits;
    private final Map<InetAddress, Integer> slots = new HashMap<>();
    private final BitSet usedSlots = new BitSet();

    /**
     * @param addresses     map from address to slot.
     * @param ports         array of the bit sets.
     * @param protocolShift shift of the slot in an element's number; the protocol takes the low bits.
     */
    PortBits(final BpfMap addresses, final BpfMap ports, final int elements, final int protocolShift) {
        this.addresses = addresses;
        this.protocolShift = protocolShift;
        bits = ports.map(elements);
    }

    boolean has(final InetAddress address) {
        return slots.containsKey(address);
    }

    /** Gives an address a slot with no port set; false when no slot is free. */
    boolean add(final InetAddress address) {
        final int slot = has(address) ? slots.get(address) : usedSlots.nextClearBit(0);
        if (slot >= MAX_ADDRESSES) {
            return false;
        }
        slots.put(address, slot);
        usedSlots.set(slot);
        UnsafeApi.setMemory(element(slot, 0), (long) ELEMENT_BYTES << protocolShift, (byte) 0);
        addresses.put(mapped(address), slot);
        return true;
    }

    void remove(final InetAddress address) {
        final Integer slot = slots.remove(address);
        if (slot != null) {
            addresses.remove(mapped(address));
            usedSlots.clear(slot);
        }
    }

    /** Sets or clears ports of an address. An address without a slot is no error. */
    void set(final InetAddress address, final int protocol, final int first, final int last, final boolean on) {
        final Integer slot = slots.get(address);
        if (slot != null) {
            set(slot, protocol, first, last, on);
        }
    }

    void set(final int slot, final int protocol, final int first, final int last, final boolean on) {
        final long element = element(slot, protocol);
        for (int port = first; port <= last; port++) {
            final long at = element + (port >>> 3);
            final int bit = 1 << (port & 7);
            final int before = UnsafeApi.getByte(at);
            UnsafeApi.putByteRelease(null, at, (byte) (on ? before | bit : before & ~bit));
        }
    }

    private long element(final int slot, final int protocol) {
        return bits + (long) (slot << protocolShift | protocol) * ELEMENT_BYTES;
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
}
