package org.sluice.datapath.pipeline;

import org.agrona.UnsafeApi;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.conntrack.TupleReader;
import org.sluice.datapath.trace.PacketFilter;
import org.sluice.datapath.trace.ProbeRing;
import org.sluice.datapath.trace.TraceStage;
import org.sluice.datapath.trace.TraceStep;

/**
 * Records each stage's decision on the packets of a burst, and passes on those that the filter selects. It can select
 * only at the end, when a packet's egress port and final addresses are known. Does nothing until it is switched on.
 * Owned by the worker.
 */
final class PacketTracer implements AutoCloseable {
    private static final int STAGES = TraceStage.values().length;

    private final Port[] ports;
    private final TupleReader tuples = new TupleReader();
    private final TraceStep step = new TraceStep();
    private final OffHeapRegion steps =
        OffHeapRegion.anonymous((long) FrameBatch.CAPACITY * STAGES * TraceStep.BYTES);
    private final OffHeapRegion came = OffHeapRegion.anonymous((long) FrameBatch.CAPACITY * FlowTuple.BYTES);
    private final boolean[] noted = new boolean[FrameBatch.CAPACITY * STAGES];
    private final boolean[] ended = new boolean[FrameBatch.CAPACITY];
    private final long[] addressBefore = new long[FrameBatch.CAPACITY];
    private ProbeRing ring;
    private PacketFilter filter = PacketFilter.ALL;
    private long number;
    private long timeNs;

    /**
     * @param ports of the worker, by index.
     */
    PacketTracer(final Port[] ports) {
        this.ports = ports;
    }

    /**
     * @param to the ring to fill; null switches the trace off.
     */
    void trace(final ProbeRing to, final PacketFilter meant) {
        ring = to;
        filter = meant;
    }

    boolean isOn() {
        return ring != null;
    }

    /** Begins with a burst that has been parsed. */
    void begin(final FrameBatch batch, final Port ingress) {
        timeNs = batch.nowNs();
        for (int i = 0, size = batch.size(); i < size; i++) {
            ended[i] = false;
            addressBefore[i] = batch.address(i);
            batch.clearAnswer(i);
            batch.connection(i, ConntrackTable.NONE); // only the layer-3 stages clear the value of an earlier burst
            for (int stage = 0; stage < STAGES; stage++) {
                noted[i * STAGES + stage] = false;
            }
            final long tuple = cameAs(i);
            UnsafeApi.setMemory(tuple, FlowTuple.BYTES, (byte) 0);
            if (batch.dropReason(i) == null && batch.isIp(i)) {
                tuples.read(batch, i);
                FlowTuple.copy(batch.tupleAddress(i), tuple);
            }
        }
        note(batch, ingress, TraceStage.PARSE);
    }

    /** Records the burst after a stage. */
    void note(final FrameBatch batch, final Port ingress, final TraceStage stage) {
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (!ended[i]) {
                noted[i * STAGES + stage.ordinal()] = true;
                write(batch, i, ingress, stage);
                ended[i] = batch.isDropped(i);
            }
        }
    }

    /** Ends the burst: passes on the selected packets. */
    void end(final FrameBatch batch, final Port ingress) {
        for (int i = 0, size = batch.size(); i < size; i++) {
            number++;
            if (isMeant(i, ingress)) {
                for (int stage = 0; stage < STAGES; stage++) {
                    if (noted[i * STAGES + stage]) {
                        step.wrap(at(i, stage)).numberAndTime(number, timeNs);
                        ring.offer(at(i, stage), TraceStep.BYTES);
                    }
                }
            }
        }
    }

    private boolean isMeant(final int i, final Port ingress) {
        int last = STAGES - 1;
        while (!noted[i * STAGES + last]) {
            last--;
        }
        step.wrap(at(i, last));
        final int egress = step.egress();
        final boolean byPort = filter.matchesPort(ingress)
            || egress == FrameBatch.EGRESS_FLOOD && isFloodedTo(ingress)
            || egress >= 0 && ports[egress] != null && filter.matchesPort(ports[egress]);
        return byPort && (filter.matchesTuple(cameAs(i)) || filter.matchesTuple(step.translated()));
    }

    private boolean isFloodedTo(final Port ingress) {
        for (final Port member : ingress.domain().ports()) {
            if (filter.matchesPort(member)) {
                return true;
            }
        }
        return false;
    }

    private void write(final FrameBatch batch, final int i, final Port ingress, final TraceStage stage) {
        final DropReason reason = batch.dropReason(i);
        final boolean isIp = FlowTuple.protocol(cameAs(i)) != 0;
        final boolean decided = stage.compareTo(TraceStage.BRIDGE) >= 0;
        final int egress = decided ? batch.egress(i) : FrameBatch.EGRESS_FLOOD;
        step.wrap(at(i, stage.ordinal()));
        step.ports(ingress.index(), egress);
        step.frame(batch.length(i), batch.etherType(i), batch.destinationMac(i), batch.sourceMac(i));
        step.outcome(stage.ordinal(), reason == null ? -1 : reason.ordinal());
        step.refusal(batch.answerReason(i), batch.refusedLink(i));
        FlowTuple.copy(cameAs(i), step.tuple());
        FlowTuple.copy(cameAs(i), step.translated());
        int flags = (isIp ? TraceStep.IP : 0) | (isIp && batch.isFragment(i) ? TraceStep.FRAGMENT : 0)
            | (batch.isDropped(i) && reason == null ? TraceStep.HELD : 0)
            | (batch.address(i) != addressBefore[i] ? TraceStep.ANSWERED : 0);
        if (stage == TraceStage.TRANSMIT && egress >= 0 && batch.wireLength(i) > ports[egress].mtu()) {
            flags |= batch.isCuttable(i) ? TraceStep.CUT : TraceStep.TOO_LONG;
        }
        if (isIp && stage.compareTo(TraceStage.CONNTRACK) >= 0 && batch.connection(i) != ConntrackTable.NONE) {
            flags |= TraceStep.TRACKED;
            writeConnection(batch.connection(i));
        }
        step.flags(flags);
    }

    private void writeConnection(final long ref) {
        final long connection = Connection.ofRef(ref);
        final int direction = Connection.directionOfRef(ref);
        step.connection(direction, Connection.status(connection), Connection.tcpState(connection),
            Connection.packets(connection, Connection.ORIGINAL) + Connection.packets(connection, Connection.REPLY));
        FlowTuple.invert(Connection.tuple(connection, 1 - direction), step.translated());
    }

    private long at(final int i, final int stage) {
        return steps.address() + (long) (i * STAGES + stage) * TraceStep.BYTES;
    }

    private long cameAs(final int i) {
        return came.address() + (long) i * FlowTuple.BYTES;
    }

    @Override
    public void close() {
        steps.close();
        came.close();
    }
}
