package org.sluice.datapath.pipeline;

import java.util.concurrent.TimeUnit;

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

/**
 * Sends every frame with a connection on its way: next hop, TTL, MTU, translation, MAC addresses. A packet that cannot
 * go on is turned into the ICMP error that tells its sender; one whose neighbour is not known yet waits for it.
 */
public final class RoutingStage {
    private final Fib fib;
    private final Port[] ports;
    private final WorkerTables tables;
    private final PacketTranslator translator = new PacketTranslator();
    private final IcmpErrorTranslator icmpErrors;
    private final IcmpErrorResponder responder;
    private final CutRule cuts = new CutRule();
    /** Of the burst. */
    private int nowSeconds;

    RoutingStage(final WorkerTables tables, final IcmpErrorTranslator icmpErrors, final IcmpErrorResponder responder) {
        this.tables = tables;
        this.icmpErrors = icmpErrors;
        this.responder = responder;
        fib = tables.fib();
        ports = tables.ports();
    }

    /**
     * @param conntrack has handled the burst, and knows which frames are routed.
     */
    void process(final FrameBatch batch, final Port ingress, final ConntrackStage conntrack, final long nowNs) {
        nowSeconds = (int) TimeUnit.NANOSECONDS.toSeconds(nowNs);
        final int[] routed = conntrack.routed();
        for (int n = 0, count = conntrack.routedCount(); n < count; n++) {
            final int i = routed[n];
            if (batch.isDropped(i) || batch.egress(i) != FrameBatch.EGRESS_GATEWAY) {
                continue;
            }
            if (!conntrack.isConnectionUnchanged(batch, i)) {
                batch.drop(i, DropReason.CONNTRACK_CLASH);
                continue;
            }
            final long ref = batch.connection(i);
            final long connection = Connection.ofRef(ref);
            final int direction = Connection.directionOfRef(ref);
            NextHop hop = Connection.routeGeneration(connection, direction) == fib.nextHops().generation()
                ? fib.nextHops().get(Connection.nextHop(connection, direction)) : null;
            if (hop == null) {
                hop = resolve(connection, direction);
            }
            if (hop == null) {
                responder.unreachable(batch, i, ingress, DropReason.NO_ROUTE, nowNs);
            } else if (ttl(batch, i) <= 1) {
                responder.timeExceeded(batch, i, ingress, nowNs);
            } else if (batch.wireLength(i) > hop.mtu() && !cuts.allow(batch, i, hop.mtu())) {
                responder.tooBig(batch, i, ingress, hop.mtu(), nowNs);
            } else {
                send(batch, i, ingress, connection, direction, hop, nowNs);
            }
        }
    }

    private void send(final FrameBatch batch, final int i, final Port ingress, final long connection,
                      final int direction, final NextHop hop, final long nowNs) {
        if (isIcmpError(batch, i)) {
            icmpErrors.translate(batch, i, connection, direction);
        } else {
            translator.translate(batch, i, connection, direction);
        }
        batch.egress(i, hop.portIndex());
        if (hop.isResolved()) {
            hop.writeMacs(batch.address(i), nowSeconds);
        } else {
            fib.nextHops().ask(hop, nowSeconds);
            if (tables.pending().hold(batch, i, hop, ingress.index(), nowNs)) {
                batch.hold(i);
            } else {
                batch.drop(i, DropReason.NEIGHBOUR_QUEUE_FULL);
            }
        }
    }

    /** The way may have changed, or this is the direction's first packet. */
    private NextHop resolve(final long connection, final int direction) {
        final long other = Connection.tuple(connection, 1 - direction);
        final NextHop hop = fib.resolve(FlowTuple.sourceHigh(other), FlowTuple.sourceLow(other),
            tables.connections().hash(Connection.tuple(connection, Connection.ORIGINAL)), ports, nowSeconds);
        if (hop != null) {
            Connection.nextHop(connection, direction, hop.handle(), fib.nextHops().generation());
        }
        return hop;
    }

    /** What has a connection, but no tuple of its own, and is whole. */
    private static boolean isIcmpError(final FrameBatch batch, final int i) {
        final int protocol = batch.l4Protocol(i);
        return (protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6) && !batch.isFragment(i)
            && batch.tupleHash(i) == 0;
    }

    private static int ttl(final FrameBatch batch, final int i) {
        return NetworkOrder.u8(batch.l3Address(i) + (batch.etherType(i) == EtherType.IPV4
            ? Ipv4Flyweight.TTL_FIELD_OFFSET : Ipv6Flyweight.HOP_LIMIT_FIELD_OFFSET));
    }
}
