package org.sluice.control.cli;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

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

import org.sluice.control.base.ControlException;

/** Notifies the service manager of the daemon's state (sd_notify(3)), if the environment names its socket. */
final class ServiceManager {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
    private static final String SOCKET = System.getenv("NOTIFY_SOCKET");

    private static final int TELLS_A_PERIOD = 3;

    private ServiceManager() {
    }

    /** The daemon serves; units that wait for it may start. */
    static void ready() {
        tell("READY=1");
    }

    /**
     * Tells the service manager again and again that the daemon is alive, if it asked for that (WatchdogSec=). If it is
     * told no more, it ends the daemon and starts it anew.
     *
     * @param alive may take as long as the daemon takes to answer.
     */
    static void watch(final BooleanSupplier alive) {
        final String periodUs = System.getenv("WATCHDOG_USEC");
        if (periodUs == null) {
            return;
        }
        final long pauseMs = TimeUnit.MICROSECONDS.toMillis(Long.parseLong(periodUs)) / TELLS_A_PERIOD;
        Thread.ofPlatform().daemon().name("watchdog").start(() -> {
            try {
                while (alive.getAsBoolean()) {
                    tell("WATCHDOG=1");
                    TimeUnit.MILLISECONDS.sleep(pauseMs);
                }
                LOG.error("a worker has stopped; the service manager will restart the daemon");
            } catch (final InterruptedException | ControlException ex) {
                LOG.debug("the daemon is stopping", ex);
            }
        });
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
