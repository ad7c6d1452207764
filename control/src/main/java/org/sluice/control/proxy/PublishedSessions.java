package org.sluice.control.proxy;

import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.GlobalEventExecutor;

import org.sluice.control.model.PortMapSpec;

/** The proxied connections and sessions, by the port map that they came by: they end with it. Any thread may use it. */
final class PublishedSessions {
    private static final AttributeKey<PortMapSpec> MAP = AttributeKey.valueOf("published by");

    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

    /** Remembers a channel until it is closed. */
    void add(final Channel channel, final PortMapSpec map) {
        channel.attr(MAP).set(map);
        channels.add(channel);
    }

    /** Closes those of a map; they are closed when this returns. */
    void end(final PortMapSpec map) {
        channels.close(channel -> map.equals(channel.attr(MAP).get())).syncUninterruptibly();
    }
}
