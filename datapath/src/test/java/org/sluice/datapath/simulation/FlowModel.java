package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.List;

import org.sluice.datapath.nat.NatPorts;

/** The connections that the switch must know, found by the tuple of either direction. */
final class FlowModel {
    private final NatPorts natPorts;
    private final SimulatedSwitch.Clock clock;
    private final List<Flow> flows = new ArrayList<>();

    FlowModel(final NatPorts natPorts, final SimulatedSwitch.Clock clock) {
        this.natPorts = natPorts;
        this.clock = clock;
    }

    /** A flow, and the way that a packet goes in it. */
    record Match(Flow flow, int direction) {
    }

    List<Flow> all() {
        return flows;
    }

    void add(final Flow flow) {
        flows.add(flow);
    }

    /** The live flow that a packet with this tuple belongs to, or null. */
    Match find(final Tuple tuple) {
        for (final Flow flow : flows) {
            if (isAlive(flow)) {
                if (flow.original().equals(tuple)) {
                    return new Match(flow, Flow.ORIGINAL);
                }
                if (flow.isTranslationKnown() && flow.reply().equals(tuple)) {
                    return new Match(flow, Flow.REPLY);
                }
            }
        }
        return null;
    }

    /** Whether there may be a flow that these are answers of: alive, or nobody can tell. */
    boolean mayKnowAnswers(final Tuple answer) {
        return flows.stream().anyMatch(flow -> flow.original().protocol() == answer.protocol()
            && (!flow.isTranslationKnown() || flow.reply().equals(answer)));
    }

    /** Whether it must be there. */
    boolean isAlive(final Flow flow) {
        return flow.isAlive(clock.nowNs()) && flows.contains(flow);
    }

    /** Whether no other live flow looks like this to its server. */
    boolean isUnique(final Flow flow, final Tuple leaving) {
        return flows.stream().noneMatch(other -> other != flow && isAlive(other) && other.isTranslationKnown()
            && other.leaving(Flow.ORIGINAL, other.translatedPort()).equals(leaving));
    }

    /** Whether the switch may give the flow this source port. */
    boolean mayHave(final Flow flow, final int port) {
        return port >= natPorts.first() && port <= natPorts.last()
            && isUnique(flow, flow.leaving(Flow.ORIGINAL, port));
    }

    /** Forgets what is over. */
    void expire() {
        flows.removeIf(flow -> flow.isOver(clock.nowNs()));
    }

    /** The connections of an endpoint end with it. */
    void remove(final Station endpoint) {
        flows.removeIf(flow -> flow.sender(Flow.ORIGINAL) == endpoint || flow.sender(Flow.REPLY) == endpoint);
    }

    /** The switch's table was full. */
    void doubt() {
        flows.forEach(flow -> flow.doubt(clock.nowNs()));
    }
}
