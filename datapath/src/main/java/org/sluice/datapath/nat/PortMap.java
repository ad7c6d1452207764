package org.sluice.datapath.nat;

/**
 * A published port or range of ports: packets for the host's ports go to an endpoint's (DNAT). Addresses of both
 * families, IPv4 ones mapped.
 *
 * @param protocol      6, 17 or 132.
 * @param ipv4          family of the host's addresses.
 * @param hostHigh      the host's address; both halves are 0 for all addresses of the family.
 * @param hostLow       the low half.
 * @param hostFirst     first port of the host.
 * @param hostLast      last port of the host.
 * @param endpointHigh  the endpoint's address.
 * @param endpointLow   the low half.
 * @param endpointFirst the endpoint's port for the host's first one.
 */
public record PortMap(int protocol, boolean ipv4, long hostHigh, long hostLow, int hostFirst, int hostLast,
                      long endpointHigh, long endpointLow, int endpointFirst) {
    /** Whether it applies to all addresses of the host. */
    public boolean isForAllAddresses() {
        return (hostHigh | hostLow) == 0;
    }

    /** The endpoint's port for a port of the range. */
    public int endpointPort(final int hostPort) {
        return endpointFirst + hostPort - hostFirst;
    }

    /** The host's port for a port of the endpoint, or 0 if it is not of the range. */
    int hostPort(final int endpointPort) {
        final int port = endpointPort - endpointFirst + hostFirst;
        return port >= hostFirst && port <= hostLast ? port : 0;
    }
}
