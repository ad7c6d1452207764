package org.sluice.datapath.command;

import org.sluice.datapath.route.PolicyRule;
import org.sluice.datapath.route.Route;
import org.sluice.datapath.route.RouteKey;
import org.sluice.datapath.route.RouteType;
import org.sluice.datapath.route.SourceAddress;

/** The form of routes, rules and source addresses in {@link CommandCodec}'s messages: their fields in order. */
final class RouteCodec {
    private static final RouteType[] TYPES = RouteType.values();
    private static final PolicyRule.Action[] ACTIONS = PolicyRule.Action.values();

    private RouteCodec() {
    }

    static FieldWriter put(final FieldWriter out, final RouteKey key) {
        return CommandCodec.putPrefix(
            out.put(key.table()).put(key.high()).put(key.low()).put(key.length()).put(key.tos()), key.source());
    }

    static RouteKey key(final FieldReader in) {
        return new RouteKey(in.i32(), in.i64(), in.i64(), in.i32(), in.i32(), CommandCodec.prefix(in));
    }

    static void put(final FieldWriter out, final Route route) {
        put(out, route.key()).put(route.type().ordinal()).put(route.mtu()).put(route.linkIndex())
            .put(route.linkGroup()).put(route.hops().length);
        for (final Route.Hop hop : route.hops()) {
            out.put(hop.portIndex()).put(hop.gatewayHigh()).put(hop.gatewayLow()).put(hop.sourceHigh())
                .put(hop.sourceLow()).put(hop.weight());
        }
    }

    static Route route(final FieldReader in) {
        final RouteKey key = key(in);
        final RouteType type = TYPES[in.i32()];
        final int mtu = in.i32();
        final int linkIndex = in.i32();
        final int linkGroup = in.i32();
        final Route.Hop[] hops = new Route.Hop[in.i32()];
        for (int i = 0; i < hops.length; i++) {
            hops[i] = new Route.Hop(in.i32(), in.i64(), in.i64(), in.i64(), in.i64(), in.i32());
        }
        return new Route(key, type, mtu, linkIndex, linkGroup, hops);
    }

    static void put(final FieldWriter out, final PolicyRule rule) {
        final PolicyRule.Match match = rule.match();
        out.put(rule.ipv4()).put(match.inverted()).put(match.impossible());
        CommandCodec.putPrefix(CommandCodec.putPrefix(out, match.source()), match.destination())
            .put(match.domainId()).put(match.tos()).put(match.tosMask()).put(match.flowLabel())
            .put(match.flowLabelMask()).put(match.protocol());
        put(out, match.sourcePorts());
        put(out, match.destinationPorts());
        out.put(rule.action().ordinal()).put(rule.target()).put(rule.suppressLength()).put(rule.suppressGroup());
    }

    static PolicyRule rule(final FieldReader in) {
        final boolean ipv4 = in.bool();
        final PolicyRule.Match match = new PolicyRule.Match(in.bool(), in.bool(), CommandCodec.prefix(in),
            CommandCodec.prefix(in), in.i32(), in.i32(), in.i32(), in.i32(), in.i32(), in.i32(), ports(in), ports(in));
        return new PolicyRule(ipv4, match, ACTIONS[in.i32()], in.i32(), in.i32(), in.i32());
    }

    private static void put(final FieldWriter out, final PolicyRule.Ports ports) {
        out.put(ports.first()).put(ports.last()).put(ports.mask());
    }

    private static PolicyRule.Ports ports(final FieldReader in) {
        return new PolicyRule.Ports(in.i32(), in.i32(), in.i32());
    }

    static void put(final FieldWriter out, final SourceAddress source) {
        out.put(source.high()).put(source.low()).put(source.length()).put(source.subnetHigh())
            .put(source.subnetLow()).put(source.wanted());
    }

    static SourceAddress source(final FieldReader in) {
        return new SourceAddress(in.i64(), in.i64(), in.i32(), in.i64(), in.i64(), in.bool());
    }
}
