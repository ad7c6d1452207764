package org.sluice.datapath.device;

/**
 * Tells a worker which of its ports have frames, so that silent ports cost nothing. Used by the worker, except
 * {@link #wakeUp()}, which any thread may call, and {@link #close()}.
 */
public interface DevicePoller extends AutoCloseable {
    /**
     * Watches a device from now on.
     *
     * @param portIndex the number that {@link #poll} reports for it.
     */
    void add(int portIndex, PacketDevice device);

    /** Stops watching the device. A device that is gone, or was never added, is no error. */
    void remove(int portIndex, PacketDevice device);

    /**
     * Finds ports with frames, or with an end of file, to read.
     *
     * @param ready     receives their indexes; the next call reports those that do not fit.
     * @param timeoutMs how long to sleep without one; 0 does not sleep.
     * @return how many were found; 0 also after {@link #wakeUp()}.
     */
    int poll(int[] ready, int timeoutMs);

    /** Ends the present sleep in {@link #poll}, or the next one at once. */
    void wakeUp();

    @Override
    void close();
}
