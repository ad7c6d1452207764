package org.sluice.linux;

import org.sluice.datapath.device.PacketDevice;

/** A device behind a file descriptor, or two, that epoll can watch. */
interface PollableDevice extends PacketDevice {
    /** Returned by {@link #secondFd} where there is none. */
    int NONE = -1;

    int fd();

    /** Of a device behind two. */
    default int secondFd() {
        return NONE;
    }
}
