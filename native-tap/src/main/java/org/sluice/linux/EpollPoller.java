package org.sluice.linux;

import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;

/**
 * Asks epoll which devices have frames. A TAP has no ring to look at, and a read that finds nothing costs more than
 * asking for all of them at once; so silent ports cost nothing, however many they are. Level-triggered: a port that
 * was not read to its end is reported again.
 */
public final class EpollPoller implements DevicePoller {
    private final Epoll epoll = new Epoll();

    @Override
    public void add(final int portIndex, final PacketDevice device) {
        final PollableDevice pollable = pollable(device);
        epoll.add(pollable.fd(), portIndex);
        if (pollable.secondFd() != PollableDevice.NONE) {
            epoll.add(pollable.secondFd(), portIndex);
        }
    }

    @Override
    public void remove(final int portIndex, final PacketDevice device) {
        final PollableDevice pollable = pollable(device);
        epoll.remove(pollable.fd());
        if (pollable.secondFd() != PollableDevice.NONE) {
            epoll.remove(pollable.secondFd());
        }
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

    private static PollableDevice pollable(final PacketDevice device) {
        if (device instanceof PollableDevice pollable) {
            return pollable;
        }
        throw new IllegalArgumentException("cannot watch a " + device.getClass().getSimpleName());
    }
}
