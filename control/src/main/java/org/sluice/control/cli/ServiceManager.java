package org.sluice.control.cli;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Notifies the service manager of the daemon's state (sd_notify(3)), if the environment names its socket. */
final class ServiceManager {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
    private static final String SOCKET = System.getenv("NOTIFY_SOCKET");

    private ServiceManager() {
    }

    /** The daemon serves; units that wait for it may start. */
    static void ready() {
        tell("READY=1");
    }

    /** The daemon ends because it was asked to. */
    static void stopping() {
        tell("STOPPING=1");
    }

    private static void tell(final String state) {
        if (SOCKET == null || SOCKET.isEmpty()) {
            return;
        }
        // A leading @ stands for the zero byte that begins an abstract address.
        final String path = SOCKET.startsWith("@") ? "\0" + SOCKET.substring(1) : SOCKET;
        final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            final Channel channel = new Bootstrap().group(loop).channel(EpollDomainDatagramChannel.class)
                .handler(new ChannelInboundHandlerAdapter()).connect(new DomainSocketAddress(path))
                .sync().channel();
            channel.writeAndFlush(Unpooled.copiedBuffer(state, StandardCharsets.US_ASCII)).sync();
            channel.close().sync();
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        } catch (final Exception ex) {
            LOG.warn("cannot notify the service manager at {} of {}: {}", SOCKET, state, ex.getMessage());
        } finally {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }
}
