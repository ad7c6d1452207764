package org.sluice.linux.netlink;

import org.agrona.concurrent.UnsafeBuffer;

import jnr.ffi.LastError;
import jnr.ffi.Runtime;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.sys.Epoll;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.Sockets;

/**
 * Listens for changes of links and their traffic control, addresses, routes, rules and neighbours in the network
 * namespace of the thread that creates it. It calls its listener on a thread of its own.
 */
public final class RouteMonitor implements AutoCloseable {
    static final int RTMGRP_LINK = 0x1;
    static final int RTMGRP_NEIGH = 0x4;
    static final int RTMGRP_TC = 0x8;
    static final int RTMGRP_IPV4_IFADDR = 0x10;
    static final int RTMGRP_IPV4_ROUTE = 0x40;
    static final int RTMGRP_IPV4_RULE = 0x80;
    static final int RTMGRP_IPV6_IFADDR = 0x100;
    static final int RTMGRP_IPV6_ROUTE = 0x400;
    static final int RTNLGRP_IPV6_RULE = 19;
    static final int RTNLGRP_NEXTHOP = 32;
    static final int SO_RCVBUFFORCE = 33;

    private static final int GROUPS = RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_TC | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE
        | RTMGRP_IPV4_RULE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE | 1 << RTNLGRP_IPV6_RULE - 1
        | 1 << RTNLGRP_NEXTHOP - 1;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int EAGAIN = 11;
    private static final int ADDRESS_BYTES = 12;
    private static final int GROUPS_OFFSET = 8;
    private static final int MESSAGE_BYTES = 64 * 1024;
    private static final int BUFFER_BYTES = 4 << 20;
    private static final Runtime RUNTIME = Runtime.getRuntime(LibC.INSTANCE);

    private final OffHeapRegion memory = OffHeapRegion.anonymous(MESSAGE_BYTES);
    private final UnsafeBuffer message = memory.slice(0, MESSAGE_BYTES);
    private final Epoll epoll = new Epoll();
    private final Listener listener;
    private final Thread thread;
    private final int fd;
    private volatile boolean closed;

    /** Receives changes, on the monitor's thread. */
    public interface Listener {
        /** Links, their traffic control, addresses, routes or rules have changed. */
        void onRoutesChanged();

        /** A neighbour has a new state. */
        void onNeighbour(KernelNeighbour neighbour);

        /** Messages were lost: everything may have changed. */
        void onLost();
    }

    /**
     * Starts to listen; changes before {@link #start()} are queued.
     *
     * @throws NativeException when the kernel refuses.
     */
    public RouteMonitor(final Listener listener) {
        this.listener = listener;
        fd = LibC.INSTANCE.socket(NetlinkSocket.AF_NETLINK, NetlinkSocket.SOCK_RAW_CLOEXEC,
            NetlinkSocket.NETLINK_ROUTE);
        message.putShort(0, (short) NetlinkSocket.AF_NETLINK);
        message.putInt(GROUPS_OFFSET, GROUPS);
        if (fd < 0 || LibC.INSTANCE.bind(fd, memory.address(), ADDRESS_BYTES) < 0) {
            final int errno = LastError.getLastError(RUNTIME);
            release();
            throw new NativeException("bind", errno, "AF_NETLINK", "route groups");
        }
        message.putInt(0, BUFFER_BYTES);
        LibC.INSTANCE.setsockopt(fd, Sockets.SOL_SOCKET, SO_RCVBUFFORCE, memory.address(), Integer.BYTES);
        epoll.add(fd, 0);
        thread = Thread.ofPlatform().daemon().name("route-monitor").unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    private void run() {
        final int[] ready = new int[1];
        while (!closed) {
            if (epoll.await(ready, -1) > 0) {
                receive();
            }
        }
    }

    private void receive() {
        boolean routesChanged = false;
        while (true) {
            final long received = LibC.INSTANCE.recv(fd, memory.address(), MESSAGE_BYTES, MSG_DONTWAIT);
            if (received < 0) {
                if (LastError.getLastError(RUNTIME) == EAGAIN) {
                    break;
                }
                listener.onLost();
                return;
            }
            routesChanged |= read((int) received);
        }
        if (routesChanged) {
            listener.onRoutesChanged();
        }
    }

    /** Whether anything but neighbours has changed. */
    private boolean read(final int received) {
        boolean routesChanged = false;
        int offset = 0;
        while (received - offset >= NetlinkMessage.HEADER_BYTES) {
            final int length = message.getInt(offset);
            if (length < NetlinkMessage.HEADER_BYTES || length > received - offset) {
                break;
            }
            final int type = message.getShort(offset + NetlinkMessage.TYPE_FIELD_OFFSET) & 0xFFFF;
            if (type == RouteNetlink.RTM_NEWNEIGH || type == RouteNetlink.RTM_DELNEIGH) {
                final KernelNeighbour neighbour = RouteNetlink.neighbourOf(
                    new NetlinkSocket.Answer(type, message, offset, offset + length));
                if (neighbour != null) {
                    listener.onNeighbour(type == RouteNetlink.RTM_NEWNEIGH ? neighbour
                        : new KernelNeighbour(neighbour.linkIndex(), neighbour.address(), 0, KernelNeighbour.FAILED));
                }
            } else {
                routesChanged = true;
            }
            offset += length + 3 & ~3;
        }
        return routesChanged;
    }

    private void release() {
        LibC.INSTANCE.close(fd);
        epoll.close();
        memory.close();
    }

    @Override
    public void close() {
        closed = true;
        epoll.wakeUp();
        if (thread.isAlive()) {
            try {
                thread.join();
            } catch (final InterruptedException ex) {
                Thread.currentThread().interrupt();
                return; // the thread may still use the resources
            }
        }
        release();
    }
}
