package org.sluice.datapath.conntrack;

import org.sluice.datapath.protocol.IpProtocol;

/**
 * Selects connections, as the options of conntrack(8) do. An absent criterion matches anything.
 *
 * @param family           4 or 6, or 0 for both.
 * @param protocol         or -1 for all.
 * @param tcpState         number of a {@link TcpState}, or -1 for all.
 * @param status           bits of {@link Connection} that must be set.
 * @param sourcePort       of ORIGINAL packets, or -1.
 * @param destinationFirst lowest destination port of ORIGINAL packets, or -1.
 * @param destinationLast  highest destination port of ORIGINAL packets.
 * @param source           of ORIGINAL packets.
 * @param destination      of ORIGINAL packets.
 * @param replySource      of REPLY packets.
 * @param replyDestination of REPLY packets.
 */
public record ConntrackFilter(int family, int protocol, int tcpState, int status, int sourcePort,
                              int destinationFirst, int destinationLast, Prefix source, Prefix destination,
                              Prefix replySource, Prefix replyDestination) {
    /** Matches all connections. */
    public static final ConntrackFilter ALL =
        new ConntrackFilter(0, -1, -1, 0, -1, -1, -1, Prefix.ANY, Prefix.ANY, Prefix.ANY, Prefix.ANY);

    /**
     * A range of addresses, IPv4 ones mapped.
     *
     * @param length in bits, of 128.
     */
    public record Prefix(long high, long low, int length) {
        /** All addresses. */
        public static final Prefix ANY = new Prefix(0, 0, 0);

        /** Whether the range holds the address. */
        public boolean matches(final long otherHigh, final long otherLow) {
            final long highMask = length == 0 ? 0 : length >= Long.SIZE ? -1 : -1L << Long.SIZE - length;
            final long lowMask = length <= Long.SIZE ? 0 : -1L << 2 * Long.SIZE - length;
            return ((high ^ otherHigh) & highMask) == 0 && ((low ^ otherLow) & lowMask) == 0;
        }
    }

    /** Selects connections whose ORIGINAL packets have these status bits set. */
    public static ConntrackFilter withStatus(final int status) {
        return new ConntrackFilter(0, -1, -1, status, -1, -1, -1, Prefix.ANY, Prefix.ANY, Prefix.ANY, Prefix.ANY);
    }

    /** Selects connections that are masqueraded with this address. */
    public static ConntrackFilter masqueradedWith(final Prefix address) {
        return new ConntrackFilter(0, -1, -1, Connection.SNAT, -1, -1, -1, Prefix.ANY, Prefix.ANY, Prefix.ANY, address);
    }

    /** Selects connections whose ORIGINAL packets go to this port. */
    public static ConntrackFilter to(final int protocol, final int port) {
        return new ConntrackFilter(0, protocol, -1, 0, -1, port, port, Prefix.ANY, Prefix.ANY, Prefix.ANY, Prefix.ANY);
    }

    /** Selects connections whose ORIGINAL packets come from this port. */
    public static ConntrackFilter from(final int protocol, final int port) {
        return new ConntrackFilter(0, protocol, -1, 0, port, -1, -1, Prefix.ANY, Prefix.ANY, Prefix.ANY, Prefix.ANY);
    }

    /** The four prefixes in the order of the components. */
    public Prefix[] prefixes() {
        return new Prefix[] {source, destination, replySource, replyDestination};
    }

    /** Whether the filter selects the connection at the address. */
    public boolean matches(final long connection) {
        final long original = Connection.tuple(connection, Connection.ORIGINAL);
        final long reply = Connection.tuple(connection, Connection.REPLY);
        return (family == 0 || FlowTuple.isIpv4(original) == (family == 4))
            && (protocol < 0 || FlowTuple.protocol(original) == protocol)
            && (tcpState < 0
                || FlowTuple.protocol(original) == IpProtocol.TCP && Connection.tcpState(connection) == tcpState)
            && (Connection.status(connection) & status) == status
            && (sourcePort < 0 || FlowTuple.sourcePort(original) == sourcePort)
            && (destinationFirst < 0 || FlowTuple.destinationPort(original) >= destinationFirst
                && FlowTuple.destinationPort(original) <= destinationLast)
            && source.matches(FlowTuple.sourceHigh(original), FlowTuple.sourceLow(original))
            && destination.matches(FlowTuple.destinationHigh(original), FlowTuple.destinationLow(original))
            && replySource.matches(FlowTuple.sourceHigh(reply), FlowTuple.sourceLow(reply))
            && replyDestination.matches(FlowTuple.destinationHigh(reply), FlowTuple.destinationLow(reply));
    }
}
