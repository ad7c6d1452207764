package org.sluice.control.proxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

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
    private static final int MAX_DATAGRAMS_AT_ONCE = 64;
    private static final int IDLE_SECONDS = 120;

    private record Key(InetSocketAddress client, InetSocketAddress meant) {
    }

    /** A session, and its channel to the endpoint once that is connected. */
    private record Opened(ProxySessions.Session session, ChannelFuture endpoint) {
    }

    private final EventLoopGroup eventLoop;
    private final ProxyTargets targets;
    private final ProxySessions sessions;
    private final Map<Key, Opened> opened = new HashMap<>();
    private final AtomicLong lost = new AtomicLong();

    UdpProxy(final EventLoopGroup eventLoop, final ProxyTargets targets, final ProxySessions sessions) {
        this.eventLoop = eventLoop;
        this.targets = targets;
        this.sessions = sessions;
    }

    /** How many datagrams were lost because their receiver was too slow. Any thread. */
    long lost() {
        return lost.get();
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
                @Nullable Opened session = opened.get(key);
                if (session == null) {
                    session = open(key);
                }
                if (session != null) {
                    session.session().touch();
                    send(session.endpoint(), Unpooled.wrappedBuffer(datagram.content()));
                }
            }
        }

        /** Once the socket is connected, which takes another turn of the event loop. */
        private void send(final ChannelFuture endpoint, final ByteBuf content) {
            endpoint.addListener(connected -> {
                if (connected.isSuccess()) {
                    write(endpoint.channel(), content);
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

    private @Nullable Opened open(final Key key) {
        final ProxyTargets.Destination target = targets.find(IpProtocol.UDP, key.meant());
        if (target == null) {
            return null;
        }
        final ChannelFuture client = connect(key.meant(), key.client(), true);
        final ChannelFuture endpoint =
            connect(HostSource.of(key.client(), target.endpoint()), target.endpoint(), false);
        final ProxySessions.Session session = sessions.add(client.channel(), target.map());
        session.endpoint(endpoint.channel());
        client.channel().pipeline().addLast(new Relay(session, endpoint.channel()));
        endpoint.channel().pipeline().addLast(new IdleStateHandler(0, 0, IDLE_SECONDS, TimeUnit.SECONDS),
            new Relay(session, client.channel()));
        final Opened added = new Opened(session, endpoint);
        opened.put(key, added);
        endpoint.channel().closeFuture().addListener(closed -> {
            opened.remove(key, added);
            client.channel().close();
        });
        client.channel().closeFuture().addListener(closed -> endpoint.channel().close());
        return added;
    }

    /** As a full socket buffer does: what its receiver does not take in time is lost. */
    private void write(final Channel to, final ByteBuf content) {
        if (to.isWritable()) {
            to.writeAndFlush(content);
        } else {
            content.release();
            lost.incrementAndGet();
        }
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
    private final class Relay extends ChannelInboundHandlerAdapter {
        private final ProxySessions.Session session;
        private final Channel to;

        Relay(final ProxySessions.Session session, final Channel to) {
            this.session = session;
            this.to = to;
        }

        @Override
        public void channelRead(final ChannelHandlerContext context, final Object message) {
            final ByteBuf content = message instanceof DatagramPacket datagram ? datagram.content() : (ByteBuf) message;
            session.touch();
            write(to, content);
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
