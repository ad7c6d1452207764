package org.sluice.datapath.command;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.route.Route;
import org.sluice.datapath.trace.PacketFilter;
import org.sluice.datapath.trace.ProbeKind;

/**
 * What control may tell a worker. {@link CommandCodec} carries it through the ring; {@link Layer2CommandHandler} or
 * {@link Layer3CommandHandler} receives it. Addresses are two longs, as {@link org.sluice.datapath.protocol.IpAddress}
 * describes.
 */
public sealed interface Command {
    /**
     * Makes a network.
     *
     * @param domainId   from 1, unused.
     * @param gateway    the addresses that the switch answers for.
     * @param counterIds of {@code NetworkCounter}, by ordinal.
     */
    record AddDomain(int domainId, PortIdentity gateway, DomainPolicy policy, int[] counterIds) implements Command {
    }

    /** Ends a network that has no ports. */
    record RemoveDomain(int domainId) implements Command {
    }

    /**
     * Takes up the device that lies in the registry under the port's index.
     *
     * @param mtu        layer-3 bytes.
     * @param guarded    whether frames must come from the identity's addresses; its MAC is then pinned in the FDB.
     * @param counterIds of {@code PortCounter}, by ordinal.
     */
    record AddPort(int portIndex, int domainId, int mtu, PortKind kind, boolean guarded, PortIdentity identity,
                   int[] counterIds) implements Command {
    }

    /**
     * Adds a VTEP to an overlay network, as a port of it.
     *
     * @param mtu        layer-3 bytes that fit the way to it, encapsulated.
     * @param high       half of its address in the underlay.
     * @param low        the other half.
     * @param counterIds of {@code PortCounter}, by ordinal.
     */
    record AddVtep(int portIndex, int domainId, int mtu, long high, long low, int[] counterIds) implements Command {
    }

    /** The way that begins at a port takes packets of this length now. */
    record SetPortMtu(int portIndex, int mtu) implements Command {
    }

    /**
     * The way to the VTEP whose port this is.
     *
     * @param linkIndex  number of the interface that it begins with; 0 where that is not known.
     * @param sourceHigh half of the host's address that packets to it come from.
     */
    record SetVtepRoute(int portIndex, int linkIndex, long sourceHigh, long sourceLow) implements Command {
    }

    /**
     * Somebody on another host: its MAC is pinned to the port of its VTEP, and the switch answers for its addresses.
     *
     * @param portIndex of the VTEP, or -1: it is there no longer.
     */
    record PutRemote(int domainId, int portIndex, PortIdentity identity) implements Command {
        /** For the port: it is there no longer. */
        public static final int GONE = -1;
    }

    /**
     * Lets go of a port and of what was learned behind it. The device may then be closed.
     *
     * @param keepConnections its connections stay for the endpoint to come back; otherwise they end.
     */
    record RemovePort(int portIndex, boolean keepConnections) implements Command {
    }

    /**
     * Forgets learned entries.
     *
     * @param domainId of one network, or 0 for all.
     */
    record FlushFdb(int domainId) implements Command {
    }

    /** Puts a route in, in place of one for the same prefix. */
    record PutRoute(Route route) implements Command {
        /** Hops of one route at most. */
        public static final int MAX_HOPS = 8;
    }

    /** Takes the route of just this prefix out. */
    record RemoveRoute(long high, long low, int length) implements Command {
    }

    /** The host has this address, or has it no longer. */
    record SetLocalAddress(long high, long low, boolean present) implements Command {
    }

    /**
     * What the kernel knows of a neighbour on an uplink.
     *
     * @param mac or 0: it does not answer.
     */
    record PutNeighbour(int portIndex, long high, long low, long mac) implements Command {
    }

    /** Publishes ports. */
    record AddPortMap(PortMap map) implements Command {
    }

    /** Takes the map of the same protocol, address and first port back; its connections go on. */
    record RemovePortMap(PortMap map) implements Command {
    }

    /**
     * Begins or ends to look at packets. The ring to fill lies in the {@code ProbeChannel}.
     *
     * @param snapBytes of a captured frame at most.
     */
    record Observe(ProbeKind kind, boolean on, PacketFilter filter, int snapBytes) implements Command {
    }

    /**
     * Ends connections, among a bounded number of them.
     *
     * @param first       number of the connection to begin with; up to {@link #MAX_CONNECTIONS} are looked at.
     * @param unpublished only such that came by a port that is published no longer.
     */
    record FlushConntrack(ConntrackFilter filter, int first, boolean unpublished) implements Command {
        /** A fraction of a millisecond's work. */
        public static final int MAX_CONNECTIONS = 16_384;
    }
}
