package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.BridgeDomain;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.conntrack.ChecksumVerifier;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConnectionTracker;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.nat.PortsExhaustedException;
import org.sluice.datapath.policy.Isolation;
import org.sluice.datapath.policy.Martians;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.route.Fib;
import org.sluice.datapath.route.NextHop;
import org.sluice.datapath.route.Route;
import org.sluice.datapath.route.RouteQuery;
import org.sluice.datapath.route.SourceAddress;
import org.sluice.datapath.status.WorkerCounter;

/**
 * Decides on the first packet of a connection: its endpoint, whether it may pass, its route, and the source address
 * that it leaves with. Then it creates the connection. A packet for the host itself goes to the host port and is not
 * tracked. {@link ConntrackStage} calls it frame by frame, in the order of the burst, because a frame may belong to the
 * connection that the frame before it has opened. Owned by the worker.
 */
final class Admission implements AutoCloseable {
    /** What a decision costs beside an established connection's packet, in units of a port's budget. */
    private static final int WORK = 3;
    /** So many look-ups in search of a source port cost a unit. */
    private static final int TRIES_PER_UNIT_SHIFT = 4;

    private final WorkerTables tables;
    private final Fib fib;
    private final ConntrackTable connections;
    private final ChecksumVerifier checksums = new ChecksumVerifier();
    private final TcpFlyweight tcp = new TcpFlyweight();
    private final OffHeapRegion memory = OffHeapRegion.anonymous(2L * FlowTuple.BYTES);
    /** The tuple of the packet as it will leave. */
    private final long translated = memory.address();
    /** The tuple of an answer as it will arrive. */
    private final long reply = memory.address() + FlowTuple.BYTES;
    private final RouteQuery query = new RouteQuery();
    private final IcmpErrorResponder responder;
    private final HostAccess access;
    /** The translated port of the earlier connection with the same tuple, or 0. */
    private int portBefore;
    private boolean exhaustionTold;
    /** The source of the packet to masquerade. */
    private long masqueradeHigh;
    private long masqueradeLow;

    Admission(final WorkerTables tables, final IcmpErrorResponder responder, final HostAccess access) {
        this.tables = tables;
        this.responder = responder;
        this.access = access;
        fib = tables.fib();
        connections = tables.connections();
    }

    /** Drops frame {@code i}, hands it to the host port, or notes its new connection. */
    void admit(final FrameBatch batch, final int i, final Port ingress) {
        portBefore = 0;
        decide(batch, i, ingress);
    }

    /** The same, for a frame that continues a connection that is over. */
    void readmit(final FrameBatch batch, final int i, final Port ingress, final long connection) {
        portBefore = FlowTuple.destinationPort(Connection.tuple(connection, Connection.REPLY));
        connections.remove(connection);
        batch.connection(i, ConntrackTable.NONE);
        decide(batch, i, ingress);
    }

    private void decide(final FrameBatch batch, final int i, final Port ingress) {
        batch.charge(WORK);
        final long tuple = batch.tupleAddress(i);
        if (isMartian(tuple, ingress)) {
            batch.drop(i, DropReason.MARTIAN_ADDRESS);
            return;
        }
        FlowTuple.copy(tuple, translated);
        PortMap map = null;
        if (access.isHosts(ingress.domain(), FlowTuple.destinationHigh(tuple), FlowTuple.destinationLow(tuple))) {
            map = tables.portMaps().find(tuple);
            if (map == null || isAnswerToHost(batch, i, ingress) || isOfAnotherWorker(map, ingress)) {
                handToHostOrDrop(batch, i, ingress, DropReason.NOT_PUBLISHED);
                return;
            }
        }
        final DropReason malformed = check(batch, i);
        if (malformed != null) {
            batch.drop(i, malformed);
            return;
        }
        if (map != null) {
            FlowTuple.destination(translated, map.endpointHigh(), map.endpointLow());
            FlowTuple.destinationPort(translated, map.endpointPort(FlowTuple.destinationPort(tuple)));
        }
        final DropReason reason = connect(batch, i, ingress, map);
        if (reason == DropReason.ROUTE_TO_HOST) {
            handToHostOrDrop(batch, i, ingress);
        } else if (reason != null) {
            responder.refuse(batch, i, ingress, reason);
        }
    }

    /** Hands a frame for the host itself to its network's host port; drops any other for the given reason. */
    void handToHostOrDrop(final FrameBatch batch, final int i, final Port ingress, final DropReason otherwise) {
        final long high = FlowTuple.destinationHigh(batch.tupleAddress(i));
        final long low = FlowTuple.destinationLow(batch.tupleAddress(i));
        if (ingress.isUplink() || !access.isHosts(ingress.domain(), high, low)) {
            batch.drop(i, otherwise);
        } else {
            handToHostOrDrop(batch, i, ingress);
        }
    }

    /** Hands an endpoint's frame for the host itself to the host port, if its network may reach the host. */
    private void handToHostOrDrop(final FrameBatch batch, final int i, final Port ingress) {
        final BridgeDomain domain = ingress.domain();
        final long high = FlowTuple.destinationHigh(batch.tupleAddress(i));
        final long low = FlowTuple.destinationLow(batch.tupleAddress(i));
        final DropReason forbidden = access.toAddress(batch, i, ingress, high, low);
        if (forbidden != null) {
            batch.drop(i, forbidden);
        } else if (domain.hostPort() == null) {
            batch.drop(i, DropReason.NO_HOST_PORT);
        } else {
            batch.egress(i, domain.hostPort().index());
        }
    }

    /** Whether another worker has the endpoint: the host's proxy leads there. */
    private boolean isOfAnotherWorker(final PortMap map, final Port ingress) {
        return ingress.isEndpoint() && !ingress.domain().policy().internal()
            && fib.endpoint(map.endpointHigh(), map.endpointLow()) == null;
    }

    private boolean isMartian(final long tuple, final Port ingress) {
        return Martians.isMartian(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple))
            || Martians.isMartian(FlowTuple.destinationHigh(tuple), FlowTuple.destinationLow(tuple))
            || isOthers(ingress, FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple));
    }

    /**
     * Whether an endpoint's TCP packet answers the host: a packet that opens nothing belongs to a connection that the
     * host itself has opened, from a port that happens to be published.
     */
    private boolean isAnswerToHost(final FrameBatch batch, final int i, final Port ingress) {
        return ingress.isEndpoint() && batch.l4Protocol(i) == IpProtocol.TCP
            && (tcp.wrap(batch.l4Address(i), batch.l4Available(i)).flags() & (TcpFlyweight.SYN | TcpFlyweight.ACK))
            != TcpFlyweight.SYN;
    }

    private boolean mayOpen(final FrameBatch batch, final int i) {
        return batch.l4Protocol(i) != IpProtocol.TCP
            || tables.tracker().mayOpenTcp(tcp.wrap(batch.l4Address(i), batch.l4Available(i)).flags());
    }

    private DropReason check(final FrameBatch batch, final int i) {
        if (batch.l4Protocol(i) == IpProtocol.TCP
            && !ConnectionTracker.isPossibleTcp(tcp.wrap(batch.l4Address(i), batch.l4Available(i)).flags())) {
            return DropReason.TCP_FLAGS_INVALID;
        }
        if (!mayOpen(batch, i)) {
            return DropReason.TCP_NO_CONNECTION;
        }
        return checksums.isRight(batch, i) ? null : DropReason.L4_CHECKSUM_WRONG;
    }

    /** Whether the source address belongs to the host, or to an endpoint behind another port. */
    private boolean isOthers(final Port ingress, final long high, final long low) {
        final Port owner = fib.endpoint(high, low);
        return fib.isLocal(high, low) || owner != null && owner != ingress;
    }

    /**
     * Whether the endpoint's packets, in either direction of the connection, would be datagrams to the tunnels' port
     * of an outside host, which takes them for this host's own.
     */
    private boolean isForgedTunnel(final Port ingress, final Port target) {
        final int protocol = FlowTuple.protocol(translated);
        return ingress.isUplink() ? tables.tunnels().isTunnel(protocol, FlowTuple.sourcePort(translated))
            : target == null && tables.tunnels().isTunnel(protocol, FlowTuple.destinationPort(translated));
    }

    private DropReason connect(final FrameBatch batch, final int i, final Port ingress, final PortMap map) {
        final long nowNs = batch.nowNs();
        final long high = FlowTuple.destinationHigh(translated);
        final long low = FlowTuple.destinationLow(translated);
        final Port target = fib.endpoint(high, low);
        if (target == null && map != null) {
            return DropReason.NETWORK_ISOLATED;
        }
        final Route route = target == null ? routeOf(batch, i, ingress) : null;
        final DropReason refusal = target == null && !ingress.isUplink() ? Fib.refusalOf(route) : null;
        if (refusal != null) {
            batch.refusedLink(i, route == null ? 0 : route.linkIndex());
            return refusal;
        }
        final DropReason forbidden = Isolation.check(ingress, target, map != null);
        if (forbidden != null) {
            return forbidden;
        }
        if (isForgedTunnel(ingress, target)) {
            return DropReason.TUNNEL_FORGED;
        }
        final Route.Hop way = target == null ? route.hopOf(connections.hash(translated)) : null;
        if (way != null && ingress.domain().policy().masquerade() && !chooseSource(way, high, low)) {
            return DropReason.NAT_NO_ADDRESS;
        }
        final NextHop hop = target != null ? fib.nextHops().ofPort(target.index())
            : fib.resolve(route, way, high, low, tables.ports(), batch.nowSeconds());
        if (hop == null) {
            return DropReason.ROUTE_BY_NO_UPLINK;
        }
        final DropReason noRoom = checkRoom(ingress, target);
        if (noRoom != null) {
            return noRoom;
        }
        final boolean unique = translateSource(ingress, target, way, map != null, nowNs);
        batch.charge(tables.sourcePorts().takeTries() >> TRIES_PER_UNIT_SHIFT);
        return unique ? create(batch, i, ingress, target, hop) : exhausted(ingress);
    }

    /** The route of an endpoint's packet; what comes from outside is not routed out again. */
    private Route routeOf(final FrameBatch batch, final int i, final Port ingress) {
        if (ingress.isUplink()) {
            return null;
        }
        FlowTuple.invert(translated, reply);
        return fib.route(query.set(translated, reply, batch.l3Address(i), ingress.domain().id()));
    }

    /** Notes the address that the packet is masqueraded with; false if the host has none. */
    private boolean chooseSource(final Route.Hop way, final long high, final long low) {
        if (way.hasSource()) {
            masqueradeHigh = way.sourceHigh();
            masqueradeLow = way.sourceLow();
            return true;
        }
        final SourceAddress source = fib.sourceOf(way, high, low);
        if (source != null) {
            masqueradeHigh = source.high();
            masqueradeLow = source.low();
        }
        return source != null;
    }

    private DropReason exhausted(final Port ingress) {
        if (!exhaustionTold) {
            exhaustionTold = true;
            tables.errorHandler().onError(new PortsExhaustedException(ingress.index()));
        }
        return DropReason.NAT_PORTS_EXHAUSTED;
    }

    private DropReason checkRoom(final Port ingress, final Port target) {
        final boolean room = (!ingress.isEndpoint() || connections.hasRoomFor(ingress.index()))
            && (target == null || connections.hasRoomFor(target.index()));
        return room ? null : DropReason.CONNTRACK_PORT_LIMIT;
    }

    /** Chooses the source that the connection leaves with, and so the tuple of its answers. */
    private boolean translateSource(final Port ingress, final Port target, final Route.Hop way, final boolean mapped,
                                    final long nowNs) {
        FlowTuple.invert(translated, reply);
        final int asker = ingress.isEndpoint() ? ingress.index() : -1;
        if (way != null && ingress.domain().policy().masquerade()) {
            FlowTuple.destination(reply, masqueradeHigh, masqueradeLow);
            return hasPorts() ? findPort(asker, nowNs) : isFree(nowNs);
        }
        if (mapped && target.domain() == ingress.domain()) {
            // Hairpin: the answer must return here, not go straight to the client.
            final PortIdentity gateway = ingress.domain().gateway();
            if (FlowTuple.isIpv4(reply)) {
                FlowTuple.destination(reply, IpAddress.IPV4_HIGH, IpAddress.ipv4Low(gateway.ipv4()));
            } else {
                FlowTuple.destination(reply, gateway.ipv6High(), gateway.ipv6Low());
            }
            return findPort(asker, nowNs);
        }
        // Two addresses of the host may lead to one endpoint: then the same client port may arrive twice.
        return isFree(nowNs) || hasPorts() && findPort(asker, nowNs);
    }

    private boolean findPort(final int asker, final long nowNs) {
        return tables.sourcePorts().allocate(translated, reply, portBefore, asker, nowNs);
    }

    private boolean isFree(final long nowNs) {
        return connections.findAlive(reply, nowNs) == ConntrackTable.NONE;
    }

    private boolean hasPorts() {
        return switch (FlowTuple.protocol(reply)) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP, IpProtocol.ICMP, IpProtocol.ICMPV6 -> true;
            default -> false;
        };
    }

    private DropReason create(final FrameBatch batch, final int i, final Port ingress, final Port target,
                              final NextHop hop) {
        final long tuple = batch.tupleAddress(i);
        final long nowNs = batch.nowNs();
        // An earlier frame of the burst may have just made it, from a tuple that answers this one.
        if (connections.findAlive(tuple, nowNs) != ConntrackTable.NONE) {
            return DropReason.CONNTRACK_CLASH;
        }
        final long connection = connections.create(tuple, reply, ingress.isEndpoint() ? ingress.index() : -1,
            target == null ? -1 : target.index(), status(tuple), nowNs);
        if (connection == ConntrackTable.NONE) {
            return DropReason.CONNTRACK_FULL;
        }
        Connection.nextHop(connection, Connection.ORIGINAL, hop.handle(), fib.nextHops().generation());
        tables.tracker().open(connection, FlowTuple.protocol(tuple), batch.l4Address(i), batch.l4Length(i),
            batch.l3Available(i), nowNs);
        tables.counters().increment(WorkerCounter.CONNECTIONS_OPENED);
        batch.connection(i, connection | Connection.ORIGINAL);
        return null;
    }

    private int status(final long tuple) {
        final boolean dnat = FlowTuple.sourceLow(reply) != FlowTuple.destinationLow(tuple)
            || FlowTuple.sourceHigh(reply) != FlowTuple.destinationHigh(tuple)
            || FlowTuple.sourcePort(reply) != FlowTuple.destinationPort(tuple);
        final boolean snat = FlowTuple.destinationLow(reply) != FlowTuple.sourceLow(tuple)
            || FlowTuple.destinationHigh(reply) != FlowTuple.sourceHigh(tuple)
            || FlowTuple.destinationPort(reply) != FlowTuple.sourcePort(tuple);
        return (dnat ? Connection.DNAT : 0) | (snat ? Connection.SNAT : 0);
    }

    @Override
    public void close() {
        memory.close();
    }
}
