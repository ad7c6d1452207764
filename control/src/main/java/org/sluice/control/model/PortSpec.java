package org.sluice.control.model;

import java.net.InetAddress;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;

/**
 * A port that a user asks to publish, in docker's words: {@code [ip:][host[-host]:]container[-container][/proto]}.
 *
 * @param hostAddress   null for all of the host's; 0.0.0.0 or :: for all of one family.
 * @param hostFirst     first of the host's ports to choose from, or 0: any that is free.
 * @param hostLast      last one.
 * @param endpointFirst first of the endpoint's ports.
 * @param endpointLast  last one.
 */
public record PortSpec(int protocol, @Nullable InetAddress hostAddress, int hostFirst, int hostLast, int endpointFirst,
                       int endpointLast) {
    private static final int MAX_PORT = 65_535;

    /**
     * @throws ControlException when it is not understood.
     */
    public static PortSpec parse(final String text) {
        final int slash = text.indexOf('/');
        final String protocol = slash < 0 ? "tcp" : text.substring(slash + 1);
        final String ports = slash < 0 ? text : text.substring(0, slash);
        final int addressEnd = endOfAddress(text, ports);
        final String address = addressEnd < 0 ? "" : ports.substring(0, addressEnd).replaceAll("[\\[\\]]", "");
        final String rest = addressEnd < 0 ? ports : ports.substring(addressEnd + 1);
        final int colon = rest.indexOf(':');
        final int[] host = colon < 0 ? new int[2] : parseRange(text, rest.substring(0, colon), true);
        final int[] endpoint = parseRange(text, rest.substring(colon + 1), false);
        final int size = endpoint[1] - endpoint[0] + 1;
        if (host[0] != 0 && size != 1 && host[1] - host[0] + 1 != size) {
            throw ControlException.invalid("\"" + text + "\" has as many host ports as " + (host[1] - host[0] + 1)
                + " and as many container ports as " + size + "; make the ranges equally long");
        }
        return new PortSpec(Protocols.publishable(protocol), address.isEmpty() ? null : parseAddress(text, address),
            host[0], host[1], endpoint[0], endpoint[1]);
    }

    /** How many ports of the endpoint there are. */
    public int size() {
        return endpointLast - endpointFirst + 1;
    }

    /** Offset of the colon behind the address, or -1 where there is none. */
    private static int endOfAddress(final String text, final String ports) {
        if (ports.startsWith("[")) {
            final int end = ports.indexOf("]:");
            if (end < 0) {
                throw notUnderstood(text);
            }
            return end + 1;
        }
        final long colons = ports.chars().filter(c -> c == ':').count();
        if (colons > 2) {
            throw ControlException.invalid("\"" + text + "\" is no port to publish: write an IPv6 address in brackets,"
                + " as in [::1]:8080:80");
        }
        return colons == 2 ? ports.indexOf(':') : -1;
    }

    private static InetAddress parseAddress(final String text, final String address) {
        try {
            return IpPrefix.parseAddress(address);
        } catch (final ControlException ex) {
            throw ControlException.invalid("\"" + text + "\" cannot be published: " + ex.getMessage());
        }
    }

    private static int[] parseRange(final String text, final String range, final boolean mayBeOpen) {
        if (mayBeOpen && (range.isEmpty() || "0".equals(range))) {
            return new int[2];
        }
        if (!range.matches("\\d{1,5}(-\\d{1,5})?")) {
            throw notUnderstood(text);
        }
        final String[] ends = range.split("-");
        final int first = Integer.parseInt(ends[0]);
        final int last = Integer.parseInt(ends[ends.length - 1]);
        if (first < 1 || last > MAX_PORT || first > last) {
            throw ControlException.invalid("\"" + text + "\" cannot be published: " + range
                + " is no port or range of ports from 1 to " + MAX_PORT);
        }
        return new int[] {first, last};
    }

    private static ControlException notUnderstood(final String text) {
        return ControlException.invalid("\"" + text + "\" is no port to publish: write"
            + " [ip:][host[-host]:]container[-container][/tcp|/udp|/sctp]");
    }

    /**
     * Reads one port, from 0.
     *
     * @throws ControlException when it is none.
     */
    public static int parsePort(final String text) {
        if (!text.matches("\\d{1,5}") || Integer.parseInt(text) > MAX_PORT) {
            throw ControlException.invalid("\"" + text + "\" is no port");
        }
        return Integer.parseInt(text);
    }
}
