package org.sluice.datapath.trace;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.conntrack.FlowTuple;

/**
 * Which packets are to be looked at. What is not given matches anything; a packet that has an address or port on either
 * side matches.
 *
 * @param portIndex of the switch's port that it comes or goes by, or -1.
 * @param domainId  of the network that it comes from or goes to, or -1.
 * @param protocol  of IP, or -1.
 * @param host      addresses.
 * @param port      of TCP, UDP or SCTP, or -1.
 */
public record PacketFilter(int portIndex, int domainId, int protocol, ConntrackFilter.Prefix host, int port) {
    /** Matches all packets. */
    public static final PacketFilter ALL = new PacketFilter(-1, -1, -1, ConntrackFilter.Prefix.ANY, -1);

    /** Whether one of the switch's ports that the packet passes is meant. */
    public boolean matchesPort(final Port any) {
        return (portIndex < 0 || any.index() == portIndex) && (domainId < 0 || any.domain().id() == domainId);
    }

    /** Whether a packet of this tuple is meant; one of all zeroes is no IP packet. */
    public boolean matchesTuple(final long tuple) {
        return (protocol < 0 || FlowTuple.protocol(tuple) == protocol)
            && (port < 0 || FlowTuple.sourcePort(tuple) == port || FlowTuple.destinationPort(tuple) == port)
            && (host.length() == 0 || host.matches(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple))
                || host.matches(FlowTuple.destinationHigh(tuple), FlowTuple.destinationLow(tuple)));
    }
}
