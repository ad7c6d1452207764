package org.sluice.datapath.route;

import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.NetworkOrder;

/**
 * What rules and routes look at in a packet. It is the packet as the kernel routes it: after the translation of its
 * destination, before that of its source. Made once and filled again and again. Owned by the worker.
 */
public final class RouteQuery {
    private static final int IPV4_TOS_OFFSET = 1;
    private static final int DSCP_MASK = 0xFC;
    private static final int FLOW_LABEL_MASK = 0xF_FFFF;

    private long sourceHigh;
    private long sourceLow;
    private long destinationHigh;
    private long destinationLow;
    private int protocol;
    private int sourcePort;
    private int destinationPort;
    private int tos;
    private int flowLabel;
    private boolean ipv4;
    private int domainId;

    /**
     * Describes a packet.
     *
     * @param source      address of a {@link FlowTuple}: the packet's source and protocol.
     * @param destination address of a tuple of the other direction: its source is the packet's destination.
     * @param header      address of the packet's IP header.
     * @param network     number of the network that the packet comes from.
     */
    public RouteQuery set(final long source, final long destination, final long header, final int network) {
        final int ipProtocol = FlowTuple.protocol(source);
        final boolean hasPorts = switch (ipProtocol) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP -> true;
            default -> false;
        };
        set(FlowTuple.sourceHigh(source), FlowTuple.sourceLow(source), FlowTuple.sourceHigh(destination),
            FlowTuple.sourceLow(destination), network);
        transport(ipProtocol, hasPorts ? FlowTuple.sourcePort(source) : 0,
            hasPorts ? FlowTuple.sourcePort(destination) : 0);
        final int first = NetworkOrder.i32(header);
        if (ipv4) {
            classify(NetworkOrder.u8(header + IPV4_TOS_OFFSET), 0);
        } else {
            classify(first >>> 20, first & FLOW_LABEL_MASK);
        }
        return this;
    }

    /** Sets the addresses and the network. */
    RouteQuery set(final long fromHigh, final long fromLow, final long toHigh, final long toLow, final int network) {
        sourceHigh = fromHigh;
        sourceLow = fromLow;
        destinationHigh = toHigh;
        destinationLow = toLow;
        ipv4 = IpAddress.isIpv4(fromHigh, fromLow);
        domainId = network;
        return this;
    }

    /** Sets the protocol and its ports. */
    RouteQuery transport(final int ipProtocol, final int fromPort, final int toPort) {
        protocol = ipProtocol;
        sourcePort = fromPort;
        destinationPort = toPort;
        return this;
    }

    /** Sets the TOS or traffic class, and the flow label. */
    RouteQuery classify(final int trafficClass, final int label) {
        tos = trafficClass & DSCP_MASK;
        flowLabel = label;
        return this;
    }

    public long sourceHigh() {
        return sourceHigh;
    }

    public long sourceLow() {
        return sourceLow;
    }

    public long destinationHigh() {
        return destinationHigh;
    }

    public long destinationLow() {
        return destinationLow;
    }

    public int protocol() {
        return protocol;
    }

    /** 0 for a protocol without ports. */
    public int sourcePort() {
        return sourcePort;
    }

    public int destinationPort() {
        return destinationPort;
    }

    /** The TOS or traffic class without the bits for congestion. */
    public int tos() {
        return tos;
    }

    /** 0 for IPv4. */
    public int flowLabel() {
        return flowLabel;
    }

    public boolean isIpv4() {
        return ipv4;
    }

    /** Number of the network that the packet comes from. */
    public int domainId() {
        return domainId;
    }
}
