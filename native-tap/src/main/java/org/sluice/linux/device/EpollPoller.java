package org.sluice.linux.device;

import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.linux.sys.Epoll;

/**
 * Asks epoll which devices have frames. A TAP has no ring to look at, and an empty read costs more than one question
 * about all TAPs; so silent ports cost nothing, however many. Level-triggered: a port that was not read to its end is
 * reported again. Owned by the worker, except {@link #wakeUp()}, which any thread may call.
 */
public final class EpollPoller implements DevicePoller {
    private final Epoll epoll = new Epoll();

    @Override
    public void add(final int portIndex, final PacketDevice device) {
        epoll.add(fdOf(device), portIndex);
    }

    @Override
    public void remove(final int portIndex, final PacketDevice device) {
        epoll.remove(fdOf(device));
    }

    @Override
    public int poll(final int[] ready, final int timeoutMs) {
        return epoll.await(ready, timeoutMs);
    }

    @Override
    public void wakeUp() {
        epoll.wakeUp();
    }

    @Override
    public void close() {
        epoll.close();
    }

    private static int fdOf(final PacketDevice device) {
        if (device instanceof PollableDevice pollable) {
            return pollable.fd();
        }
        throw new IllegalArgumentException("cannot watch a " + device.getClass().getSimpleName());
    }
}
