package org.sluice.control.proxy;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;

import org.jspecify.annotations.Nullable;

import org.sluice.control.model.PortMapSpec;

/**
 * Finds the endpoint behind a published port of the host. The control thread changes it while the event loop looks
 * things up.
 */
final class ProxyTargets {
    /** A published port map and the addresses of its endpoint. */
    private record Target(PortMapSpec map, List<InetAddress> endpoint) {
    }

    /** Where a connection goes, and by which map. */
    record Destination(PortMapSpec map, InetSocketAddress endpoint) {
    }

    /** By protocol and first port; several only where their host addresses differ. */
    private final ConcurrentSkipListMap<Integer, List<Target>> byStart = new ConcurrentSkipListMap<>();

    void add(final PortMapSpec map, final List<InetAddress> endpoint) {
        byStart.computeIfAbsent(key(map.protocol(), map.hostFirst()), start -> new CopyOnWriteArrayList<>())
            .add(new Target(map, endpoint));
    }

    void remove(final PortMapSpec map) {
        final int key = key(map.protocol(), map.hostFirst());
        final List<Target> targets = byStart.get(key);
        if (targets != null) {
            targets.removeIf(target -> target.map().equals(map));
            if (targets.isEmpty()) {
                byStart.remove(key);
            }
        }
    }

    /**
     * The endpoint's address and port, of the family that the client has come by if the endpoint has it; or null.
     *
     * @param meant the address and port that the client has asked for.
     */
    @Nullable Destination find(final int protocol, final InetSocketAddress meant) {
        for (final Map.Entry<Integer, List<Target>> entry : byStart
            .headMap(key(protocol, meant.getPort()), true).descendingMap().entrySet()) {
            if (entry.getKey() >>> Short.SIZE != protocol) {
                return null;
            }
            for (final Target target : entry.getValue()) {
                final PortMapSpec map = target.map();
                final boolean covers = map.hostLast() >= meant.getPort();
                if (covers && map.serves(meant.getAddress())) {
                    return new Destination(map, new InetSocketAddress(addressOf(target, meant.getAddress()),
                        map.endpointFirst() + meant.getPort() - map.hostFirst()));
                }
                if (!covers && map.hostAddress() == null) {
                    return null; // nothing reaches over a map for all addresses
                }
            }
        }
        return null;
    }

    private static InetAddress addressOf(final Target target, final InetAddress like) {
        return target.endpoint().stream()
            .filter(address -> address instanceof Inet4Address == like instanceof Inet4Address).findFirst()
            .orElse(target.endpoint().getFirst());
    }

    private static int key(final int protocol, final int port) {
        return protocol << Short.SIZE | port;
    }
}
