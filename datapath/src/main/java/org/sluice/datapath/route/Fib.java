package org.sluice.datapath.route;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.protocol.IpAddress;

/**
 * The forwarding information base of one worker: endpoints by address, the host's own addresses, the routes that lead
 * out through uplinks, and the next hops. Control's commands fill it. Owned by the worker.
 */
public final class Fib {
    private final AddressTable<Port> endpoints = new AddressTable<>();
    private final AddressTable<Boolean> locals = new AddressTable<>();
    private final RouteTable routes = new RouteTable();
    private final NextHopTable nextHops;

    public Fib(final NextHopTable nextHops) {
        this.nextHops = nextHops;
    }

    public NextHopTable nextHops() {
        return nextHops;
    }

    public RouteTable routes() {
        return routes;
    }

    /** The endpoint that has the address, or null. */
    public Port endpoint(final long high, final long low) {
        return endpoints.get(high, low);
    }

    /** Whether the host itself has the address. */
    public boolean isLocal(final long high, final long low) {
        return locals.get(high, low) != null;
    }

    public void addLocal(final long high, final long low) {
        locals.put(high, low, Boolean.TRUE);
        nextHops.routesChanged();
    }

    public void removeLocal(final long high, final long low) {
        locals.remove(high, low);
        nextHops.routesChanged();
    }

    /** Adds a route; it replaces one for the same prefix. */
    public void putRoute(final Route route) {
        routes.put(route);
        nextHops.routesChanged();
    }

    public void removeRoute(final long high, final long low, final int length) {
        routes.remove(high, low, length);
        nextHops.routesChanged();
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
     * The next hop of packets to the address, or null without a route.
     *
     * @param ports    of the worker, by index.
     * @param flowHash chooses between several hops.
     */
    public NextHop resolve(final long high, final long low, final long flowHash, final Port[] ports,
                           final int nowSeconds) {
        final Port endpoint = endpoint(high, low);
        if (endpoint != null) {
            return nextHops.ofPort(endpoint.index());
        }
        final Route route = routes.lookup(high, low);
        return route == null || route.hops().length == 0 ? null
            : resolve(route.hopOf(flowHash), high, low, ports, nowSeconds);
    }

    /** The next hop for one hop of a route. */
    public NextHop resolve(final Route.Hop hop, final long high, final long low, final Port[] ports,
                           final int nowSeconds) {
        final Port uplink = ports[hop.portIndex()];
        if (uplink == null || !uplink.isUplink()) {
            return null;
        }
        return hop.isOnLink() ? nextHops.neighbour(uplink, high, low, nowSeconds)
            : nextHops.neighbour(uplink, hop.gatewayHigh(), hop.gatewayLow(), nowSeconds);
    }
}
