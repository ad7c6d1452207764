package org.sluice.datapath.device;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;

/**
 * The source and destination of a port's frames. Called by one worker thread, except {@link #close()}, which control
 * calls after the worker has released the device.
 */
public interface PacketDevice extends AutoCloseable {
    /** Returned by {@link #receive} when the device will never give a frame again. */
    int GONE = -1;

    /**
     * Appends available frames to the batch while {@link FrameBatch#hasRoom()}. Never blocks.
     *
     * @return how many were appended, or {@link #GONE}.
     */
    int receive(FrameBatch batch);

    /** Sends the queue's frames. Calls {@link EgressQueue#refuse} for each one that it cannot send. Never blocks. */
    void transmit(EgressQueue queue);

    /**
     * How many frames the kernel has dropped since the last call because the device had no room for them. May cost a
     * system call: for housekeeping, not for each burst.
     */
    default long takeMissed() {
        return 0;
    }

    /** Frames that the kernel had for the device by the last {@link #takeMissed}, those it dropped included. */
    default long offered() {
        return 0;
    }

    /**
     * Frames that the kernel says it has passed to the device by the last {@link #takeMissed}, but that neither came
     * nor wait: 0, or something is wrong.
     */
    default long unaccounted() {
        return 0;
    }

    /** A human-readable name: the device's name in its own namespace. */
    String name();

    @Override
    void close();
}
