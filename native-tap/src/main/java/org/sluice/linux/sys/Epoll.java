package org.sluice.linux.sys;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * An epoll instance (epoll(7)), level-triggered, with an event descriptor that lets any thread end a wait. One thread
 * waits, adds and removes.
 */
public final class Epoll implements AutoCloseable {
    static final int EPOLL_CTL_ADD = 1;
    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLLIN = 1;
    /** The structure is packed on x86-64 only (Linux uapi/linux/eventpoll.h). */
    static final boolean PACKED = "amd64".equals(System.getProperty("os.arch"));
    static final int EVENT_BYTES = PACKED ? 12 : 16;
    static final int EVENT_DATA_OFFSET = PACKED ? 4 : 8;

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

    public Epoll() {
        epoll = new FileDescriptor(Linux.check(LibC.INSTANCE.epoll_create1(Linux.O_CLOEXEC), "epoll_create1"));
        wakeUp = new FileDescriptor(Linux.check(LibC.INSTANCE.eventfd(0, EFD_FLAGS), "eventfd"));
        memory.slice(MAX_EVENTS * EVENT_BYTES, 3 * Long.BYTES).putLong(Long.BYTES, 1);
        control(EPOLL_CTL_ADD, wakeUp.fd(), WAKE_UP);
    }

    /** Watches a descriptor for input. {@link #await} reports {@code data}, which must not be negative, for it. */
    public void add(final int fd, final int data) {
        control(EPOLL_CTL_ADD, fd, data);
    }

    /** Stops watching. A descriptor that is not watched is no error. */
    public void remove(final int fd) {
        LibC.INSTANCE.epoll_ctl(epoll.fd(), EPOLL_CTL_DEL, fd, eventsAddress);
    }

    /**
     * Waits for input.
     *
     * @param ready     receives the data of the descriptors with input.
     * @param timeoutMs 0 does not wait, -1 waits without end.
     * @return how many have input; 0 also after {@link #wakeUp()}.
     */
    public int await(final int[] ready, final int timeoutMs) {
        final int count =
            LibC.INSTANCE.epoll_wait(epoll.fd(), eventsAddress, Math.min(MAX_EVENTS, ready.length), timeoutMs);
        int found = 0;
        for (int i = 0; i < count; i++) {
            final long data = events.getLong(i * EVENT_BYTES + EVENT_DATA_OFFSET);
            if (data == WAKE_UP) {
                LibC.INSTANCE.read(wakeUp.fd(), drainAddress, Long.BYTES);
            } else {
                ready[found++] = (int) data;
            }
        }
        return found;
    }

    /** Ends the present wait, or the next one at once. Any thread may call it. */
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
}
