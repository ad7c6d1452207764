package org.sluice.control.observe;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

import org.jspecify.annotations.Nullable;

import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.Protocols;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.conntrack.TcpState;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.datapath.trace.ProbeRing;
import org.sluice.datapath.trace.TraceStage;
import org.sluice.datapath.trace.TraceStep;

/** Turns the steps that one worker has noted into words: the steps of a packet come one after the other. */
final class TraceReader {
    private static final TraceStage[] STAGES = TraceStage.values();
    private static final DropReason[] REASONS = DropReason.values();
    private static final TcpState[] TCP_STATES = TcpState.values();
    private static final int NOWHERE = Integer.MIN_VALUE;

    private final TraceStep step = new TraceStep();
    private final Map<Integer, String> names;
    private final IntFunction<String> linkNames;
    private final long epochOffsetNs;
    private final List<TracedPacket> packets = new ArrayList<>();
    private long current = -1;
    private int egressBefore;
    private boolean answeredBefore;

    /**
     * @param names     of ports, by index.
     * @param linkNames names an interface of the host by its number.
     */
    TraceReader(final Map<Integer, String> names, final IntFunction<String> linkNames, final long epochOffsetNs) {
        this.linkNames = linkNames;
        this.names = names;
        this.epochOffsetNs = epochOffsetNs;
    }

    /** The packets since the last time. */
    List<TracedPacket> read(final ProbeRing ring) {
        // One read ends where the ring does, the second goes on at its beginning; more would never catch up.
        ring.poll((address, length) -> add(step.wrap(address)));
        ring.poll((address, length) -> add(step.wrap(address)));
        final List<TracedPacket> read = List.copyOf(packets);
        packets.clear();
        current = -1;
        return read;
    }

    private void add(final TraceStep next) {
        if (next.number() != current) {
            current = next.number();
            egressBefore = NOWHERE;
            answeredBefore = false;
            final long epochNs = next.timeNs() + epochOffsetNs;
            packets.add(new TracedPacket(next.number(),
                Instant.ofEpochSecond(TimeUnit.NANOSECONDS.toSeconds(epochNs),
                    epochNs % TimeUnit.SECONDS.toNanos(1)),
                nameOf(next.ingress()), next.length(), summaryOf(next), new ArrayList<>()));
        }
        final TraceStage stage = STAGES[next.stage()];
        final boolean dropped = next.reason() >= 0;
        final String decision = dropped ? "dropped: " + REASONS[next.reason()].description() + link(next)
            : decisionOf(stage, next);
        if (decision != null) {
            packets.getLast().steps().add(new TracedPacket.Step(stage.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                decision, dropped ? REASONS[next.reason()].name().toLowerCase(Locale.ROOT) : null));
        }
        egressBefore = next.egress();
        answeredBefore = next.is(TraceStep.ANSWERED);
    }

    /** Null where the stage has nothing to do with the packet. */
    private @Nullable String decisionOf(final TraceStage stage, final TraceStep next) {
        final boolean answeredNow = next.is(TraceStep.ANSWERED) && !answeredBefore;
        return switch (stage) {
            case PARSE -> "understood";
            case SOURCE_GUARD -> "passes";
            case BRIDGE -> switch (next.egress()) {
                case FrameBatch.EGRESS_GATEWAY -> "to the gateway";
                case FrameBatch.EGRESS_FLOOD -> "to every port of the network";
                default -> "to " + nameOf(next.egress());
            };
            case OVERLAY -> answeredNow ? "too long for the tunnel: answered with an ICMP error"
                : next.egress() != egressBefore ? "answered for a known endpoint" : null;
            case GATEWAY -> gateway(next);
            case CONNTRACK -> answeredNow ? answered(next) : conntrack(next);
            case ROUTE -> answeredNow ? answered(next) : route(next);
            case TRANSMIT -> transmit(next);
        };
    }

    private String answered(final TraceStep next) {
        return "answered with an ICMP error"
            + (next.answerReason() < 0 ? "" : ": " + REASONS[next.answerReason()].description() + link(next));
    }

    /** The interface that is at fault, if one is. */
    private String link(final TraceStep next) {
        return next.refusedLink() == 0 ? "" : " (" + linkNames.apply(next.refusedLink()) + ")";
    }

    private @Nullable String gateway(final TraceStep next) {
        if (egressBefore != FrameBatch.EGRESS_GATEWAY && egressBefore == next.egress()) {
            return null;
        }
        if (next.egress() == FrameBatch.EGRESS_GATEWAY) {
            return "to be routed";
        }
        return next.egress() == next.ingress() ? "answered" : "to the host through " + nameOf(next.egress());
    }

    private @Nullable String conntrack(final TraceStep next) {
        if (next.is(TraceStep.HELD)) {
            return "waits for the first fragment of its packet";
        }
        if (next.is(TraceStep.TRACKED)) {
            return (next.packets() <= 1 ? "new connection" : "packet " + next.packets() + " of its connection")
                + (next.direction() == Connection.ORIGINAL ? ", ORIGINAL" : ", REPLY")
                + (FlowTuple.protocol(next.tuple()) == IpProtocol.TCP ? ", " + TCP_STATES[next.tcpState()] : "")
                + ((next.status() & Connection.SNAT) != 0 ? ", SNAT" : "")
                + ((next.status() & Connection.DNAT) != 0 ? ", DNAT" : "");
        }
        return egressBefore == FrameBatch.EGRESS_GATEWAY && next.egress() >= 0
            ? "for the host itself, through " + nameOf(next.egress()) : null;
    }

    private @Nullable String route(final TraceStep next) {
        if (next.is(TraceStep.HELD)) {
            return "waits for its neighbour's MAC address, as " + flowOf(next.translated());
        }
        return next.is(TraceStep.TRACKED) && next.egress() >= 0
            ? "through " + nameOf(next.egress()) + " as " + flowOf(next.translated()) : null;
    }

    private String transmit(final TraceStep next) {
        if (next.egress() < 0) {
            return "sent to every other port of the network";
        }
        final String port = nameOf(next.egress());
        if (next.is(TraceStep.TOO_LONG)) {
            return "dropped: longer than the MTU of " + port;
        }
        return next.is(TraceStep.CUT) ? "cut into fragments, sent through " + port : "sent through " + port;
    }

    private String nameOf(final int port) {
        return names.getOrDefault(port, "port " + port);
    }

    private static String summaryOf(final TraceStep step) {
        if (!step.is(TraceStep.IP)) {
            final String type = step.etherType() == EtherType.ARP ? "arp" : String.format("0x%04x", step.etherType());
            return type + " " + MacAddress.format(step.sourceMac()) + " > " + MacAddress.format(step.destinationMac());
        }
        return Protocols.name(FlowTuple.protocol(step.tuple())) + " " + flowOf(step.tuple())
            + (step.is(TraceStep.FRAGMENT) ? " fragment" : "");
    }

    private static String flowOf(final long tuple) {
        final boolean hasPorts = switch (FlowTuple.protocol(tuple)) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP -> true;
            default -> false;
        };
        final String source =
            IpPrefix.format(IpAddress.of(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple)));
        final String destination =
            IpPrefix.format(IpAddress.of(FlowTuple.destinationHigh(tuple), FlowTuple.destinationLow(tuple)));
        if (hasPorts) {
            return IpPrefix.withPort(source, Integer.toString(FlowTuple.sourcePort(tuple))) + " > "
                + IpPrefix.withPort(destination, Integer.toString(FlowTuple.destinationPort(tuple)));
        }
        final int identifier = FlowTuple.sourcePort(tuple) | FlowTuple.destinationPort(tuple);
        return source + " > " + destination + (identifier == 0 ? "" : " id " + identifier);
    }
}
