package org.sluice.control.proxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.FileDescriptor;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.linux.socket.AddressedDatagramSocket;

/**
 * Datagrams of the host's own processes to its published ports. The one socket that the kernel hands them to is only
 * for the first of a client: then there is a session, with a socket that has the meant address and is connected to the
 * client, so that answers leave from where they are expected, and a socket that is connected to the endpoint. On the
 * proxy's event loop.
 */
final class UdpProxy {
    private static final Logger LOG = LoggerFactory.getLogger(UdpProxy.class);
    private static final int MAX_DATAGRAM_BYTES = 65_535;
    private static final int MAX_SESSIONS = 4096;
    private static final int MAX_DATAGRAMS_AT_ONCE = 64;
    private static final int IDLE_SECONDS = 120;

    private record Key(InetSocketAddress client, InetSocketAddress meant) {
    }

    private final EventLoopGroup eventLoop;
    private final ProxyTargets targets;
    private final PublishedSessions sessions;
    private final Map<Key, ChannelFuture> endpointsOfSessions = new HashMap<>();

    UdpProxy(final EventLoopGroup eventLoop, final ProxyTargets targets, final PublishedSessions sessions) {
        this.eventLoop = eventLoop;
        this.targets = targets;
        this.sessions = sessions;
    }

    /**
     * Opens the socket for first datagrams that the kernel hands over, of any port and both families.
     *
     * @return its descriptor; it is closed with the event loop.
     */
    int listenForAll() {
        final AddressedDatagramSocket socket = AddressedDatagramSocket.bind(InetAddress.ofLiteral("127.0.0.1"), 0);
        register(socket);
        return socket.fd();
    }

    /** Opens a socket for first datagrams of one port. */
    AutoCloseable listen(final InetSocketAddress address) {
        return register(AddressedDatagramSocket.bind(address.getAddress(), address.getPort()));
    }

    private AutoCloseable register(final AddressedDatagramSocket socket) {
        final IoRegistration registration =
            ((IoEventLoop) eventLoop.next()).register(new FirstDatagrams(socket)).syncUninterruptibly().getNow();
        registration.submit(EpollIoOps.EPOLLIN);
        return registration::cancel;
    }

    /** Datagrams that come before a session has its own socket. On the event loop. */
    private final class FirstDatagrams implements EpollIoHandle {
        private final AddressedDatagramSocket socket;
        private final FileDescriptor fd;

        FirstDatagrams(final AddressedDatagramSocket socket) {
            this.socket = socket;
            fd = new FileDescriptor(socket.fd());
        }

        @Override
        public FileDescriptor fd() {
            return fd;
        }

        @Override
        public void handle(final IoRegistration registration, final IoEvent event) {
            for (int i = 0; i < MAX_DATAGRAMS_AT_ONCE; i++) {
                final AddressedDatagramSocket.Datagram datagram = socket.receive();
                if (datagram == null) {
                    return;
                }
                final Key key = new Key(datagram.sender(), datagram.recipient());
                @Nullable ChannelFuture endpoint = endpointsOfSessions.get(key);
                if (endpoint == null && endpointsOfSessions.size() < MAX_SESSIONS) {
                    endpoint = open(key);
                }
                if (endpoint != null) {
                    send(endpoint, Unpooled.wrappedBuffer(datagram.content()));
                }
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
        public void unregistered() {
            socket.close();
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    private @Nullable ChannelFuture open(final Key key) {
        final ProxyTargets.Destination target = targets.find(IpProtocol.UDP, key.meant());
        if (target == null) {
            return null;
        }
        final ChannelFuture client = connect(key.meant(), key.client(), true);
        final ChannelFuture endpoint =
            connect(HostSource.of(key.client(), target.endpoint()), target.endpoint(), false);
        sessions.add(endpoint.channel(), target.map());
        client.channel().pipeline().addLast(new Relay(endpoint.channel()));
        endpoint.channel().pipeline().addLast(new IdleStateHandler(0, 0, IDLE_SECONDS, TimeUnit.SECONDS),
            new Relay(client.channel()));
        endpointsOfSessions.put(key, endpoint);
        endpoint.channel().closeFuture().addListener(closed -> {
            endpointsOfSessions.remove(key);
            client.channel().close();
        });
        client.channel().closeFuture().addListener(closed -> endpoint.channel().close());
        if (!target.equals(targets.find(IpProtocol.UDP, key.meant()))) {
            endpoint.channel().close(); // it was taken back just now
        }
        return endpoint;
    }

    /** A channel whose connecting fails is closed, and its session with it. */
    private ChannelFuture connect(final @Nullable InetSocketAddress local, final InetSocketAddress remote,
                                  final boolean shared) {
        return new Bootstrap()
            .group(eventLoop)
            .channel(EpollDatagramChannel.class)
            .option(ChannelOption.SO_REUSEADDR, shared)
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
