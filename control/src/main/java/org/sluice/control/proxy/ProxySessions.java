package org.sluice.control.proxy;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.model.PortMapSpec;

/**
 * The proxied connections, or sessions of datagrams, by the port map that they came by: they end with it. There is room
 * for so many, and for so many bytes that the proxy has read and not written yet. When there are more, the port map
 * with the most of them loses the one that is idle longest, and when the bytes are too many, the one that holds most
 * gives way. So a flood at one port takes no place from the others. On the proxy's event loop, where nothing else is
 * said.
 */
final class ProxySessions {
    private static final Logger LOG = LoggerFactory.getLogger(ProxySessions.class);
    private static final int END_TIMEOUT_SECONDS = 5;

    private final EventLoop eventLoop;
    private final int most;
    private final long mostBytes;
    /** Idle longest first. */
    private final Map<PortMapSpec, SequencedSet<Session>> byMap = new HashMap<>();
    private final AtomicLong gaveWay = new AtomicLong();
    private int size;
    private long bytes;

    /**
     * @param most      sessions.
     * @param mostBytes of data that waits in the proxy.
     */
    ProxySessions(final EventLoop eventLoop, final int most, final long mostBytes) {
        this.eventLoop = eventLoop;
        this.most = most;
        this.mostBytes = mostBytes;
    }

    /** One of them. */
    final class Session {
        private final PortMapSpec map;
        private final Channel client;
        private @Nullable Channel endpoint;
        private long held;
        private boolean removed;

        private Session(final PortMapSpec map, final Channel client) {
            this.map = map;
            this.client = client;
        }

        /** Names its other channel. */
        void endpoint(final Channel channel) {
            endpoint = channel;
        }

        /** Notes that it is in use. */
        void touch() {
            final SequencedSet<Session> sessions = byMap.get(map);
            if (sessions != null && sessions.contains(this)) {
                sessions.addLast(this);
            }
        }

        /** Counts bytes that the proxy holds for it from now on; less than 0 when it does so no longer. */
        void hold(final int more) {
            held += more;
            if (removed) {
                return; // it is about to let go
            }
            bytes += more;
            while (bytes > mostBytes && giveWay(largest())) {
                LOG.debug("a proxied connection had too much to hold");
            }
        }

        private void close() {
            client.close();
            if (endpoint != null) {
                endpoint.close();
            }
        }

        /** Tells both ends that this is no regular end. */
        private void reset() {
            lingerNot(client);
            if (endpoint != null) {
                lingerNot(endpoint);
            }
            close();
        }

        private static void lingerNot(final Channel channel) {
            if (channel instanceof SocketChannel && channel.isOpen()) {
                channel.config().setOption(ChannelOption.SO_LINGER, 0);
            }
        }
    }

    /** Remembers a client's channel until it is closed. Another session gives way if there is no room. */
    Session add(final Channel client, final PortMapSpec map) {
        if (size >= most) {
            giveWay(byMap.values().stream().max(Comparator.comparingInt(SequencedSet::size)).orElseThrow().getFirst());
        }
        final Session session = new Session(map, client);
        byMap.computeIfAbsent(map, key -> new LinkedHashSet<>()).add(session);
        size++;
        client.closeFuture().addListener(closed -> remove(session));
        return session;
    }

    /** How many sessions have given way to others since the start. Any thread. */
    long gaveWay() {
        return gaveWay.get();
    }

    /** Ends those of a map; they have ended when this returns. Any thread but the event loop. */
    void end(final PortMapSpec map) {
        final Future<?> ended = eventLoop.submit(() ->
            List.copyOf(byMap.getOrDefault(map, new LinkedHashSet<>())).forEach(Session::close));
        try {
            ended.get(END_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        } catch (final Exception ex) {
            LOG.error("what came by {} has not ended after {} s", map, END_TIMEOUT_SECONDS, ex);
        }
    }

    private @Nullable Session largest() {
        return byMap.values().stream().flatMap(SequencedSet::stream)
            .max(Comparator.comparingLong(session -> session.held)).orElse(null);
    }

    private boolean giveWay(final @Nullable Session session) {
        if (session == null || !remove(session)) {
            return false;
        }
        gaveWay.incrementAndGet();
        session.reset();
        return true;
    }

    private boolean remove(final Session session) {
        final SequencedSet<Session> sessions = byMap.get(session.map);
        if (sessions == null || !sessions.remove(session)) {
            return false;
        }
        session.removed = true;
        bytes -= session.held;
        size--;
        if (sessions.isEmpty()) {
            byMap.remove(session.map);
        }
        return true;
    }
}
