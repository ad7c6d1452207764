package org.sluice.datapath.trace;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.conntrack.FlowTuple;

/**
 * Selects packets to trace or capture. An absent criterion matches anything. An address or port matches on either side
 * of the packet.
 *
 * @param portIndex of the switch's port that the packet enters or leaves through, or -1.
 * @param domainId  of the network that the packet comes from or goes to, or -1.
 * @param protocol  of IP, or -1.
 * @param host      addresses.
 * @param port      of TCP, UDP or SCTP, or -1.
 */
public record PacketFilter(int portIndex, int domainId, int protocol, ConntrackFilter.Prefix host, int port) {
    /** Matches all packets. */
    public static final PacketFilter ALL = new PacketFilter(-1, -1, -1, ConntrackFilter.Prefix.ANY, -1);

    /** Whether the filter selects a port that the packet passes. */
    public boolean matchesPort(final Port any) {
        return (portIndex < 0 || any.index() == portIndex) && (domainId < 0 || any.domain().id() == domainId);
    }

    /** Whether the filter selects a packet with this tuple; a tuple of zeroes is no IP packet. */
    public boolean matchesTuple(final long tuple) {
        return (protocol < 0 || FlowTuple.protocol(tuple) == protocol)
            && (port < 0 || FlowTuple.sourcePort(tuple) == port || FlowTuple.destinationPort(tuple) == port)
            && (host.length() == 0 || host.matches(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple))
                || host.matches(FlowTuple.destinationHigh(tuple), FlowTuple.destinationLow(tuple)));
    }
}
