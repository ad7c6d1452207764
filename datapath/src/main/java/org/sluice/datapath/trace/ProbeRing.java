package org.sluice.datapath.trace;

import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * What a worker has seen, on its way to who looks: an Agrona ring. The worker never waits; what finds no room is
 * counted as lost. One thread reads.
 */
public final class ProbeRing implements AutoCloseable {
    private static final int MESSAGE = 1;

    private final OffHeapRegion region;
    private final RingBuffer ring;
    private final DirectBuffer message = new UnsafeBuffer();
    private volatile long lost;

    /** Receives messages. */
    @FunctionalInterface
    public interface Reader {
        /** The message's raw address is valid during the call. */
        void onMessage(long address, int length);
    }

    /**
     * @param bytes a power of two; a message may have an eighth of it.
     */
    public ProbeRing(final int bytes) {
        region = OffHeapRegion.anonymous(bytes + (long) RingBufferDescriptor.TRAILER_LENGTH);
        ring = new OneToOneRingBuffer(region.slice(0, bytes + RingBufferDescriptor.TRAILER_LENGTH));
    }

    /** Worker: hands over what lies at the address. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // One writer.
    public void offer(final long address, final int length) {
        message.wrap(address, length);
        if (!ring.write(MESSAGE, message, 0, length)) {
            lost = lost + 1;
        }
    }

    /** Takes the messages that are there, some at a time; returns how many. */
    public int poll(final Reader reader) {
        return ring.read((type, buffer, index, length) -> reader.onMessage(buffer.addressOffset() + index, length));
    }

    /** Messages that found no room so far. */
    public long lost() {
        return lost;
    }

    @Override
    public void close() {
        region.close();
    }
}
