package org.sluice.datapath.command;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.route.PolicyRule;
import org.sluice.datapath.route.Route;
import org.sluice.datapath.route.RouteKey;
import org.sluice.datapath.route.SourceAddress;
import org.sluice.datapath.trace.PacketFilter;
import org.sluice.datapath.trace.ProbeKind;

/**
 * A command from control to a worker. {@link CommandCodec} encodes it for the ring; {@link Layer2CommandHandler} or
 * {@link Layer3CommandHandler} receives it. Addresses are two longs, as in
 * {@link org.sluice.datapath.protocol.IpAddress}.
 */
public sealed interface Command {
    /**
     * Creates a network.
     *
     * @param domainId   from 1, unused.
     * @param gateway    the addresses that the switch itself answers.
     * @param counterIds of {@code NetworkCounter}, by ordinal.
     */
    record AddDomain(int domainId, PortIdentity gateway, DomainPolicy policy, int[] counterIds) implements Command {
    }

    /** Removes a network without ports. */
    record RemoveDomain(int domainId) implements Command {
    }

    /**
     * Adds a port for the device that the registry holds under its index.
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
     * @param mtu        layer-3 bytes that fit the path to it, encapsulated.
     * @param high       half of its address in the underlay.
     * @param low        the other half.
     * @param counterIds of {@code PortCounter}, by ordinal.
     */
    record AddVtep(int portIndex, int domainId, int mtu, long high, long low, int[] counterIds) implements Command {
    }

    /** Sets how long packets on a port may be. */
    record SetPortMtu(int portIndex, int mtu) implements Command {
    }

    /**
     * Sets how long packets on an uplink may be, and the MAC address that its frames leave with. Connections and
     * neighbours stay.
     *
     * @param mtu layer-3 bytes.
     * @param mac of the interface.
     */
    record SetUplink(int portIndex, int mtu, long mac) implements Command {
    }

    /**
     * Sets the route to the VTEP behind a port.
     *
     * @param linkIndex  number of the outgoing interface; 0 if unknown.
     * @param sourceHigh half of the host's source address for packets to it.
     */
    record SetVtepRoute(int portIndex, int linkIndex, long sourceHigh, long sourceLow) implements Command {
    }

    /**
     * Adds or removes an endpoint on another host. The worker pins its MAC to the port of its VTEP, and answers for its
     * addresses.
     *
     * @param portIndex of the VTEP, or -1 to remove the endpoint.
     */
    record PutRemote(int domainId, int portIndex, PortIdentity identity) implements Command {
        /** In place of the port: the endpoint no longer exists. */
        public static final int GONE = -1;
    }

    /**
     * Removes a port and the FDB entries learned behind it. Control may then close the device.
     *
     * @param keepConnections whether its connections wait for the endpoint's return; otherwise they end.
     */
    record RemovePort(int portIndex, boolean keepConnections) implements Command {
    }

    /**
     * Forgets learned FDB entries.
     *
     * @param domainId of one network, or 0 for all.
     */
    record FlushFdb(int domainId) implements Command {
    }

    /** Adds a route; it replaces one with the same key. */
    record PutRoute(Route route) implements Command {
        /** Most hops of one route. */
        public static final int MAX_HOPS = 8;
    }

    /** Removes the route with exactly this key. */
    record RemoveRoute(RouteKey key) implements Command {
    }

    /** Adds a rule to those that {@link InstallRules} is to install. */
    record AddRule(PolicyRule rule) implements Command {
    }

    /**
     * Lets the rules that were added take the place of the family's rules, all at once.
     *
     * @param count how many were added.
     */
    record InstallRules(boolean ipv4, int count) implements Command {
    }

    /** Adds an address to those that {@link InstallSources} is to install. */
    record AddSource(SourceAddress source) implements Command {
    }

    /**
     * Lets the addresses that were added be those that packets of a family by an uplink are masqueraded with, where
     * the route's hop names none.
     *
     * @param count how many were added.
     */
    record InstallSources(int portIndex, boolean ipv4, int count) implements Command {
    }

    /**
     * Adds or removes addresses of the host itself.
     *
     * @param length of their common prefix in bits, IPv4 mapped; 128 for one address.
     */
    record SetLocalAddress(long high, long low, int length, boolean present) implements Command {
        /** The same for one address. */
        public SetLocalAddress(final long high, final long low, final boolean present) {
            this(high, low, 2 * Long.SIZE, present);
        }
    }

    /**
     * Sets which datagrams of endpoints pass for the host's tunnel packets, and so are dropped.
     *
     * @param udpPort of the tunnels, or 0 while the host has none.
     */
    record SetTunnelPort(int udpPort) implements Command {
    }

    /**
     * Has the worker keep the answers that it awaits at the host's addresses in memory that the kernel reads, as
     * {@link org.sluice.datapath.conntrack.ClaimedTuples} has them.
     *
     * @param memory     address of memory that is all zero; 0 to end it. It must stay mapped until then.
     * @param bucketBits its buckets, as a power of two.
     * @param seed       of the fingerprints.
     */
    record ClaimTuples(long memory, int bucketBits, long seed) implements Command {
        /** Ends it. */
        public static final ClaimTuples NONE = new ClaimTuples(0, 0, 0);
    }

    /**
     * Reports the kernel's knowledge of a neighbour on an uplink.
     *
     * @param mac of the neighbour, or 0 if it does not answer.
     */
    record PutNeighbour(int portIndex, long high, long low, long mac) implements Command {
    }

    /** Publishes ports. */
    record AddPortMap(PortMap map) implements Command {
    }

    /** Removes the map of the same protocol, address and first port; its connections go on. */
    record RemovePortMap(PortMap map) implements Command {
    }

    /**
     * Starts or stops observing packets. The {@code ProbeChannel} holds the ring to fill.
     *
     * @param snapBytes limit for each captured frame.
     */
    record Observe(ProbeKind kind, boolean on, PacketFilter filter, int snapBytes) implements Command {
    }

    /**
     * Ends connections, among a bounded number of them.
     *
     * @param first       number of the first connection; the worker visits up to {@link #MAX_CONNECTIONS}.
     * @param unpublished only connections through a port that is no longer published.
     */
    record FlushConntrack(ConntrackFilter filter, int first, boolean unpublished) implements Command {
        /** A fraction of a millisecond's work. */
        public static final int MAX_CONNECTIONS = 16_384;
    }
}
