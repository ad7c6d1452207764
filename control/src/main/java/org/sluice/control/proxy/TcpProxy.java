package org.sluice.control.proxy;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.datapath.protocol.IpProtocol;

/**
 * Connections of the host's own processes to its published ports: each is one to the client, one to the endpoint, and a
 * {@link TcpRelay} each way. On the proxy's event loop.
 */
final class TcpProxy {
    private static final Logger LOG = LoggerFactory.getLogger(TcpProxy.class);
    private static final int CONNECT_TIMEOUT_MS = 10_000;
    /** What the kernel holds for the proxy to read: an end of input makes Netty read all of it at once. */
    private static final int RECEIVE_BUFFER_BYTES = 256 << 10;
    /** One buffer at a time: the relay reads again when it is written. */
    private static final RecvByteBufAllocator BUFFERS =
        new AdaptiveRecvByteBufAllocator(2048, 16_384, 65_536).maxMessagesPerRead(1);

    private final EventLoopGroup eventLoop;
    private final ProxyTargets targets;
    private final ProxySessions connections;

    TcpProxy(final EventLoopGroup eventLoop, final ProxyTargets targets, final ProxySessions connections) {
        this.eventLoop = eventLoop;
        this.targets = targets;
        this.connections = connections;
    }

    /** Opens a listening socket; it is closed with the event loop at the latest. */
    EpollServerSocketChannel listen(final InetSocketAddress address) {
        final ChannelFuture bound = new ServerBootstrap()
            .group(eventLoop)
            .channel(EpollServerSocketChannel.class)
            // Otherwise a daemon that wants a port later could not have it while one of ours lingers.
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.RECVBUF_ALLOCATOR, BUFFERS)
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
        return (EpollServerSocketChannel) bound.channel();
    }

    /** A connection that has just come: connects it to the endpoint's port and begins to relay. */
    private final class Accepted extends ChannelInboundHandlerAdapter {
        /** Data that the client has sent already: its end of input makes Netty read all, asked for or not. */
        private final Deque<ByteBuf> early = new ArrayDeque<>();
        private ProxySessions.@Nullable Session session;
        private @Nullable ChannelFuture connecting;
        private boolean inputEnded;

        @Override
        public void channelActive(final ChannelHandlerContext context) {
            final DuplexChannel client = (DuplexChannel) context.channel();
            final ProxyTargets.Destination target =
                targets.find(IpProtocol.TCP, (InetSocketAddress) client.localAddress());
            if (target == null) {
                client.close();
                return;
            }
            final ProxySessions.Session added = connections.add(client, target.map());
            session = added;
            final ChannelFuture connected = new Bootstrap()
                .group(client.eventLoop())
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
                .option(ChannelOption.RECVBUF_ALLOCATOR, BUFFERS)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MS)
                .handler(new TcpRelay(client, added))
                .connect(target.endpoint(), HostSource.of((InetSocketAddress) client.remoteAddress(),
                    target.endpoint()));
            connecting = connected;
            added.endpoint(connected.channel());
            connected.addListener(done -> {
                if (done.isSuccess() && client.isActive()) {
                    relay(client, (DuplexChannel) connected.channel(), added);
                } else {
                    connected.channel().close();
                    LOG.debug("{} does not answer", target.endpoint(), done.cause());
                    client.close();
                }
            });
        }

        private void relay(final DuplexChannel client, final DuplexChannel endpoint,
                           final ProxySessions.Session relayed) {
            client.pipeline().replace(this, null, new TcpRelay(endpoint, relayed));
            for (ByteBuf content = early.poll(); content != null; content = early.poll()) {
                relayed.hold(-content.capacity());
                client.pipeline().fireChannelRead(content);
            }
            if (inputEnded) {
                client.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            }
            client.read();
            endpoint.read();
        }

        @Override
        public void channelRead(final ChannelHandlerContext context, final Object message) {
            if (session == null) {
                ReferenceCountUtil.release(message);
                return;
            }
            final ByteBuf content = (ByteBuf) message;
            early.add(content);
            session.hold(content.capacity());
        }

        @Override
        public void userEventTriggered(final ChannelHandlerContext context, final Object event) {
            inputEnded |= event instanceof ChannelInputShutdownEvent;
        }

        @Override
        public void channelInactive(final ChannelHandlerContext context) {
            for (ByteBuf content = early.poll(); content != null; content = early.poll()) {
                if (session != null) {
                    session.hold(-content.capacity());
                }
                content.release();
            }
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
}
