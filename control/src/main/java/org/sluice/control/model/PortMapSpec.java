package org.sluice.control.model;

import java.net.Inet4Address;
import java.net.InetAddress;

import org.jspecify.annotations.Nullable;

/**
 * A published port or range of ports; part of the state that outlives the daemon.
 *
 * @param protocol      6, 17 or 132.
 * @param hostAddress   null for all of the host's; 0.0.0.0 or :: for all of one family.
 * @param hostFirst     first port of the host's.
 * @param hostLast      last one.
 * @param endpointFirst the endpoint's port that the first one leads to.
 */
public record PortMapSpec(String endpoint, int protocol, @Nullable InetAddress hostAddress, int hostFirst, int hostLast,
                          int endpointFirst) {
    public int endpointLast() {
        return endpointFirst + hostLast - hostFirst;
    }

    /** The same on another address of the host's. */
    public PortMapSpec on(final InetAddress address) {
        return new PortMapSpec(endpoint, protocol, address, hostFirst, hostLast, endpointFirst);
    }

    /** Whether one packet could be meant by both. */
    public boolean clashesWith(final PortMapSpec other) {
        return protocol == other.protocol && hostFirst <= other.hostLast && other.hostFirst <= hostLast
            && (hostAddress == null || other.hostAddress == null || serves(other.hostAddress)
                || other.serves(hostAddress));
    }

    /** Whether it is for one address of the host's alone. */
    public boolean forOneAddress() {
        return hostAddress != null && !hostAddress.isAnyLocalAddress();
    }

    /** Whether it is for what comes to an address of the host's. */
    public boolean serves(final InetAddress address) {
        return hostAddress == null || hostAddress.equals(address)
            || hostAddress.isAnyLocalAddress() && servesFamilyOf(address);
    }

    /** Whether it is for addresses of a family. */
    public boolean servesFamilyOf(final InetAddress address) {
        return hostAddress == null || hostAddress instanceof Inet4Address == address instanceof Inet4Address;
    }

    /** As docker writes it: 127.0.0.1:8080->80/tcp. */
    @Override
    public String toString() {
        return hostText() + "->" + range(endpointFirst, endpointLast()) + "/" + Protocols.name(protocol);
    }

    /** The host's side: 127.0.0.1:8080, or with the unspecified address for all. */
    public String hostText() {
        final String address = hostAddress == null ? "0.0.0.0" : IpPrefix.format(hostAddress);
        return IpPrefix.withPort(address, range(hostFirst, hostLast));
    }

    /** One port, or two with a dash. */
    public static String range(final int first, final int last) {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
