package org.sluice.datapath.route;

import java.util.ArrayList;
import java.util.List;

import org.agrona.collections.Int2ObjectHashMap;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.protocol.IpAddress;

/**
 * The forwarding information base of one worker: endpoints by address, the host's own addresses, the host's routing
 * policy with its tables, and the next hops. Control's commands fill it. Owned by the worker.
 */
public final class Fib {
    private static final int ADDRESS_BITS = 128;

    private final AddressTable<Port> endpoints = new AddressTable<>();
    private final AddressTable<Boolean> locals = new AddressTable<>();
    private final RouteTable localPrefixes = new RouteTable();
    private final Int2ObjectHashMap<RouteTable> tables = new Int2ObjectHashMap<>();
    private RoutingPolicy ipv4Policy = defaultPolicy(true);
    private RoutingPolicy ipv6Policy = defaultPolicy(false);
    private final List<PolicyRule> rulesToCome = new ArrayList<>();
    /** By uplink. */
    private final SourceAddresses[] ipv4Sources = new SourceAddresses[PortIndex.LIMIT];
    private final SourceAddresses[] ipv6Sources = new SourceAddresses[PortIndex.LIMIT];
    private final List<SourceAddress> sourcesToCome = new ArrayList<>();
    private final NextHopTable nextHops;

    public Fib(final NextHopTable nextHops) {
        this.nextHops = nextHops;
    }

    /** What applies until control has read the host's rules. */
    private RoutingPolicy defaultPolicy(final boolean ipv4) {
        return new RoutingPolicy(List.of(PolicyRule.table(ipv4, RouteKey.MAIN),
            PolicyRule.table(ipv4, RouteKey.DEFAULT)), this::table);
    }

    public NextHopTable nextHops() {
        return nextHops;
    }

    private RouteTable table(final int number) {
        return tables.computeIfAbsent(number, ignored -> new RouteTable());
    }

    /** The endpoint that has the address, or null. */
    public Port endpoint(final long high, final long low) {
        return endpoints.get(high, low);
    }

    /**
     * Whether packets to the address are the host's: one of its own addresses. The local table comes before all rules,
     * as the kernel has it unless somebody moves it.
     */
    public boolean isLocal(final long high, final long low) {
        return locals.get(high, low) != null || localPrefixes.size() != 0 && localPrefixes.covers(high, low);
    }

    /**
     * @param length of the prefix whose addresses are the host's; 128 for one address, of IPv4 too.
     */
    public void addLocal(final long high, final long low, final int length) {
        if (length == ADDRESS_BITS) {
            locals.put(high, low, Boolean.TRUE);
        } else {
            localPrefixes.put(new Route(high, low, length, new Route.Hop[0]));
        }
        nextHops.routesChanged();
    }

    public void removeLocal(final long high, final long low, final int length) {
        if (length == ADDRESS_BITS) {
            locals.remove(high, low);
        } else {
            localPrefixes.remove(new RouteKey(RouteKey.MAIN, high, low, length));
        }
        nextHops.routesChanged();
    }

    /** Adds a route; it replaces one with the same key. */
    public void putRoute(final Route route) {
        table(route.key().table()).put(route);
        nextHops.routesChanged();
    }

    public void removeRoute(final RouteKey key) {
        table(key.table()).remove(key);
        nextHops.routesChanged();
    }

    /** Adds a rule to those that {@link #installRules} will install. */
    public void addRule(final PolicyRule rule) {
        rulesToCome.add(rule);
    }

    /**
     * Lets the rules that were added take the place of the family's, all at once.
     *
     * @param count how many they must be.
     * @return false if they are not so many; then nothing changes.
     */
    public boolean installRules(final boolean ipv4, final int count) {
        final List<PolicyRule> rules = rulesToCome.stream().filter(rule -> rule.ipv4() == ipv4).toList();
        final boolean complete = rules.size() == count && rulesToCome.size() == count;
        rulesToCome.clear();
        if (complete) {
            final RoutingPolicy policy = new RoutingPolicy(rules, this::table);
            ipv4Policy = ipv4 ? policy : ipv4Policy;
            ipv6Policy = ipv4 ? ipv6Policy : policy;
            nextHops.routesChanged();
        }
        return complete;
    }

    /** Adds an address to those that {@link #installSources} will install. */
    public void addSource(final SourceAddress source) {
        sourcesToCome.add(source);
    }

    /** Lets the addresses that were added be those of the uplink; otherwise as {@link #installRules}. */
    public boolean installSources(final int portIndex, final boolean ipv4, final int count) {
        final boolean complete = sourcesToCome.size() == count;
        if (complete) {
            (ipv4 ? ipv4Sources : ipv6Sources)[portIndex] = count == 0 ? null : new SourceAddresses(sourcesToCome);
        }
        sourcesToCome.clear();
        return complete;
    }

    /**
     * The address that masquerading gives a packet by the hop, or null without any.
     *
     * @param high of the packet's destination.
     * @param low  of the packet's destination.
     */
    public SourceAddress sourceOf(final Route.Hop hop, final long high, final long low) {
        if (IpAddress.isIpv4(high, low)) {
            final SourceAddresses sources = ipv4Sources[hop.portIndex()];
            return sources == null ? null : sources.selectIpv4(low);
        }
        final SourceAddresses sources = ipv6Sources[hop.portIndex()];
        return sources == null ? null : sources.selectIpv6(high, low);
    }

    /** The route of a packet that no endpoint of this worker gets, as the host's policy has it; null for none. */
    public Route route(final RouteQuery query) {
        return (query.isIpv4() ? ipv4Policy : ipv6Policy).lookup(query);
    }

    /** Why the route, or the missing one, leads no packet out; null if it does. */
    public static DropReason refusalOf(final Route route) {
        if (route == null) {
            return DropReason.NO_ROUTE;
        }
        return switch (route.type()) {
            case UNICAST -> route.hops().length == 0 ? DropReason.ROUTE_BY_NO_UPLINK : null;
            case LOCAL -> DropReason.ROUTE_TO_HOST;
            case BLACKHOLE -> DropReason.ROUTE_BLACKHOLE;
            case UNREACHABLE -> DropReason.ROUTE_UNREACHABLE;
            case UNREACHABLE_BY_RULE -> DropReason.RULE_UNREACHABLE;
            case PROHIBIT -> DropReason.ROUTE_PROHIBITED;
            case NOT_UNDERSTOOD -> DropReason.RULE_NOT_UNDERSTOOD;
            case THROW -> DropReason.NO_ROUTE;
        };
    }

    /** Adds an endpoint's addresses. */
    public void addEndpoint(final Port port) {
        final PortIdentity identity = port.identity();
        if (identity.hasIpv4()) {
            endpoints.put(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(identity.ipv4()), port);
        }
        if (identity.hasIpv6()) {
            endpoints.put(identity.ipv6High(), identity.ipv6Low(), port);
        }
    }

    public void removeEndpoint(final Port port) {
        final PortIdentity identity = port.identity();
        if (identity.hasIpv4() && endpoints.get(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(identity.ipv4())) == port) {
            endpoints.remove(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(identity.ipv4()));
        }
        if (identity.hasIpv6() && endpoints.get(identity.ipv6High(), identity.ipv6Low()) == port) {
            endpoints.remove(identity.ipv6High(), identity.ipv6Low());
        }
    }

    /**
     * The next hop of packets to the address by one hop of a route, or null if its uplink is gone.
     *
     * @param ports of the worker, by index.
     */
    public NextHop resolve(final Route route, final Route.Hop hop, final long high, final long low, final Port[] ports,
                           final int nowSeconds) {
        final Port uplink = ports[hop.portIndex()];
        if (uplink == null || !uplink.isUplink()) {
            return null;
        }
        return hop.isOnLink() ? nextHops.neighbour(uplink, high, low, route.mtu(), nowSeconds)
            : nextHops.neighbour(uplink, hop.gatewayHigh(), hop.gatewayLow(), route.mtu(), nowSeconds);
    }
}
