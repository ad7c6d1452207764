package org.sluice.datapath.pipeline;

import java.util.concurrent.TimeUnit;

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
 * The stages in order. A burst runs through one stage as a whole before the next begins. Frames of one network never
 * see the layer-3 stages. Owned by the worker.
 */
public final class Pipeline {
    private final ParseStage parse = new ParseStage();
    private final SourceGuardStage sourceGuard;
    private final BridgeStage bridge;
    private final OverlayStage overlay;
    private final GatewayStage gateway;
    private final ConntrackStage conntrack;
    private final RoutingStage routing;
    private final TransmitStage transmit;
    private final FragmentTable fragments;
    private final PendingPackets pending;
    private final FrameBatch released = FrameBatch.withoutSlots();
    private final IcmpErrorResponder responder;
    private final Fib fib;
    private final TupleReader tuples = new TupleReader();
    private final Announcer announcer;
    private final PacketTracer tracer;
    private final FrameCapture capture = new FrameCapture();
    private final CounterGroup<DropReason> drops;
    private final CounterGroup<WorkerCounter> counters;

    public Pipeline(final Fdb fdb, final VtepTable vteps, final WorkerTables layer3) {
        counters = layer3.counters();
        drops = layer3.drops();
        fragments = layer3.fragments();
        pending = layer3.pending();
        bridge = new BridgeStage(fdb, counters);
        gateway = new GatewayStage(counters);
        final IcmpErrorTranslator icmpErrors = new IcmpErrorTranslator(layer3.connections());
        responder = new IcmpErrorResponder(counters, drops);
        overlay = new OverlayStage(vteps, fdb, layer3, responder);
        fib = layer3.fib();
        sourceGuard = new SourceGuardStage(fib);
        conntrack = new ConntrackStage(layer3, new AdmissionStage(layer3, responder), icmpErrors);
        routing = new RoutingStage(layer3, icmpErrors, responder);
        transmit = new TransmitStage(layer3.ports(), drops, capture);
        announcer = new Announcer(transmit);
        tracer = new PacketTracer(layer3.ports());
    }

    /** Carries a burst that came in by one port to its end. */
    public void process(final FrameBatch batch, final Port ingress, final long nowNs) {
        counters.increment(WorkerCounter.BURSTS);
        ingress.counters().add(PortCounter.RX_FRAMES, batch.size());
        ingress.counters().add(PortCounter.RX_BYTES, batch.byteCount());
        ingress.domain().counters().add(NetworkCounter.RX_FRAMES, batch.size());
        ingress.domain().counters().add(NetworkCounter.RX_BYTES, batch.byteCount());
        runStages(batch, ingress, nowNs);
        if (fragments.hasKept()) {
            releaseFragments(ingress, nowNs);
        }
    }

    private void releaseFragments(final Port ingress, final long nowNs) {
        released.clear();
        fragments.release(released);
        while (released.size() > 0) {
            runStages(released, ingress, nowNs);
            released.clear();
            fragments.release(released);
        }
    }

    /** Sends what has waited for the next hop, which is resolved now, by its port. */
    public void release(final NextHop hop, final Port egress, final int nowSeconds) {
        while (takePending(hop) > 0) {
            for (int i = 0; i < released.size(); i++) {
                hop.writeMacs(released.address(i), nowSeconds);
                released.egress(i, egress.index());
                if (released.wireLength(i) > egress.mtu()) {
                    released.cuttable(i); // otherwise it would not have been held
                }
            }
            transmit.process(released, egress);
        }
    }

    /** What has waited for a neighbour of the uplink that is not there is lost, and its senders are told. */
    public void giveUp(final NextHop hop, final Port uplink, final long nowNs) {
        while (takePending(hop) > 0) {
            for (int i = 0; i < released.size(); i++) {
                if (!released.isDropped(i)) {
                    // As the conntrack stage does: 0 says that it may be an error itself.
                    released.tupleHash(i, tuples.read(released, i) ? 1 : 0);
                    final long tuple = released.tupleAddress(i);
                    final Port sender = fib.endpoint(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple));
                    responder.hostUnreachable(released, i, uplink, sender == null ? null : sender.domain().gateway(),
                        nowNs);
                }
            }
            parse.process(released);
            conntrack.process(released, uplink, nowNs);
            routing.process(released, uplink, conntrack, nowNs);
            transmit.process(released, uplink);
            countDrops(released, uplink);
        }
    }

    /** Takes what has waited for the next hop, parsed; returns how many packets these are. */
    private int takePending(final NextHop hop) {
        released.clear();
        pending.take(hop, released);
        parse.process(released);
        return released.size();
    }

    /**
     * Begins or ends to look at packets, besides carrying them.
     *
     * @param ring      where what is seen goes, or null to end.
     * @param snapBytes of a captured frame at most.
     */
    public void observe(final ProbeKind kind, final ProbeRing ring, final PacketFilter filter, final int snapBytes) {
        if (kind == ProbeKind.TRACE) {
            tracer.trace(ring, filter);
        } else {
            capture.capture(ring, filter, snapBytes);
        }
    }

    /** An endpoint is new here: if its network spans hosts, the others are told. */
    public void announce(final Port endpoint) {
        if (endpoint.domain().policy().isOverlay()) {
            announcer.announce(endpoint);
        }
    }

    /** Forgets what an exception left half done. */
    public void abandon() {
        transmit.abandon();
    }

    private void runStages(final FrameBatch batch, final Port ingress, final long nowNs) {
        parse.process(batch);
        if (capture.isOn()) {
            capture.onIngress(batch, ingress, nowNs);
        }
        if (tracer.isOn()) {
            runTraced(batch, ingress, nowNs);
        } else {
            final int notUnicast;
            if (ingress.isUplink()) {
                notUnicast = routeAll(batch);
            } else {
                sourceGuard.process(batch, ingress);
                notUnicast = bridge.process(batch, ingress, seconds(nowNs));
                if (ingress.domain().policy().isOverlay()) {
                    overlay.process(batch, ingress, nowNs);
                }
                if (notUnicast > 0) {
                    gateway.process(batch, ingress);
                }
            }
            if (notUnicast > 0 && conntrack.process(batch, ingress, nowNs) > 0) {
                routing.process(batch, ingress, conntrack, nowNs);
            }
            transmit.process(batch, ingress);
        }
        if (batch.droppedCount() > 0) {
            countDrops(batch, ingress);
        }
    }

    /** The same stages, each looked at. */
    private void runTraced(final FrameBatch batch, final Port ingress, final long nowNs) {
        tracer.begin(batch, ingress, nowNs);
        if (ingress.isUplink()) {
            routeAll(batch);
        } else {
            sourceGuard.process(batch, ingress);
            tracer.note(batch, ingress, TraceStage.SOURCE_GUARD);
            bridge.process(batch, ingress, seconds(nowNs));
            tracer.note(batch, ingress, TraceStage.BRIDGE);
            if (ingress.domain().policy().isOverlay()) {
                overlay.process(batch, ingress, nowNs);
                tracer.note(batch, ingress, TraceStage.OVERLAY);
            }
            gateway.process(batch, ingress);
            tracer.note(batch, ingress, TraceStage.GATEWAY);
        }
        conntrack.process(batch, ingress, nowNs);
        tracer.note(batch, ingress, TraceStage.CONNTRACK);
        routing.process(batch, ingress, conntrack, nowNs);
        tracer.note(batch, ingress, TraceStage.ROUTE);
        transmit.process(batch, ingress);
        tracer.note(batch, ingress, TraceStage.TRANSMIT);
        tracer.end(batch, ingress);
    }

    private static int seconds(final long nowNs) {
        return (int) TimeUnit.NANOSECONDS.toSeconds(nowNs);
    }

    /** The steering in front of an uplink lets nothing through that is not for a router. */
    private static int routeAll(final FrameBatch batch) {
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (!batch.isDropped(i)) {
                if (batch.isIp(i)) {
                    batch.egress(i, FrameBatch.EGRESS_GATEWAY);
                } else {
                    batch.drop(i, DropReason.NOT_PUBLISHED);
                }
            }
        }
        return batch.size();
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
}
