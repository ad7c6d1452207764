package org.sluice.datapath.device;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;

/**
 * Where frames come from and go to. Called by one worker thread only, but for {@link #close()}, which the control
 * plane calls once the worker has let go of the device.
 */
public interface PacketDevice extends AutoCloseable {
    /** Returned by {@link #receive} when the device will never give a frame again. */
    int GONE = -1;

    /**
     * Appends the frames that are there to the batch, while {@link FrameBatch#hasRoom()}. Never blocks.
     *
     * @return how many were appended, or {@link #GONE}.
     */
    int receive(FrameBatch batch);

    /** Sends the queue's frames and calls {@link EgressQueue#refuse} for each that it cannot. Never blocks. */
    void transmit(EgressQueue queue);

    /** For people: what the device is called where it lives. */
    String name();

    @Override
    void close();
}
