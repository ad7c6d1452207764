package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.conntrack.TupleReader;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.tunnel.VtepTable;

/**
 * Applies the rules of overlay networks, besides those of every network. Only endpoints talk over the tunnels, and none
 * takes another's MAC there. The switch answers questions for known neighbours itself. A packet that is too long for
 * the path to its VTEP is cut, or an ICMP error tells its sender. Each host has its own gateway, host port and uplinks:
 * they do not use the tunnels. Owned by the worker.
 */
final class OverlayStage {
    private final VtepTable vteps;
    private final Fdb fdb;
    private final Port[] ports;
    private final IcmpErrorResponder icmpErrors;
    private final NeighbourSuppressor suppressor;
    private final CounterGroup<WorkerCounter> counters;
    private final CutRule cuts = new CutRule();
    private final TupleReader tuples = new TupleReader();

    OverlayStage(final VtepTable vteps, final Fdb fdb, final WorkerTables tables, final IcmpErrorResponder icmpErrors) {
        this.vteps = vteps;
        this.fdb = fdb;
        this.icmpErrors = icmpErrors;
        ports = tables.ports();
        counters = tables.counters();
        suppressor = new NeighbourSuppressor(tables.fib());
    }

    /**
     * @param batch a burst of an overlay network, with the bridge's decisions.
     */
    void process(final FrameBatch batch, final Port ingress) {
        if (ingress.isVtep()) {
            guard(batch, ingress);
        }
        final VtepTable.Overlay overlay = vteps.overlay(ingress.domain().policy().vni());
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i)) {
                continue;
            }
            final int egress = batch.egress(i);
            if (batch.l3Offset(i) != EthernetFlyweight.LENGTH) {
                batch.drop(i, DropReason.OVERLAY_VLAN);
            } else if (egress >= 0) {
                checkWay(batch, i, ingress, ports[egress]);
            } else if (egress == FrameBatch.EGRESS_FLOOD) {
                if (!ingress.isHost() && suppressor.answer(batch, i, ingress, overlay)) {
                    batch.egress(i, ingress.index());
                    counters.increment(WorkerCounter.NEIGHBOUR_REPLIES);
                }
            } else if (ingress.isVtep()) {
                batch.drop(i, DropReason.TUNNEL_NOT_RELAYED);
            }
        }
    }

    /** Drops frames whose source MAC is pinned to another port. */
    private void guard(final FrameBatch batch, final Port ingress) {
        final int domain = ingress.domain().id();
        // Most frames of a burst have one sender: one look-up serves consecutive frames.
        long previous = 0;
        for (int i = 0, size = batch.size(); i < size; i++) {
            final long source = batch.sourceMac(i);
            if (batch.isDropped(i) || source == previous) {
                continue;
            }
            final int pinned = fdb.pinnedTo(domain, source);
            if (pinned == Fdb.UNKNOWN || pinned == ingress.index()) {
                previous = source;
            } else {
                batch.drop(i, DropReason.REMOTE_MAC_SPOOFED);
            }
        }
    }

    private void checkWay(final FrameBatch batch, final int i, final Port ingress, final Port egress) {
        if (!ingress.reaches(egress)) {
            batch.drop(i, DropReason.TUNNEL_NOT_RELAYED);
        } else if (egress.isVtep() && batch.wireLength(i) > egress.mtu() && batch.isIp(i)
            && !cuts.allow(batch, i, egress.mtu())) {
            tuples.read(batch, i); // no earlier stage has read it
            icmpErrors.tooBig(batch, i, ingress, egress.mtu());
        }
    }
}
