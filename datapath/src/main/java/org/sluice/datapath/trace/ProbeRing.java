package org.sluice.datapath.trace;

import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * Carries a worker's observations to the observer, in an Agrona ring. The worker never waits: a message without room is
 * counted as lost. Written by the worker, read by one thread of control.
 */
public final class ProbeRing implements AutoCloseable {
    private static final int MESSAGE = 1;

    private final OffHeapRegion region;
    private final RingBuffer ring;
    private final DirectBuffer message = new UnsafeBuffer();
    private volatile long lost;

    /** Receives messages; called by the reading thread. */
    @FunctionalInterface
    public interface Reader {
        /** Receives one message; its raw address is valid during the call. */
        void onMessage(long address, int length);
    }

    /**
     * @param bytes a power of two; a message may take an eighth of it.
     */
    public ProbeRing(final int bytes) {
        region = OffHeapRegion.anonymous(bytes + (long) RingBufferDescriptor.TRAILER_LENGTH);
        ring = new OneToOneRingBuffer(region.slice(0, bytes + RingBufferDescriptor.TRAILER_LENGTH));
    }

    /** Worker: offers the message at the address. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // The worker is the only writer.
    public void offer(final long address, final int length) {
        message.wrap(address, length);
        if (!ring.write(MESSAGE, message, 0, length)) {
            lost = lost + 1;
        }
    }

    /** Takes up to a limited number of waiting messages; returns how many. */
    public int poll(final Reader reader) {
        return ring.read((type, buffer, index, length) -> reader.onMessage(buffer.addressOffset() + index, length));
    }

    /** How many messages found no room so far. */
    public long lost() {
        return lost;
    }

    @Override
    public void close() {
        region.close();
    }
}
