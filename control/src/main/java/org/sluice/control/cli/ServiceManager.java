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

/** Tells who has started the daemon how it is (sd_notify(3)); nobody, where the environment names no socket. */
final class ServiceManager {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
    private static final String SOCKET = System.getenv("NOTIFY_SOCKET");

    private ServiceManager() {
    }

    /** Those who wait for the daemon may go on. */
    static void ready() {
        tell("READY=1");
    }

    /** It ends because it was asked to. */
    static void stopping() {
        tell("STOPPING=1");
    }

    private static void tell(final String state) {
        if (SOCKET == null || SOCKET.isEmpty()) {
            return;
        }
        // An address that begins with @ is one of the abstract kind, which really begin with a zero byte.
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
            LOG.warn("the service manager at {} cannot be told {}: {}", SOCKET, state, ex.getMessage());
        } finally {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }
}
