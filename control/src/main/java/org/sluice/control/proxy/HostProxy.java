package org.sluice.control.proxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.netty.channel.ChannelException;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;

import org.agrona.CloseHelper;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.PortMapSpec;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.linux.bpf.SocketLookup;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.NetNamespace;

/**
 * For processes of the host itself that connect to a published port of the host, by loopback or by any of its
 * addresses: such packets never cross an uplink. What comes by an interface that is no uplink is served too. One
 * listener serves all ports; the kernel hands it the connections that come to any of them ({@link SocketLookup}), or
 * else, where the kernel is too old, each port has sockets of its own ({@link PortSockets}). The endpoint sees the
 * connections come from its gateway. Owned by the control thread; connections live on an event loop of their own.
 */
public final class HostProxy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostProxy.class);
    private static final int MAX_CONNECTIONS = 8192;
    private static final int MAX_SESSIONS = 4096;
    /** A quarter of the memory for direct buffers, which the API and Docker's driver need too. */
    private static final long MAX_BYTES = 64L << 20;

    private final EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ProxyTargets targets = new ProxyTargets();
    private final ProxySessions connections;
    private final ProxySessions sessions;
    private final TcpProxy tcp;
    private final UdpProxy udp;
    private final Map<PortMapSpec, PortSockets> sockets = new HashMap<>();
    private final Set<PortMapSpec> handedOver = new HashSet<>();
    private final Map<PortMapSpec, String> failures = new LinkedHashMap<>();
    private @Nullable SocketLookup lookup;
    private boolean tooOld;

    public HostProxy() {
        this(false, MAX_CONNECTIONS, MAX_SESSIONS, MAX_BYTES);
    }

    /**
     * @param socketAPort    as on a kernel that is too old for anything else.
     * @param maxConnections of TCP.
     * @param maxSessions    of UDP.
     * @param maxBytes       of data that waits in the proxy.
     */
    HostProxy(final boolean socketAPort, final int maxConnections, final int maxSessions, final long maxBytes) {
        tooOld = socketAPort;
        connections = new ProxySessions(eventLoop.next(), maxConnections, maxBytes);
        sessions = new ProxySessions(eventLoop.next(), maxSessions, maxBytes);
        tcp = new TcpProxy(eventLoop, targets, connections);
        udp = new UdpProxy(eventLoop, targets, sessions);
    }

    /**
     * Serves a published port from now on; the first one opens the listener. A port that cannot be served is a
     * {@link #failures() failure}, no error: it is published to the world.
     */
    public void publish(final PortMapSpec map, final List<InetAddress> endpoint) {
        if (indexOf(map) < 0) {
            return;
        }
        targets.add(map, endpoint);
        try {
            open();
            if (lookup == null) {
                sockets.put(map, PortSockets.open(map, tcp::listen, udp::listen));
            } else {
                lookup.set(indexOf(map), map.hostAddress(), map.hostFirst(), map.hostLast(), true);
                handedOver.add(map);
            }
        } catch (final NativeException | ChannelException | ControlException ex) {
            fail(map, ex.getMessage());
        }
    }

    private void fail(final PortMapSpec map, final @Nullable String why) {
        final String failure = map + " cannot be reached from the host itself: " + why;
        LOG.error("{}", failure);
        failures.put(map, failure);
    }

    /** The published ports that are not served to the host itself, and why. Others reach them all the same. */
    public Collection<String> failures() {
        return failures.values();
    }

    /** Connections that had to end so that there was room for others, since the start. Any thread. */
    public long connectionsGaveWay() {
        return connections.gaveWay();
    }

    /** Sessions of datagrams, likewise. */
    public long sessionsGaveWay() {
        return sessions.gaveWay();
    }

    /** Datagrams that were lost because their receiver was too slow, since the start. Any thread. */
    public long datagramsLost() {
        return udp.lost();
    }

    /** Serves it no longer; what is open ends. */
    public void unpublish(final PortMapSpec map) {
        if (indexOf(map) < 0) {
            return;
        }
        if (lookup != null && handedOver.remove(map)) {
            lookup.set(indexOf(map), map.hostAddress(), map.hostFirst(), map.hostLast(), false);
        }
        CloseHelper.close(sockets.remove(map));
        failures.remove(map);
        targets.remove(map);
        (map.protocol() == IpProtocol.TCP ? connections : sessions).end(map);
    }

    /** The kernel hands connections and datagrams over, of no other protocol. */
    private static int indexOf(final PortMapSpec map) {
        return switch (map.protocol()) {
            case IpProtocol.TCP -> SocketLookup.TCP;
            case IpProtocol.UDP -> SocketLookup.UDP;
            default -> -1;
        };
    }

    private void open() {
        if (lookup != null || tooOld) {
            return;
        }
        final SocketLookup opened;
        try (NetNamespace namespace = NetNamespace.own()) {
            opened = new SocketLookup(namespace);
        } catch (final NativeException ex) {
            tooOld = true;
            LOG.warn("each published port needs a socket of its own: {}", ex.getMessage());
            return;
        }
        try {
            // Their own ports, which nobody knows, are only for the host itself.
            opened.socket(SocketLookup.TCP,
                tcp.listen(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)).fd().intValue());
            opened.socket(SocketLookup.UDP, udp.listenForAll());
            lookup = opened;
        } finally {
            if (lookup == null) {
                opened.close();
            }
        }
    }

    @Override
    public void close() {
        CloseHelper.close(lookup);
        eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
