package org.sluice.datapath.simulation;

import java.util.HashMap;
import java.util.Map;

import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.FlowTuple;

/** The connections that the switch says it has. */
final class ConnectionView {
    private final Map<Tuple, Tuple> replies = new HashMap<>();

    ConnectionView(final SimulatedSwitch sluice, final SimulatedSwitch.Clock clock) {
        sluice.connections().forEach(clock.nowNs(), connection -> {
            final Tuple original = tuple(Connection.tuple(connection, Connection.ORIGINAL));
            if (replies.put(original, tuple(Connection.tuple(connection, Connection.REPLY))) != null) {
                throw new AssertionError("two connections of " + original);
            }
        });
        if (replies.values().stream().distinct().count() != replies.size()) {
            throw new AssertionError("two connections get the same answers");
        }
    }

    /** Asserts that all live flows are there as they were seen, and no others of honest clients. */
    void check(final FlowModel flows) {
        for (final Flow flow : flows.all()) {
            final Tuple reply = replies.get(flow.original());
            if (flows.isAlive(flow) && (reply == null || flow.isTranslationKnown() && !reply.equals(flow.reply()))) {
                throw new AssertionError("the switch does not know " + flow + ", but " + reply);
            }
        }
        for (final Tuple original : replies.keySet()) {
            if (TupleChoice.isClientPort(original.sourcePort())
                && flows.all().stream().noneMatch(flow -> flow.original().equals(original))) {
                throw new AssertionError("the switch still knows " + original);
            }
        }
    }

    private static Tuple tuple(final long at) {
        return new Tuple(FlowTuple.protocol(at),
            new Address(FlowTuple.sourceHigh(at), FlowTuple.sourceLow(at)), FlowTuple.sourcePort(at),
            new Address(FlowTuple.destinationHigh(at), FlowTuple.destinationLow(at)), FlowTuple.destinationPort(at));
    }
}
