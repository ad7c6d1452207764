package org.sluice.control.proxy;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

import io.netty.channel.Channel;

import org.agrona.CloseHelper;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.PortMapSpec;
import org.sluice.datapath.protocol.IpProtocol;

/**
 * The listening sockets of one published port map, one a port: what serves the host itself where the kernel cannot hand
 * one socket the connections of many ports (before 5.9). Owned by the control thread.
 */
final class PortSockets implements AutoCloseable {
    /** More would use up the process's descriptors. */
    private static final int MAX_PORTS = 4096;
    private static final String ALL_ADDRESSES = "::";

    private final List<AutoCloseable> sockets = new ArrayList<>();

    private PortSockets() {
    }

    /**
     * Opens them all, or none.
     *
     * @param listenTcp opens a listening socket.
     * @param listenUdp opens a socket for first datagrams.
     */
    static PortSockets open(final PortMapSpec map, final Function<InetSocketAddress, Channel> listenTcp,
                            final Function<InetSocketAddress, AutoCloseable> listenUdp) {
        if (map.hostLast() - map.hostFirst() >= MAX_PORTS) {
            throw new ControlException(ControlException.Kind.FAILED, map + " needs a socket for each port, which is"
                + " too many on this kernel; publish at most " + MAX_PORTS + " in one range, or use Linux 5.9");
        }
        final PortSockets opened = new PortSockets();
        try {
            for (int port = map.hostFirst(); port <= map.hostLast(); port++) {
                final InetSocketAddress address = map.hostAddress() == null
                    ? new InetSocketAddress(ALL_ADDRESSES, port) : new InetSocketAddress(map.hostAddress(), port);
                if (map.protocol() == IpProtocol.TCP) {
                    final Channel listener = listenTcp.apply(address);
                    opened.sockets.add(() -> listener.close().syncUninterruptibly());
                } else {
                    opened.sockets.add(listenUdp.apply(address));
                }
            }
            return opened;
        } catch (final RuntimeException ex) {
            opened.close();
            throw ex;
        }
    }

    @Override
    public void close() {
        CloseHelper.closeAll(sockets);
    }
}
