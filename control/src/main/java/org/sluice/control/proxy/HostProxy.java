package org.sluice.control.proxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
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

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.model.PortMapSpec;
import org.sluice.linux.NativeException;
import org.sluice.linux.NetNamespace;
import org.sluice.linux.bpf.SocketLookup;

/**
 * For processes of the host itself that connect to a published port of the host, by loopback or by any of its
 * addresses: such packets never cross an uplink. One listener serves all ports; the kernel hands it the connections
 * that come to any of them ({@link SocketLookup}). The endpoint sees them come from its gateway. Owned by the control
 * thread; connections live on an event loop of their own.
 */
public final class HostProxy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostProxy.class);
    private static final Path OWN_NAMESPACE = Path.of("/proc/self/ns/net");
    private static final int TCP_PROTOCOL = 6;
    private static final int UDP_PROTOCOL = 17;
    private static final int CONNECT_TIMEOUT_MS = 10_000;

    private final EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ProxyTargets targets = new ProxyTargets();
    private SocketLookup lookup;
    private EpollServerSocketChannel listener;
    private boolean failed;

    /** Serves a published port from now on; the first one opens the listener. */
    public void publish(final PortMapSpec map, final List<InetAddress> endpoint) {
        if (indexOf(map) < 0 || !open()) {
            return;
        }
        targets.add(map, endpoint);
        if (!lookup.set(indexOf(map), map.hostAddress(), map.hostFirst(), map.hostLast(), true)) {
            LOG.error("{} cannot be reached from the host itself: too many different host addresses", map);
        }
    }

    /** Serves it no longer; connections that are open stay. */
    public void unpublish(final PortMapSpec map) {
        if (indexOf(map) >= 0 && lookup != null) {
            lookup.set(indexOf(map), map.hostAddress(), map.hostFirst(), map.hostLast(), false);
            targets.remove(map);
        }
    }

    /** The kernel hands connections and datagrams over, of no other protocol. */
    private static int indexOf(final PortMapSpec map) {
        return switch (map.protocol()) {
            case TCP_PROTOCOL -> SocketLookup.TCP;
            case UDP_PROTOCOL -> SocketLookup.UDP;
            default -> -1;
        };
    }

    private boolean open() {
        if (lookup == null && !failed) {
            try (NetNamespace namespace = NetNamespace.open(OWN_NAMESPACE)) {
                listener = (EpollServerSocketChannel) new ServerBootstrap()
                    .group(eventLoop)
                    .channel(EpollServerSocketChannel.class)
                    // Otherwise a daemon that wants a port later could not have it while one of ours lingers.
                    .option(ChannelOption.SO_REUSEADDR, true)
                    .childOption(ChannelOption.AUTO_READ, false)
                    .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childHandler(new ChannelInitializer<EpollSocketChannel>() {
                        @Override
                        protected void initChannel(final EpollSocketChannel client) {
                            client.pipeline().addLast(new Accepted());
                        }
                    })
                    // Its own port, which nobody uses, is only for the host itself.
                    .bind(new InetSocketAddress("127.0.0.1", 0)).syncUninterruptibly().channel();
                lookup = new SocketLookup(namespace);
                lookup.socket(SocketLookup.TCP, listener.fd().intValue());
                lookup.socket(SocketLookup.UDP, new UdpProxy(eventLoop, targets).listen().fd().intValue());
            } catch (final NativeException ex) {
                failed = true;
                LOG.error("the host itself does not reach published ports: {}", ex.getMessage());
            }
        }
        return lookup != null;
    }

    /** A connection that has just come: connects it to the endpoint's port and begins to relay. */
    private final class Accepted extends ChannelInboundHandlerAdapter {
        /** What the client has sent already: its end of input makes Netty read all, asked for or not. */
        private final Deque<Object> early = new ArrayDeque<>();
        private ChannelFuture connecting;
        private boolean inputEnded;

        @Override
        public void channelActive(final ChannelHandlerContext context) {
            final DuplexChannel client = (DuplexChannel) context.channel();
            final InetSocketAddress target = targets.find(TCP_PROTOCOL, (InetSocketAddress) client.localAddress());
            if (target == null) {
                client.close();
                return;
            }
            connecting = new Bootstrap()
                .group(client.eventLoop())
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MS)
                .handler(new TcpRelay(client))
                .connect(target);
            connecting.addListener(done -> {
                if (done.isSuccess() && client.isActive()) {
                    relay(client, (DuplexChannel) connecting.channel());
                } else {
                    connecting.channel().close();
                    LOG.debug("{} does not answer", target, done.cause());
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
        if (lookup != null) {
            lookup.close();
        }
        eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
