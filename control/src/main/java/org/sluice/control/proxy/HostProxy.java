package org.sluice.control.proxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;

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
    private static final int CONNECT_TIMEOUT_MS = 10_000;

    private final EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ProxyTargets targets = new ProxyTargets();
    private final PublishedSessions sessions = new PublishedSessions();
    private final UdpProxy udp = new UdpProxy(eventLoop, targets, sessions);
    private final Map<PortMapSpec, PortSockets> sockets = new HashMap<>();
    private final Set<PortMapSpec> handedOver = new HashSet<>();
    private final Map<PortMapSpec, String> failures = new LinkedHashMap<>();
    private @Nullable SocketLookup lookup;
    private boolean tooOld;

    public HostProxy() {
        this(false);
    }

    /**
     * @param socketAPort as on a kernel that is too old for anything else.
     */
    HostProxy(final boolean socketAPort) {
        tooOld = socketAPort;
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
                sockets.put(map, PortSockets.open(map, this::listen, udp::listen));
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
        sessions.end(map);
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
            final EpollServerSocketChannel listener =
                (EpollServerSocketChannel) listen(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
            opened.socket(SocketLookup.TCP, listener.fd().intValue());
            opened.socket(SocketLookup.UDP, udp.listenForAll());
            lookup = opened;
        } finally {
            if (lookup == null) {
                opened.close();
            }
        }
    }

    private Channel listen(final InetSocketAddress address) {
        final ChannelFuture bound = new ServerBootstrap()
            .group(eventLoop)
            .channel(EpollServerSocketChannel.class)
            // Otherwise a daemon that wants a port later could not have it while one of ours lingers.
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            // A peer that has vanished must not keep two descriptors for ever.
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childHandler(new ChannelInitializer<EpollSocketChannel>() {
                @Override
                protected void initChannel(final EpollSocketChannel client) {
                    client.pipeline().addLast(new Accepted());
                }
            })
            .bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new ChannelException("cannot listen on " + address, bound.cause());
        }
        return bound.channel();
    }

    /** A connection that has just come: connects it to the endpoint's port and begins to relay. */
    private final class Accepted extends ChannelInboundHandlerAdapter {
        /** Data that the client has sent already: its end of input makes Netty read all, asked for or not. */
        private final Deque<Object> early = new ArrayDeque<>();
        private @Nullable ChannelFuture connecting;
        private boolean inputEnded;

        @Override
        public void channelActive(final ChannelHandlerContext context) {
            final DuplexChannel client = (DuplexChannel) context.channel();
            final InetSocketAddress meant = (InetSocketAddress) client.localAddress();
            final ProxyTargets.Destination target = targets.find(IpProtocol.TCP, meant);
            if (target == null) {
                client.close();
                return;
            }
            sessions.add(client, target.map());
            if (!target.equals(targets.find(IpProtocol.TCP, meant))) {
                client.close(); // it was taken back just now
                return;
            }
            final ChannelFuture connected = new Bootstrap()
                .group(client.eventLoop())
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MS)
                .handler(new TcpRelay(client))
                .connect(target.endpoint(), HostSource.of((InetSocketAddress) client.remoteAddress(),
                    target.endpoint()));
            connecting = connected;
            connected.addListener(done -> {
                if (done.isSuccess() && client.isActive()) {
                    relay(client, (DuplexChannel) connected.channel());
                } else {
                    connected.channel().close();
                    LOG.debug("{} does not answer", target.endpoint(), done.cause());
                    client.close();
                }
            });
        }

        private void relay(final DuplexChannel client, final DuplexChannel endpoint) {
            client.pipeline().replace(this, null, new TcpRelay(endpoint));
            early.forEach(client.pipeline()::fireChannelRead);
            early.clear();
            if (inputEnded) {
                client.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            }
            client.read();
            endpoint.read();
        }

        @Override
        public void channelRead(final ChannelHandlerContext context, final Object message) {
            early.add(message);
        }

        @Override
        public void userEventTriggered(final ChannelHandlerContext context, final Object event) {
            inputEnded |= event instanceof ChannelInputShutdownEvent;
        }

        @Override
        public void channelInactive(final ChannelHandlerContext context) {
            early.forEach(ReferenceCountUtil::release);
            early.clear();
            if (connecting != null) {
                connecting.channel().close();
            }
        }

        @Override
        public void exceptionCaught(final ChannelHandlerContext context, final Throwable cause) {
            LOG.debug("a client went away", cause);
            context.close();
        }
    }

    @Override
    public void close() {
        CloseHelper.close(lookup);
        eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
