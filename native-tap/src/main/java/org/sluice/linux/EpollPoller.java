package org.sluice.linux;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;

/**
 * Asks epoll which TAPs have frames. A TAP has no ring to look at, and a read that finds nothing costs more than
 * asking for all of them at once; so silent ports cost nothing, however many they are. Level-triggered: a port that
 * was not read to its end is reported again.
 */
public final class EpollPoller implements DevicePoller {
    static final int EPOLL_CTL_ADD = 1;
    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLLIN = 1;
    /** On x86-64 the structure is packed, elsewhere it is not (Linux uapi/linux/eventpoll.h). */
    static final boolean PACKED = "amd64".equals(System.getProperty("os.arch"));
    static final int EVENT_BYTES = PACKED ? 12 : 16;
    static final int EVENT_DATA_OFFSET = PACKED ? 4 : 8;

    private static final int EPOLL_CLOEXEC = Linux.O_CLOEXEC;
    private static final int EFD_FLAGS = Linux.O_CLOEXEC | Linux.O_NONBLOCK;
    private static final int MAX_EVENTS = 64;
    private static final long WAKE_UP = -1;

    private final FileDescriptor epoll;
    private final FileDescriptor wakeUp;
    private final OffHeapRegion memory = OffHeapRegion.anonymous(MAX_EVENTS * EVENT_BYTES + 3 * Long.BYTES);
    private final UnsafeBuffer events = memory.slice(0, MAX_EVENTS * EVENT_BYTES);
    private final long eventsAddress = memory.address();
    private final long drainAddress = memory.address() + MAX_EVENTS * EVENT_BYTES;
    private final long oneAddress = drainAddress + Long.BYTES;

    public EpollPoller() {
        epoll = new FileDescriptor(Linux.check(LibC.INSTANCE.epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
        wakeUp = new FileDescriptor(Linux.check(LibC.INSTANCE.eventfd(0, EFD_FLAGS), "eventfd"));
        memory.slice(MAX_EVENTS * EVENT_BYTES, 3 * Long.BYTES).putLong(Long.BYTES, 1);
        control(EPOLL_CTL_ADD, wakeUp.fd(), WAKE_UP);
    }

    @Override
    public void add(final int portIndex, final PacketDevice device) {
        control(EPOLL_CTL_ADD, fdOf(device), portIndex);
    }

    @Override
    public void remove(final int portIndex, final PacketDevice device) {
        // A descriptor that is not watched (any more) is what was wanted.
        LibC.INSTANCE.epoll_ctl(epoll.fd(), EPOLL_CTL_DEL, fdOf(device), eventsAddress);
    }

    @Override
    public int poll(final int[] ready, final int timeoutMs) {
        final int count =
            LibC.INSTANCE.epoll_wait(epoll.fd(), eventsAddress, Math.min(MAX_EVENTS, ready.length), timeoutMs);
        int ports = 0;
        for (int i = 0; i < count; i++) {
            final long data = events.getLong(i * EVENT_BYTES + EVENT_DATA_OFFSET);
            if (data == WAKE_UP) {
                LibC.INSTANCE.read(wakeUp.fd(), drainAddress, Long.BYTES);
            } else {
                ready[ports++] = (int) data;
            }
        }
        return ports;
    }

    @Override
    public void wakeUp() {
        LibC.INSTANCE.write(wakeUp.fd(), oneAddress, Long.BYTES);
    }

    @Override
    public void close() {
        epoll.close();
        wakeUp.close();
        memory.close();
    }

    private void control(final int operation, final int fd, final long data) {
        events.putInt(0, EPOLLIN);
        events.putLong(EVENT_DATA_OFFSET, data);
        Linux.check(LibC.INSTANCE.epoll_ctl(epoll.fd(), operation, fd, eventsAddress), "epoll_ctl", operation,
            "fd " + fd);
    }

    private static int fdOf(final PacketDevice device) {
        if (device instanceof TapDevice tap) {
            return tap.fd();
        }
        throw new IllegalArgumentException("cannot watch a " + device.getClass().getSimpleName());
    }
}
