package org.sluice.control.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One direction of a proxied connection: what comes by one channel goes out by the other, no faster than that takes it.
 * An end of input is passed on as such, so that connections may be half closed; Netty then reads at once all that the
 * kernel still has, which the session counts. On the proxy's event loop.
 */
final class TcpRelay extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(TcpRelay.class);

    private final DuplexChannel to;
    private final ProxySessions.Session session;

    TcpRelay(final DuplexChannel to, final ProxySessions.Session session) {
        this.to = to;
        this.session = session;
    }

    @Override
    public void channelRead(final ChannelHandlerContext context, final Object message) {
        final Channel from = context.channel();
        final ByteBuf content = (ByteBuf) message;
        final int capacity = content.capacity();
        session.touch();
        session.hold(capacity);
        to.writeAndFlush(content).addListener(written -> {
            session.hold(-capacity);
            if (written.isSuccess()) {
                from.read();
            } else {
                from.close();
            }
        });
    }

    @Override
    public void userEventTriggered(final ChannelHandlerContext context, final Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            final DuplexChannel from = (DuplexChannel) context.channel();
            // Behind what is still to be written: shutting the output down would throw that away.
            to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
                to.shutdownOutput();
                if (from.isOutputShutdown()) {
                    from.close();
                }
            });
        }
    }

    @Override
    public void channelInactive(final ChannelHandlerContext context) {
        to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(final ChannelHandlerContext context, final Throwable cause) {
        // Any local process can bring this about as often as it likes, so it is no warning.
        LOG.debug("a proxied connection failed", cause);
        context.close();
    }
}
