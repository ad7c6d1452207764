package org.sluice.datapath.nat;

/**
 * A published port or range of ports: what comes for the host's goes to an endpoint's (DNAT). Addresses of both
 * families, IPv4 ones mapped.
 *
 * @param protocol      6, 17 or 132.
 * @param ipv4          which family of host addresses.
 * @param hostHigh      the host's address; both halves are 0 for all of the family.
 * @param hostLow       the same.
 * @param hostFirst     first port.
 * @param hostLast      last port.
 * @param endpointHigh  the endpoint's address.
 * @param endpointLow   the same.
 * @param endpointFirst the port that the first one goes to.
 */
public record PortMap(int protocol, boolean ipv4, long hostHigh, long hostLow, int hostFirst, int hostLast,
                      long endpointHigh, long endpointLow, int endpointFirst) {
    /** For all addresses of the host. */
    public boolean isForAllAddresses() {
        return (hostHigh | hostLow) == 0;
    }

    /** Where a port of the range goes. */
    public int endpointPort(final int hostPort) {
        return endpointFirst + hostPort - hostFirst;
    }
}
