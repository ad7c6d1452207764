package org.sluice.control.proxy;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Datagrams of the host's own processes to its published ports. The one socket that the kernel hands them to is only
 * for the first of a client: then there is a session, with a socket that has the meant address and is connected to the
 * client, so that answers leave from where they are expected, and a socket that is connected to the endpoint. On the
 * proxy's event loop.
 */
final class UdpProxy {
    private static final Logger LOG = LoggerFactory.getLogger(UdpProxy.class);
    private static final int UDP_PROTOCOL = 17;
    private static final int MAX_DATAGRAM_BYTES = 65_535;
    private static final int MAX_SESSIONS = 4096;
    private static final int IDLE_SECONDS = 120;

    private record Key(InetSocketAddress client, InetSocketAddress meant) {
    }

    private final EventLoopGroup eventLoop;
    private final ProxyTargets targets;
    private final Map<Key, ChannelFuture> endpointsOfSessions = new HashMap<>();

    UdpProxy(final EventLoopGroup eventLoop, final ProxyTargets targets) {
        this.eventLoop = eventLoop;
        this.targets = targets;
    }

    /** Opens the socket for first datagrams. */
    EpollDatagramChannel listen() {
        return (EpollDatagramChannel) new Bootstrap()
            .group(eventLoop)
            .channel(EpollDatagramChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(EpollChannelOption.IP_RECVORIGDSTADDR, true)
            .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_DATAGRAM_BYTES))
            .handler(new FirstDatagrams())
            .bind(new InetSocketAddress("127.0.0.1", 0)).syncUninterruptibly().channel();
    }

    /** What comes before a session's own socket is there. */
    private final class FirstDatagrams extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        protected void channelRead0(final ChannelHandlerContext context, final DatagramPacket datagram) {
            final Key key = new Key(datagram.sender(), datagram.recipient());
            ChannelFuture endpoint = endpointsOfSessions.get(key);
            if (endpoint == null && endpointsOfSessions.size() < MAX_SESSIONS) {
                endpoint = open(key);
            }
            if (endpoint != null) {
                send(endpoint, datagram.content().retain());
            }
        }

        /** Once the socket is connected, which takes another turn of the event loop. */
        private void send(final ChannelFuture endpoint, final ByteBuf content) {
            endpoint.addListener(connected -> {
                if (connected.isSuccess()) {
                    endpoint.channel().writeAndFlush(content);
                } else {
                    content.release();
                }
            });
        }

        @Override
        public void exceptionCaught(final ChannelHandlerContext context, final Throwable cause) {
            LOG.debug("a datagram could not be received", cause);
        }
    }

    private ChannelFuture open(final Key key) {
        final InetSocketAddress target = targets.find(UDP_PROTOCOL, key.meant());
        if (target == null) {
            return null;
        }
        final ChannelFuture client = connect(key.meant(), key.client());
        final ChannelFuture endpoint = connect(null, target);
        client.channel().pipeline().addLast(new Relay(endpoint.channel()));
        endpoint.channel().pipeline().addLast(new IdleStateHandler(0, 0, IDLE_SECONDS, TimeUnit.SECONDS),
            new Relay(client.channel()));
        endpointsOfSessions.put(key, endpoint);
        endpoint.channel().closeFuture().addListener(closed -> {
            endpointsOfSessions.remove(key);
            client.channel().close();
        });
        client.channel().closeFuture().addListener(closed -> endpoint.channel().close());
        return endpoint;
    }

    /** A channel whose connecting fails is closed, and its session with it. */
    private ChannelFuture connect(final InetSocketAddress local, final InetSocketAddress remote) {
        return new Bootstrap()
            .group(eventLoop)
            .channel(EpollDatagramChannel.class)
            .option(ChannelOption.SO_REUSEADDR, local != null)
            .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_DATAGRAM_BYTES))
            .handler(new ChannelInboundHandlerAdapter())
            .connect(remote, local);
    }

    /** One direction of a session. */
    private static final class Relay extends ChannelInboundHandlerAdapter {
        private final Channel to;

        Relay(final Channel to) {
            this.to = to;
        }

        @Override
        public void channelRead(final ChannelHandlerContext context, final Object message) {
            final ByteBuf content = message instanceof DatagramPacket datagram ? datagram.content() : (ByteBuf) message;
            to.writeAndFlush(content);
        }

        @Override
        public void userEventTriggered(final ChannelHandlerContext context, final Object event) {
            if (event instanceof IdleStateEvent) {
                context.close();
            }
        }

        /** A port that nobody serves comes back as an error on the socket; the client gets no answer, as on a wire. */
        @Override
        public void exceptionCaught(final ChannelHandlerContext context, final Throwable cause) {
            LOG.debug("a session ends", cause);
            context.close();
        }
    }
}
