package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.nat.IcmpErrorTranslator;
import org.sluice.datapath.nat.PacketTranslator;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.route.Fib;
import org.sluice.datapath.route.NextHop;
import org.sluice.datapath.route.Route;
import org.sluice.datapath.route.RouteQuery;

/**
 * Sends every frame with a connection on its way: next hop, TTL, MTU, translation, MAC addresses. A packet that cannot
 * go on becomes the ICMP error for its sender. A packet whose neighbour is unknown waits. Owned by the worker.
 */
final class RoutingStage {
    private final Fib fib;
    private final Port[] ports;
    private final WorkerTables tables;
    private final PacketTranslator translator = new PacketTranslator();
    private final IcmpErrorTranslator icmpErrors;
    private final IcmpErrorResponder responder;
    private final RouteQuery query = new RouteQuery();
    /** Why the last search found no next hop. */
    private DropReason refusal;
    private final CutRule cuts = new CutRule();

    RoutingStage(final WorkerTables tables, final IcmpErrorTranslator icmpErrors, final IcmpErrorResponder responder) {
        this.tables = tables;
        this.icmpErrors = icmpErrors;
        this.responder = responder;
        fib = tables.fib();
        ports = tables.ports();
    }

    /** Handles the frames that the batch lists as routed, each with its connection noted. */
    void process(final FrameBatch batch, final Port ingress) {
        for (int n = 0, count = batch.routedCount(); n < count; n++) {
            final int i = batch.routed(n);
            if (batch.isDropped(i) || batch.egress(i) != FrameBatch.EGRESS_GATEWAY) {
                continue;
            }
            final long ref = batch.connection(i);
            final long connection = Connection.ofRef(ref);
            final int direction = Connection.directionOfRef(ref);
            NextHop hop = Connection.routeGeneration(connection, direction) == fib.nextHops().generation()
                ? fib.nextHops().get(Connection.nextHop(connection, direction)) : null;
            if (hop == null) {
                hop = resolve(batch, i, ingress, connection, direction);
            }
            if (hop == null) {
                responder.refuse(batch, i, ingress, refusal);
            } else if (ttl(batch, i) <= 1) {
                responder.timeExceeded(batch, i, ingress);
            } else if (batch.wireLength(i) > hop.mtu() && !cuts.allow(batch, i, hop.mtu())) {
                responder.tooBig(batch, i, ingress, hop.mtu());
            } else {
                send(batch, i, ingress, connection, direction, hop);
            }
        }
    }

    private void send(final FrameBatch batch, final int i, final Port ingress, final long connection,
                      final int direction, final NextHop hop) {
        if (isIcmpError(batch, i)) {
            icmpErrors.translate(batch, i, connection, direction);
        } else {
            translator.translate(batch, i, connection, direction);
        }
        batch.egress(i, hop.portIndex());
        if (hop.isResolved()) {
            hop.writeMacs(batch.address(i), batch.nowSeconds());
        } else {
            fib.nextHops().ask(hop, batch.nowSeconds());
            if (tables.pending().hold(batch, i, hop, ingress.index(), batch.nowNs())) {
                batch.hold(i);
            } else {
                batch.drop(i, DropReason.NEIGHBOUR_QUEUE_FULL);
            }
        }
    }

    /** Finds the next hop again if the routes have changed, or if this is the direction's first packet. */
    private NextHop resolve(final FrameBatch batch, final int i, final Port ingress, final long connection,
                            final int direction) {
        final long other = Connection.tuple(connection, 1 - direction);
        final long high = FlowTuple.sourceHigh(other);
        final long low = FlowTuple.sourceLow(other);
        final Port endpoint = fib.endpoint(high, low);
        final NextHop hop = endpoint != null ? fib.nextHops().ofPort(endpoint.index())
            : resolveOut(batch, i, ingress, connection, direction, high, low);
        if (hop != null) {
            Connection.nextHop(connection, direction, hop.handle(), fib.nextHops().generation());
        }
        return hop;
    }

    /** The next hop to the outside, as the host's routing has it now; null, with the reason noted. */
    private NextHop resolveOut(final FrameBatch batch, final int i, final Port ingress, final long connection,
                               final int direction, final long high, final long low) {
        final Route route = fib.isLocal(high, low) ? null
            : fib.route(query.set(Connection.tuple(connection, direction), Connection.tuple(connection, 1 - direction),
                batch.l3Address(i), ingress.domain().id()));
        refusal = fib.isLocal(high, low) ? DropReason.ROUTE_TO_HOST : Fib.refusalOf(route);
        if (refusal != null) {
            batch.refusedLink(i, route == null ? 0 : route.linkIndex());
            return null;
        }
        final Route.Hop way =
            route.hopOf(tables.connections().hash(Connection.tuple(connection, Connection.ORIGINAL)));
        if (direction == Connection.ORIGINAL && isMasqueraded(connection) && isByAnotherUplink(connection, way)) {
            // As nf_nat_oif_changed in Linux net/netfilter/nf_nat_core.c: the address would be the wrong uplink's.
            tables.connections().expire(connection, batch.nowNs());
            refusal = DropReason.NAT_UPLINK_CHANGED;
            return null;
        }
        refusal = DropReason.ROUTE_BY_NO_UPLINK;
        return fib.resolve(route, way, high, low, ports, batch.nowSeconds());
    }

    /** Whether the connection leaves under an address of the host's. */
    private static boolean isMasqueraded(final long connection) {
        final long original = Connection.tuple(connection, Connection.ORIGINAL);
        final long reply = Connection.tuple(connection, Connection.REPLY);
        return FlowTuple.destinationLow(reply) != FlowTuple.sourceLow(original)
            || FlowTuple.destinationHigh(reply) != FlowTuple.sourceHigh(original);
    }

    /** Whether a masqueraded connection left by another uplink so far. */
    private boolean isByAnotherUplink(final long connection, final Route.Hop way) {
        final NextHop before = fib.nextHops().get(Connection.nextHop(connection, Connection.ORIGINAL));
        if (before != null) {
            return before.portIndex() != way.portIndex();
        }
        final long reply = Connection.tuple(connection, Connection.REPLY);
        return way.hasSource() && (way.sourceLow() != FlowTuple.destinationLow(reply)
            || way.sourceHigh() != FlowTuple.destinationHigh(reply));
    }

    /** An ICMP error: it belongs to a connection but has no tuple of its own, and is whole. */
    private static boolean isIcmpError(final FrameBatch batch, final int i) {
        final int protocol = batch.l4Protocol(i);
        return (protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6) && !batch.isFragment(i)
            && !batch.hasOwnTuple(i);
    }

    private static int ttl(final FrameBatch batch, final int i) {
        return NetworkOrder.u8(batch.l3Address(i) + (batch.etherType(i) == EtherType.IPV4
            ? Ipv4Flyweight.TTL_FIELD_OFFSET : Ipv6Flyweight.HOP_LIMIT_FIELD_OFFSET));
    }
}
