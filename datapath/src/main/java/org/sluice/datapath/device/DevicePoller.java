package org.sluice.datapath.device;

/**
 * Tells a worker which of its ports have frames, so that silent ports cost nothing. All methods are the worker's but
 * {@link #wakeUp()}, which any thread may call, and {@link #close()}.
 */
public interface DevicePoller extends AutoCloseable {
    /**
     * Watches a device from now on.
     *
     * @param portIndex what {@link #poll} will report for it.
     */
    void add(int portIndex, PacketDevice device);

    /** Stops watching the device. One that is gone, or was never added, is no error. */
    void remove(int portIndex, PacketDevice device);

    /**
     * Finds ports with frames (or with an end of file) to read.
     *
     * @param ready     is filled with their indexes; what does not fit is reported by the next call.
     * @param timeoutMs how long to sleep while there is none; 0 does not sleep.
     * @return how many there are; 0 also after {@link #wakeUp()}.
     */
    int poll(int[] ready, int timeoutMs);

    /** Ends a sleep in {@link #poll}, or the next one at once. */
    void wakeUp();

    @Override
    void close();
}
