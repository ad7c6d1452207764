package org.sluice.datapath.conntrack;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.PortIndex;

/**
 * Tells the successive endpoints of a port apart, for the connections that they own. A port's number is reused after
 * its endpoint has gone. The generation then differs, and every connection of the earlier endpoint is dead at once,
 * without a visit to any. Lies in the table's mapped file. Owned by the worker.
 * <p>
 * An owner is the port's index plus one in the low 13 bits and its generation above; 0 is no owner.
 */
final class PortGenerations {
    static final int BYTES = PortIndex.LIMIT * Integer.BYTES;

    private static final int INDEX_BITS = 13;
    private static final int INDEX_MASK = (1 << INDEX_BITS) - 1;

    private final long address;

    PortGenerations(final long address) {
        this.address = address;
    }

    int ownerOf(final int portIndex) {
        return generation(portIndex) << INDEX_BITS | portIndex + 1;
    }

    /** Ends all connections of the port's endpoint. */
    void next(final int portIndex) {
        UnsafeApi.putIntRelease(null, address + (long) portIndex * Integer.BYTES, generation(portIndex) + 1);
    }

    boolean isCurrent(final int owner) {
        return owner == 0 || ownerOf(indexOf(owner)) == owner;
    }

    /** The owner's port index; -1 for no owner. */
    static int indexOf(final int owner) {
        return (owner & INDEX_MASK) - 1;
    }

    private int generation(final int portIndex) {
        return UnsafeApi.getInt(address + (long) portIndex * Integer.BYTES);
    }
}
