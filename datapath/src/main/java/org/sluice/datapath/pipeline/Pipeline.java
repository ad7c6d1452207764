package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.conntrack.FragmentTable;
import org.sluice.datapath.conntrack.TupleReader;
import org.sluice.datapath.nat.IcmpErrorTranslator;
import org.sluice.datapath.route.Fib;
import org.sluice.datapath.route.NextHop;
import org.sluice.datapath.route.PendingPackets;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.trace.PacketFilter;
import org.sluice.datapath.trace.ProbeKind;
import org.sluice.datapath.trace.ProbeRing;
import org.sluice.datapath.trace.TraceStage;
import org.sluice.datapath.tunnel.VtepTable;

/**
 * The stages in order. A burst runs through one stage as a whole before the next begins. Frames that stay within their
 * network skip the layer-3 stages. {@link #switchBurst} and {@link #routeAndTransmit} state the order, once, also for
 * traced bursts. Owned by the worker.
 */
public final class Pipeline implements AutoCloseable {
    private final ParseStage parse = new ParseStage();
    private final UplinkStage uplinks = new UplinkStage();
    private final SourceGuardStage sourceGuard;
    private final BridgeStage bridge;
    private final OverlayStage overlay;
    private final GatewayStage gateway;
    private final ConntrackStage conntrack;
    private final RoutingStage routing;
    private final TransmitStage transmit;

    private final Admission admission;
    private final IcmpErrorTranslator icmpErrors;
    private final IcmpErrorResponder responder;
    private final Announcer announcer;
    private final Fib fib;
    private final FragmentTable fragments;
    private final PendingPackets pending;
    /** Packets that had to wait and now continue. */
    private final FrameBatch released = FrameBatch.withoutSlots();
    private final TupleReader tuples = new TupleReader();
    private final PacketTracer tracer;
    private final FrameCapture capture = new FrameCapture();
    private final CounterGroup<DropReason> drops;
    private final CounterGroup<WorkerCounter> counters;

    public Pipeline(final Fdb fdb, final VtepTable vteps, final WorkerTables tables) {
        counters = tables.counters();
        drops = tables.drops();
        fib = tables.fib();
        fragments = tables.fragments();
        pending = tables.pending();
        icmpErrors = new IcmpErrorTranslator(tables.connections());
        responder = new IcmpErrorResponder(counters, drops);
        final HostAccess access = new HostAccess(fib, tables.tunnels());
        admission = new Admission(tables, responder, access);

        sourceGuard = new SourceGuardStage(fib);
        bridge = new BridgeStage(fdb, counters);
        overlay = new OverlayStage(vteps, fdb, tables, responder);
        gateway = new GatewayStage(counters, access);
        conntrack = new ConntrackStage(tables, admission, icmpErrors);
        routing = new RoutingStage(tables, icmpErrors, responder);
        transmit = new TransmitStage(tables.ports(), drops, capture);

        announcer = new Announcer(transmit);
        tracer = new PacketTracer(tables.ports());
    }

    /** Carries a burst from one port to its end; returns the work, in units of a port's budget. */
    public int process(final FrameBatch batch, final Port ingress) {
        counters.increment(WorkerCounter.BURSTS);
        ingress.counters().add(PortCounter.RX_FRAMES, batch.size());
        ingress.counters().add(PortCounter.RX_BYTES, batch.byteCount());
        ingress.domain().counters().add(NetworkCounter.RX_FRAMES, batch.size());
        ingress.domain().counters().add(NetworkCounter.RX_BYTES, batch.byteCount());
        switchBurst(batch, ingress);
        if (fragments.hasKept()) {
            releaseFragments(batch, ingress);
        }
        return batch.work();
    }

    /** Runs the stages, from the frame's arrival to its departure. */
    private void switchBurst(final FrameBatch batch, final Port ingress) {
        parse.process(batch);
        if (capture.isOn()) {
            capture.onIngress(batch, ingress);
        }
        if (tracer.isOn()) {
            tracer.begin(batch, ingress);
        }
        final int notUnicast;
        if (ingress.isUplink()) {
            notUnicast = uplinks.process(batch);
        } else {
            sourceGuard.process(batch, ingress);
            seen(batch, ingress, TraceStage.SOURCE_GUARD);
            notUnicast = bridge.process(batch, ingress);
            seen(batch, ingress, TraceStage.BRIDGE);
            if (ingress.domain().policy().isOverlay()) {
                overlay.process(batch, ingress);
                seen(batch, ingress, TraceStage.OVERLAY);
            }
            if (notUnicast > 0) {
                gateway.process(batch, ingress);
                seen(batch, ingress, TraceStage.GATEWAY);
            }
        }
        routeAndTransmit(batch, ingress, notUnicast);
        if (tracer.isOn()) {
            tracer.end(batch, ingress);
        }
    }

    /**
     * Runs the layer-3 stages, and transmits.
     *
     * @param notUnicast how many frames have no egress port yet; with 0, no frame needs routing.
     */
    private void routeAndTransmit(final FrameBatch batch, final Port ingress, final int notUnicast) {
        if (notUnicast > 0) {
            final int routed = conntrack.process(batch, ingress);
            seen(batch, ingress, TraceStage.CONNTRACK);
            if (routed > 0) {
                routing.process(batch, ingress);
                seen(batch, ingress, TraceStage.ROUTE);
            }
        }
        transmit.process(batch, ingress);
        seen(batch, ingress, TraceStage.TRANSMIT);
        if (batch.droppedCount() > 0) {
            countDrops(batch, ingress);
        }
    }

    private void seen(final FrameBatch batch, final Port ingress, final TraceStage stage) {
        if (tracer.isOn()) {
            tracer.note(batch, ingress, stage);
        }
    }

    private void releaseFragments(final FrameBatch batch, final Port ingress) {
        released.begin(batch.nowNs());
        fragments.release(released);
        while (released.size() > 0) {
            switchBurst(released, ingress);
            batch.charge(released.work());
            released.clear();
            fragments.release(released);
        }
    }

    /** Sends the packets that waited for this next hop, now resolved, through its port. */
    public void release(final NextHop hop, final Port egress, final long nowNs) {
        released.begin(nowNs);
        while (takePending(hop) > 0) {
            for (int i = 0; i < released.size(); i++) {
                hop.writeMacs(released.address(i), released.nowSeconds());
                released.egress(i, egress.index());
                if (released.wireLength(i) > egress.mtu()) {
                    released.cuttable(i); // otherwise it would not have been held
                }
            }
            transmit.process(released, egress);
            if (released.droppedCount() > 0) {
                countDrops(released, egress);
            }
        }
    }

    /** Drops the packets that waited for a neighbour which does not answer, and tells their senders. */
    public void giveUp(final NextHop hop, final Port uplink, final long nowNs) {
        released.begin(nowNs);
        while (takePending(hop) > 0) {
            for (int i = 0; i < released.size(); i++) {
                if (!released.isDropped(i)) {
                    tuples.read(released, i);
                    final long tuple = released.tupleAddress(i);
                    final Port sender = fib.endpoint(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple));
                    responder.hostUnreachable(released, i, uplink, sender == null ? null : sender.domain().gateway());
                }
            }
            // The errors replace the packets, and return to the senders as errors from the world do.
            parse.process(released);
            routeAndTransmit(released, uplink, released.size());
        }
    }

    /** Takes and parses the packets that waited for the next hop; returns how many. */
    private int takePending(final NextHop hop) {
        released.clear();
        pending.take(hop, released);
        parse.process(released);
        return released.size();
    }

    /**
     * Starts or stops observing packets.
     *
     * @param ring      the ring to fill, or null to stop.
     * @param snapBytes limit for each captured frame.
     */
    public void observe(final ProbeKind kind, final ProbeRing ring, final PacketFilter filter, final int snapBytes) {
        if (kind == ProbeKind.TRACE) {
            tracer.trace(ring, filter);
        } else {
            capture.capture(ring, filter, snapBytes);
        }
    }

    /** Whether the port's frames must wait until its earlier ones have reached all ports. */
    public boolean isFlooding(final Port port) {
        return transmit.isFlooding(port);
    }

    /** Sends a few copies of flooded frames that wait; false if none do. */
    public boolean continueFloods(final long nowNs) {
        return transmit.continueFloods(nowNs);
    }

    /** Forgets what waits of a port that goes away. */
    public void forget(final Port port) {
        transmit.forget(port);
    }

    /** Announces a new endpoint to the other hosts, if its network spans hosts. */
    public void announce(final Port endpoint) {
        if (endpoint.domain().policy().isOverlay()) {
            announcer.announce(endpoint);
        }
    }

    /** Discards the state that an exception left unfinished. */
    public void abandon() {
        transmit.abandon();
    }

    private void countDrops(final FrameBatch batch, final Port ingress) {
        ingress.counters().add(PortCounter.RX_DROPS, batch.droppedCount());
        ingress.domain().counters().add(NetworkCounter.DROPS, batch.droppedCount());
        for (int i = 0, size = batch.size(); i < size; i++) {
            final DropReason reason = batch.dropReason(i);
            if (reason != null) {
                drops.increment(reason);
            }
        }
    }

    @Override
    public void close() {
        released.close();
        announcer.close();
        admission.close();
        icmpErrors.close();
        transmit.close();
        tracer.close();
        capture.close();
    }
}
