package org.sluice.control.api;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.ReadTimeoutHandler;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The API's unix socket: HTTP/1.1 with JSON bodies, by Netty's native epoll. One event loop reads and writes; the
 * requests are answered one after the other on the control thread.
 */
public final class ApiServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);
    private static final int MAX_REQUEST_BYTES = 1024 * 1024;
    private static final int IDLE_SECONDS = 60;

    private final EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final Path socket;
    private final Executor control;
    private final ApiRouter router;
    private final Channel server;
    private volatile boolean closed;

    /**
     * Listens from now on.
     *
     * @param socket  path of the unix socket; only the owner may connect (mode 0600).
     * @param control runs the requests, one at a time.
     */
    public ApiServer(final Path socket, final ControlApi api, final Executor control) {
        this.socket = socket;
        this.control = control;
        router = new ApiRouter(api);
        try {
            server = listen();
        } catch (final RuntimeException ex) {
            eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw ex;
        }
    }

    /** Binds under another name first, so that nobody can connect before the mode is set. */
    private Channel listen() {
        final Path draft = socket.resolveSibling(socket.getFileName() + ".new");
        try {
            Files.deleteIfExists(draft);
            final Channel channel = new ServerBootstrap()
                .group(eventLoop)
                .channel(EpollServerDomainSocketChannel.class)
                // A client may close its side once it has sent its request.
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(final Channel child) {
                        child.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(MAX_REQUEST_BYTES),
                            new ReadTimeoutHandler(IDLE_SECONDS), new Handler());
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

    /** Stops listening. Called on the control thread; requests that still wait for it are not carried out. */
    @Override
    public void close() {
        closed = true;
        server.close().syncUninterruptibly();
        eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        try {
            Files.deleteIfExists(socket);
        } catch (final IOException ex) {
            LOG.warn("cannot remove {}", socket, ex);
        }
    }

    /** One connection. */
    private final class Handler extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(final ChannelHandlerContext context, final FullHttpRequest request) {
            if (request.decoderResult().isFailure()) {
                respond(context, router.error(HttpResponseStatus.BAD_REQUEST, "this is not HTTP"), false);
                return;
            }
            final HttpMethod method = request.method();
            final String uri = request.uri();
            final byte[] body = ByteBufUtil.getBytes(request.content());
            final boolean keepAlive = HttpUtil.isKeepAlive(request);
            if (closed) {
                respond(context, router.error(HttpResponseStatus.SERVICE_UNAVAILABLE, "the daemon is stopping"), false);
                return;
            }
            control.execute(() -> {
                if (!closed) {
                    respond(context, router.answer(method, uri, body), keepAlive);
                }
            });
        }

        private void respond(final ChannelHandlerContext context, final ApiRouter.Answer answer,
                             final boolean keepAlive) {
            final FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, answer.status(),
                Unpooled.wrappedBuffer(answer.body()));
            response.headers().set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON);
            HttpUtil.setContentLength(response, answer.body().length);
            HttpUtil.setKeepAlive(response, keepAlive);
            final var written = context.writeAndFlush(response);
            if (!keepAlive) {
                written.addListener(ChannelFutureListener.CLOSE);
            }
        }

        @Override
        public void exceptionCaught(final ChannelHandlerContext context, final Throwable cause) {
            LOG.debug("a client went away", cause);
            context.close();
        }
    }
}
