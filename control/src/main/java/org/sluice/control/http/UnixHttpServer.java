package org.sluice.control.http;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.ReadTimeoutHandler;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;

/** HTTP/1.1 with JSON bodies on a unix socket, by Netty's native epoll. One event loop reads and writes. */
public final class UnixHttpServer implements AutoCloseable {
    /**
     * The limits that a client must keep.
     *
     * @param idleSeconds  after which a silent connection is closed; 0 for never.
     * @param requestBytes of the largest body.
     */
    public record Limits(int idleSeconds, int requestBytes) {
    }

    private static final Logger LOG = LoggerFactory.getLogger(UnixHttpServer.class);
    /** S_IFMT and S_IFSOCK of inode(7). */
    private static final int FILE_TYPE = 0170000;
    private static final int TYPE_SOCKET = 0140000;

    private final EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final Path socket;
    private final HttpService service;
    private final Limits limits;
    private final Channel server;
    /** Tells our socket's file from one that another process has put in its place. */
    private final @Nullable Object fileKey;
    private volatile boolean closed;

    /**
     * Listens from now on.
     *
     * @param socket path of the unix socket; only the owner may connect (mode 0600).
     * @throws ControlException when another process serves on the path.
     */
    public UnixHttpServer(final Path socket, final Limits limits, final HttpService service) {
        this.socket = socket;
        this.service = service;
        this.limits = limits;
        try {
            requireUnserved(socket);
            server = listen();
            fileKey = fileKey();
        } catch (final RuntimeException ex) {
            eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw ex;
        }
    }

    /**
     * Looks whether a path is free for a server; the file of a dead one is no hindrance.
     *
     * @throws ControlException when another process serves on it, or when it is no socket.
     */
    public static void requireUnserved(final Path socket) {
        if (Files.exists(socket) && !isSocket(socket)) {
            throw ControlException.conflict(socket + " is there and no socket; choose another path");
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(socket));
        } catch (final IOException ex) {
            return; // nobody answers: at most a dead process's file is there
        }
        throw ControlException.conflict("another process serves " + socket + "; stop it, or choose another path");
    }

    private static boolean isSocket(final Path socket) {
        try {
            return ((int) Files.getAttribute(socket, "unix:mode") & FILE_TYPE) == TYPE_SOCKET;
        } catch (final IOException ex) {
            return false;
        }
    }

    /** Binds under another name first, so that nobody can connect before the mode is set. */
    private Channel listen() {
        final Path draft = socket.resolveSibling(socket.getFileName() + ".new");
        try {
            Files.createDirectories(socket.getParent());
            Files.deleteIfExists(draft);
            final Channel channel = new ServerBootstrap()
                .group(eventLoop)
                .channel(EpollServerDomainSocketChannel.class)
                // A client may close its side once it has sent its request.
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(final Channel child) {
                        child.pipeline().addLast(new HttpServerCodec(),
                            new HttpObjectAggregator(limits.requestBytes()),
                            new ReadTimeoutHandler(limits.idleSeconds()), new Handler());
                    }
                })
                .bind(new DomainSocketAddress(draft.toString())).syncUninterruptibly().channel();
            Files.setPosixFilePermissions(draft, PosixFilePermissions.fromString("rw-------"));
            Files.move(draft, socket, StandardCopyOption.ATOMIC_MOVE);
            return channel;
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot listen on " + socket + ": " + ex.getMessage(), ex);
        }
    }

    private @Nullable Object fileKey() {
        try {
            return Files.getAttribute(socket, "unix:ino");
        } catch (final IOException ex) {
            return null; // it is gone
        }
    }

    /** Stops listening; what is not answered yet never is. */
    @Override
    public void close() {
        closed = true;
        server.close().syncUninterruptibly();
        eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        try {
            if (Objects.equals(fileKey, fileKey())) {
                Files.deleteIfExists(socket);
            }
        } catch (final IOException ex) {
            LOG.warn("cannot remove {}", socket, ex);
        }
    }

    /** One connection. On the event loop, but for the answers. */
    private final class Handler extends SimpleChannelInboundHandler<FullHttpRequest> {
        private int unanswered;
        private boolean inputEnded;

        @Override
        protected void channelRead0(final ChannelHandlerContext context, final FullHttpRequest request) {
            unanswered++;
            if (request.decoderResult().isFailure()) {
                respond(context, service.refuse(HttpResponseStatus.BAD_REQUEST, "this is not HTTP"), false);
                return;
            }
            if (closed) {
                respond(context, service.refuse(HttpResponseStatus.SERVICE_UNAVAILABLE, "the daemon is stopping"),
                    false);
                return;
            }
            final boolean keepAlive = HttpUtil.isKeepAlive(request);
            service.serve(request.method(), request.uri(), ByteBufUtil.getBytes(request.content()),
                answer -> respond(context, answer, keepAlive));
        }

        private void respond(final ChannelHandlerContext context, final HttpService.Answer answer,
                             final boolean keepAlive) {
            final FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, answer.status(),
                Unpooled.wrappedBuffer(answer.body()));
            response.headers().set(HttpHeaderNames.CONTENT_TYPE, service.contentType());
            HttpUtil.setContentLength(response, answer.body().length);
            HttpUtil.setKeepAlive(response, keepAlive);
            context.writeAndFlush(response).addListener(written -> {
                unanswered--;
                if (!keepAlive || !written.isSuccess()) {
                    context.close();
                }
                closeIfOver(context);
            });
        }

        /** A client that has closed its side still gets its answers; then there is nothing more to come. */
        @Override
        public void userEventTriggered(final ChannelHandlerContext context, final Object event) throws Exception {
            inputEnded |= event instanceof ChannelInputShutdownEvent;
            closeIfOver(context);
            super.userEventTriggered(context, event);
        }

        private void closeIfOver(final ChannelHandlerContext context) {
            if (inputEnded && unanswered == 0) {
                context.close();
            }
        }

        @Override
        public void exceptionCaught(final ChannelHandlerContext context, final Throwable cause) {
            LOG.debug("a client went away", cause);
            context.close();
        }
    }
}
