package org.sluice.datapath.conntrack;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.EtherType;

/**
 * Finds the packet of a fragment by what all its fragments share. A seeded hash chooses a bucket, so that a sender
 * cannot make one bucket long, and the work does not grow with the packets in progress. Owned by the worker.
 */
final class FragmentKeys implements AutoCloseable {
    private final OffHeapRegion keys;
    private final long wanted;
    private final LinkedQueues buckets;
    private final int[] bucketOf;
    private final int bucketMask;
    private final long seed;

    /** @param packets a power of two: packets are numbered from 0 to below it. */
    FragmentKeys(final int packets, final long seed) {
        keys = OffHeapRegion.anonymous((packets + 1L) * FlowTuple.BYTES);
        wanted = keyOf(packets);
        buckets = new LinkedQueues(packets, 2 * packets);
        bucketOf = new int[packets];
        bucketMask = 2 * packets - 1;
        this.seed = seed;
    }

    /** Number of the packet of frame {@code i}, or {@link LinkedQueues#NONE}; {@link #add} refers to the same frame. */
    int find(final FrameBatch batch, final int i, final int identification, final int portIndex) {
        FlowTuple.copy(batch.tupleAddress(i), wanted);
        final int protocol = batch.etherType(i) == EtherType.IPV4 ? batch.l4Protocol(i) : 0;
        FlowTuple.fragmentKey(wanted, protocol, identification, portIndex);
        int packet = buckets.first(bucket());
        while (packet != LinkedQueues.NONE && !FlowTuple.equal(keyOf(packet), wanted)) {
            packet = buckets.next(packet);
        }
        return packet;
    }

    /** Gives the packet that was looked for last this number, which no other packet has. */
    void add(final int packet) {
        FlowTuple.copy(wanted, keyOf(packet));
        bucketOf[packet] = bucket();
        buckets.append(bucketOf[packet], packet);
    }

    void remove(final int packet) {
        buckets.remove(bucketOf[packet], packet);
    }

    private int bucket() {
        return (int) FlowTuple.hash(wanted, seed) & bucketMask;
    }

    private long keyOf(final int packet) {
        return keys.address() + (long) packet * FlowTuple.BYTES;
    }

    @Override
    public void close() {
        keys.close();
    }
}
