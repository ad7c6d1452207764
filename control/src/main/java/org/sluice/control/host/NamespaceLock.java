package org.sluice.control.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.PeerCredentials;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;

/**
 * One daemon for a network namespace: uplinks, steering, NAT ports and published ports belong to one. The lock is an
 * abstract unix socket (unix(7)), which exists in its network namespace only and ends with the process, however that
 * ends. It tells whoever connects where its daemon runs. Any thread.
 */
public final class NamespaceLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NamespaceLock.class);
    private static final DomainSocketAddress ADDRESS = new DomainSocketAddress("\0sluice-daemon");
    private static final long ANSWER_MS = 1000;

    private final EventLoopGroup loop;
    private final @Nullable Channel socket;

    private NamespaceLock(final EventLoopGroup loop, final @Nullable Channel socket) {
        this.loop = loop;
        this.socket = socket;
    }

    /**
     * Takes the lock of the calling thread's network namespace.
     *
     * @param runDir where the daemon can be found.
     * @throws ControlException when another daemon has it.
     */
    public static NamespaceLock take(final Path runDir) {
        final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            final ChannelFuture bound = new ServerBootstrap().group(loop).channel(EpollServerDomainSocketChannel.class)
                .childHandler(new Teller(runDir.toString())).bind(ADDRESS).awaitUninterruptibly();
            if (!bound.isSuccess()) {
                refuseForOwner(loop);
            }
            return new NamespaceLock(loop, bound.isSuccess() ? bound.channel() : null);
        } catch (final RuntimeException ex) {
            end(loop);
            throw ex;
        }
    }

    /** Returns if the owner cannot be a daemon: any user may take the name, and none must keep the daemon from it. */
    private static void refuseForOwner(final EventLoopGroup loop) {
        final CompletableFuture<String> runDir = new CompletableFuture<>();
        final ChannelFuture connected = new Bootstrap().group(loop).channel(EpollDomainSocketChannel.class)
            .handler(new Asker(runDir)).connect(ADDRESS).awaitUninterruptibly();
        final @Nullable PeerCredentials owner = credentials(connected);
        if (owner != null && owner.uid() != 0) {
            LOG.warn("process {} of user {} holds the name of the daemon's lock; nothing keeps a second daemon from"
                + " this network namespace now", owner.pid(), owner.uid());
            return;
        }
        final String where = owner == null ? "" : " (pid " + owner.pid() + ", run folder "
            + runDir.completeOnTimeout("unknown", ANSWER_MS, TimeUnit.MILLISECONDS).join() + ")";
        throw ControlException.conflict("another daemon" + where + " runs in this network namespace, which can have"
            + " one only; stop it, or use that one");
    }

    private static @Nullable PeerCredentials credentials(final ChannelFuture connected) {
        try {
            return connected.isSuccess() ? ((EpollDomainSocketChannel) connected.channel()).peerCredentials() : null;
        } catch (final IOException ex) {
            return null; // it has just ended
        }
    }

    private static void end(final EventLoopGroup loop) {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        if (socket != null) {
            socket.close().awaitUninterruptibly();
        }
        end(loop);
    }

    /** Tells each connection the run folder, and closes it. */
    private static final class Teller extends ChannelInitializer<Channel> {
        private final String runDir;

        Teller(final String runDir) {
            this.runDir = runDir;
        }

        @Override
        protected void initChannel(final Channel channel) {
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(final ChannelHandlerContext context) {
                    context.writeAndFlush(Unpooled.copiedBuffer(runDir, StandardCharsets.UTF_8))
                        .addListener(ChannelFutureListener.CLOSE);
                }
            });
        }
    }

    /** Takes what the owner tells. */
    private static final class Asker extends SimpleChannelInboundHandler<ByteBuf> {
        private final CompletableFuture<String> runDir;

        Asker(final CompletableFuture<String> runDir) {
            this.runDir = runDir;
        }

        @Override
        protected void channelRead0(final ChannelHandlerContext context, final ByteBuf told) {
            runDir.complete(told.toString(StandardCharsets.UTF_8));
        }
    }
}
