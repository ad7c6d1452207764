package org.sluice.datapath.simulation;

import org.sluice.datapath.route.Route;

/**
 * A route to the outside.
 *
 * @param gateway the router, or null where the destination is on the link.
 */
record RouteEntry(Address prefix, int length, Station uplink, Address gateway) {
    Address source() {
        return uplink.address(prefix.isV4());
    }

    int mappedLength() {
        return prefix.isV4() ? length + Route.IPV4_LENGTH_OFFSET : length;
    }

    Route route() {
        return new Route(prefix.high(), prefix.low(), mappedLength(), new Route.Hop[] {
            new Route.Hop(uplink.port(), gateway == null ? 0 : gateway.high(), gateway == null ? 0 : gateway.low(),
                source().high(), source().low())});
    }
}
