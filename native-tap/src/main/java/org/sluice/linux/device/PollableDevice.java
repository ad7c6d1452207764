package org.sluice.linux.device;

import org.sluice.datapath.device.PacketDevice;

/** A device behind a file descriptor that epoll can watch. */
interface PollableDevice extends PacketDevice {
    int fd();
}
