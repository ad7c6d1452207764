package org.sluice.linux.device;

import org.sluice.datapath.device.PacketDevice;

/** A device with a file descriptor that epoll can watch. The threads are those of {@link PacketDevice}. */
public interface PollableDevice extends PacketDevice {
    int fd();
}
