package org.sluice.control.uplink;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import org.sluice.control.host.HostWatch;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.IpPrefix;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.route.Route;
import org.sluice.datapath.route.RouteKey;
import org.sluice.datapath.route.RouteType;
import org.sluice.datapath.route.SourceAddress;
import org.sluice.linux.netlink.KernelRoute;
import org.sluice.linux.netlink.RouteNetlink;

/**
 * Turns the kernel's routes of all tables into a worker's. Of several routes with the same key the kernel takes the one
 * with the lowest metric, and of IPv6 then that of the router with the highest preference.
 */
final class RouteTranslator {
    private static final Comparator<KernelRoute> BEST_FIRST = Comparator
        .<KernelRoute>comparingLong(route -> route.priority() & 0xFFFF_FFFFL)
        .thenComparingInt(route -> -route.selector().preference());

    private final HostWatch host;
    private final UplinkManager uplinks;
    private final MasqueradeSources sources;

    /** A route without its key, in a form that can be compared. */
    record Way(RouteType type, int mtu, int linkIndex, int linkGroup, List<Route.Hop> hops) {
        Route with(final RouteKey key) {
            return new Route(key, type, mtu, linkIndex, linkGroup, hops.toArray(Route.Hop[]::new));
        }
    }

    RouteTranslator(final HostWatch host, final UplinkManager uplinks, final MasqueradeSources sources) {
        this.host = host;
        this.uplinks = uplinks;
        this.sources = sources;
    }

    /** What the worker's tables should hold. */
    Map<RouteKey, Way> routesFor(final int worker) {
        final Map<RouteKey, KernelRoute> best = new HashMap<>();
        for (final KernelRoute route : host.allRoutes()) {
            if (typeOf(route) != null && isAlive(route)) {
                best.merge(keyOf(route), route, (one, other) -> BEST_FIRST.compare(other, one) < 0 ? other : one);
            }
        }
        final Map<RouteKey, Way> ways = new HashMap<>();
        best.forEach((key, route) -> ways.put(key, wayOf(route, worker)));
        return ways;
    }

    /** A route by interfaces that are down does not count; a shorter prefix or a higher metric does. */
    private static boolean isAlive(final KernelRoute route) {
        return route.hops().isEmpty() || !route.hops().stream().allMatch(KernelRoute.Hop::dead);
    }

    private static RouteKey keyOf(final KernelRoute route) {
        final InetAddress source = route.selector().source();
        return new RouteKey(route.table(), IpAddress.high(route.destination()), IpAddress.low(route.destination()),
            Addresses.length(route.destination(), route.prefixLength()), route.selector().tos(),
            source == null ? ConntrackFilter.Prefix.ANY
                : Addresses.prefixOf(IpPrefix.of(source, route.selector().sourceLength())));
    }

    /** Null for what no routed packet follows, and for the host's own addresses: the workers know those already. */
    private static @Nullable RouteType typeOf(final KernelRoute route) {
        return switch (route.type()) {
            case KernelRoute.UNICAST -> RouteType.UNICAST;
            case KernelRoute.BROADCAST -> RouteType.LOCAL;
            case KernelRoute.LOCAL, KernelRoute.ANYCAST ->
                route.table() == RouteNetlink.RT_TABLE_LOCAL ? null : RouteType.LOCAL;
            case KernelRoute.BLACKHOLE -> RouteType.BLACKHOLE;
            case KernelRoute.UNREACHABLE -> RouteType.UNREACHABLE;
            case KernelRoute.PROHIBIT -> RouteType.PROHIBIT;
            case KernelRoute.THROW -> RouteType.THROW;
            default -> null;
        };
    }

    private Way wayOf(final KernelRoute route, final int worker) {
        final List<Route.Hop> hops = new ArrayList<>();
        if (route.type() == KernelRoute.UNICAST) {
            for (final KernelRoute.Hop hop : route.hops()) {
                if (!hop.dead() && !hop.encapsulated() && hops.size() < Command.PutRoute.MAX_HOPS) {
                    uplinks.find(hop.linkIndex())
                        .ifPresent(uplink -> hops.add(hopOf(uplink.portIndex(worker), route, hop)));
                }
            }
        }
        final int linkIndex = route.hops().isEmpty() ? 0 : route.hops().getFirst().linkIndex();
        return new Way(Optional.ofNullable(typeOf(route)).orElseThrow(), mtuOf(route, linkIndex), linkIndex,
            host.linkGroup(linkIndex), hops);
    }

    /**
     * What a forwarded packet may have; 0 for the interface's MTU. For IPv6 the interface has an MTU of its own, which
     * a router may lower by its advertisements.
     */
    private int mtuOf(final KernelRoute route, final int linkIndex) {
        if (route.destination() instanceof Inet4Address || route.mtuLocked() || uplinks.find(linkIndex).isEmpty()) {
            return route.mtu();
        }
        final int ofLink = MasqueradeSources.setting(host.linkName(linkIndex), "mtu", 0);
        return route.mtu() == 0 || ofLink == 0 ? Math.max(route.mtu(), ofLink) : Math.min(route.mtu(), ofLink);
    }

    private Route.Hop hopOf(final int portIndex, final KernelRoute route, final KernelRoute.Hop hop) {
        final SourceAddress source = sourceOf(route, hop).orElse(null);
        return new Route.Hop(portIndex, IpAddress.high(hop.gateway()), IpAddress.low(hop.gateway()),
            source == null ? 0 : source.high(), source == null ? 0 : source.low(), hop.weight());
    }

    /** The address that packets by the hop are masqueraded with; empty if it depends on the destination. */
    Optional<SourceAddress> sourceOf(final KernelRoute route, final KernelRoute.Hop hop) {
        final boolean ipv4 = route.destination() instanceof Inet4Address;
        final List<SourceAddress> candidates = sources.of(hop.linkIndex(), ipv4);
        if (candidates.size() == 1) {
            return Optional.of(candidates.getFirst());
        }
        return ipv4 && hop.gateway() instanceof Inet4Address && !candidates.isEmpty()
            ? Optional.of(candidates.stream().filter(candidate -> isOnSubnet(candidate, hop.gateway())).findFirst()
                .orElse(candidates.getFirst())) : Optional.empty();
    }

    private static boolean isOnSubnet(final SourceAddress candidate, final InetAddress gateway) {
        return new ConntrackFilter.Prefix(candidate.subnetHigh(), candidate.subnetLow(), candidate.length())
            .matches(IpAddress.high(gateway), IpAddress.low(gateway));
    }
}
