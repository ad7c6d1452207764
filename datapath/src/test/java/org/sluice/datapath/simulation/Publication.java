package org.sluice.datapath.simulation;

import org.sluice.datapath.nat.PortMap;

/**
 * Published ports of one endpoint.
 *
 * @param host  the host's address, or null for all of the family.
 * @param first the first port of the host.
 * @param count how many ports.
 * @param to    the endpoint's address.
 * @param port  the endpoint's port that the first one leads to.
 */
record Publication(int protocol, boolean v4, Address host, int first, int count, Address to, int port) {
    boolean covers(final Tuple tuple) {
        return tuple.protocol() == protocol && tuple.destination().isV4() == v4
            && (host == null || host.equals(tuple.destination())) && tuple.destinationPort() >= first
            && tuple.destinationPort() < first + count;
    }

    /** Whether the switch must refuse one of the two. */
    boolean isInTheWayOf(final Publication other) {
        return protocol == other.protocol && v4 == other.v4
            && (host == null ? other.host == null : host.equals(other.host))
            && first < other.first + other.count && other.first < first + count;
    }

    PortMap map() {
        return new PortMap(protocol, v4, host == null ? 0 : host.high(), host == null ? 0 : host.low(), first,
            first + count - 1, to.high(), to.low(), port);
    }
}
