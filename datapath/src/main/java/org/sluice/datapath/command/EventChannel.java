package org.sluice.datapath.command;

import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * Carries a worker's requests to control, in an Agrona ring. The worker never waits: a request without room is lost,
 * and the worker asks again with the next packet. Written by the worker, read by the control thread.
 */
public final class EventChannel implements AutoCloseable {
    private static final int RING_BYTES = 64 * 1024;
    private static final int NEIGHBOUR_WANTED = 1;
    private static final int NEIGHBOUR_WANTED_BYTES = 24;
    private static final int PATH_TOO_SMALL = 2;

    private final OffHeapRegion region = OffHeapRegion.anonymous(RING_BYTES + RingBufferDescriptor.TRAILER_LENGTH);
    private final RingBuffer ring =
        new OneToOneRingBuffer(region.slice(0, RING_BYTES + RingBufferDescriptor.TRAILER_LENGTH));
    private final MutableDirectBuffer message = new UnsafeBuffer(new byte[NEIGHBOUR_WANTED_BYTES]);
    private final Runnable wakeUp;

    /** Receives events; called by control. */
    @FunctionalInterface
    public interface Handler {
        /** Packets wait for this neighbour on the uplink, or it is in use and should be kept fresh. */
        void onNeighbourWanted(int portIndex, long high, long low);

        /** The path MTU to the VTEP behind this port has decreased. */
        default void onPathTooSmall(final int portIndex) {
        }
    }

    /**
     * @param wakeUp makes control call {@link #poll}; must not block.
     */
    public EventChannel(final Runnable wakeUp) {
        this.wakeUp = wakeUp;
    }

    /** Worker: requests a neighbour's MAC address. */
    public void neighbourWanted(final int portIndex, final long high, final long low) {
        message.putInt(0, portIndex);
        message.putLong(8, high);
        message.putLong(16, low);
        ring.write(NEIGHBOUR_WANTED, message, 0, NEIGHBOUR_WANTED_BYTES);
        wakeUp.run();
    }

    /** Worker: asks how long packets to a VTEP may be. */
    public void pathTooSmall(final int portIndex) {
        message.putInt(0, portIndex);
        ring.write(PATH_TOO_SMALL, message, 0, Integer.BYTES);
        wakeUp.run();
    }

    /** Control: takes the events that have arrived. */
    public int poll(final Handler handler) {
        return ring.read((type, buffer, index, length) -> {
            if (type == PATH_TOO_SMALL) {
                handler.onPathTooSmall(buffer.getInt(index));
            } else {
                handler.onNeighbourWanted(buffer.getInt(index), buffer.getLong(index + 8), buffer.getLong(index + 16));
            }
        });
    }

    @Override
    public void close() {
        region.close();
    }
}
