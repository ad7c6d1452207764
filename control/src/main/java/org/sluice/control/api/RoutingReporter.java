package org.sluice.control.api;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.PortMapSpec;
import org.sluice.control.model.Protocols;
import org.sluice.control.uplink.RouteMirror;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.conntrack.TcpState;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.linux.netlink.KernelRoute;

/** Puts connections, routes and published ports into the API's words. Used on the control thread. */
final class RoutingReporter {
    private static final TcpState[] TCP_STATES = TcpState.values();

    private final DesiredState state;
    private final SwitchEngine engine;
    private final UplinkManager uplinks;
    private final RouteMirror mirror;

    RoutingReporter(final ControlApi.Parts parts) {
        state = parts.state();
        engine = parts.engine();
        uplinks = parts.uplinks();
        mirror = parts.mirror();
    }

    List<Views.PortMap> portMaps(final Collection<PortMapSpec> maps) {
        return maps.stream().map(map -> new Views.PortMap(map.endpoint(),
            state.aliases().endpoints().get(map.endpoint()),
            state.shownName(state.network(state.endpoint(map.endpoint()).network())),
            Protocols.name(map.protocol()), text(map.hostAddress()), map.hostFirst(), map.hostLast(),
            map.endpointFirst(), map.endpointLast(), map.toString())).toList();
    }

    List<Views.Connection> connections(final ConntrackFilter filter) {
        final List<Views.Connection> connections = new ArrayList<>();
        engine.visitConnections((connection, nowNs) -> {
            if (filter.matches(connection)) {
                connections.add(connection(connection, nowNs));
            }
        });
        return connections;
    }

    long count(final ConntrackFilter filter) {
        final long[] count = new long[1];
        engine.visitConnections((connection, nowNs) -> count[0] += filter.matches(connection) ? 1 : 0);
        return count[0];
    }

    private static Views.Connection connection(final long connection, final long nowNs) {
        final long original = Connection.tuple(connection, Connection.ORIGINAL);
        final int protocol = FlowTuple.protocol(original);
        final List<String> status = new ArrayList<>();
        if (!Connection.has(connection, Connection.SEEN_REPLY)) {
            status.add("UNREPLIED");
        }
        if (Connection.has(connection, Connection.ASSURED)) {
            status.add("ASSURED");
        }
        if (Connection.has(connection, Connection.SNAT)) {
            status.add("SNAT");
        }
        if (Connection.has(connection, Connection.DNAT)) {
            status.add("DNAT");
        }
        return new Views.Connection(Protocols.name(protocol), protocol, FlowTuple.isIpv4(original) ? 4 : 6,
            protocol == IpProtocol.TCP ? TCP_STATES[Connection.tcpState(connection)].name() : null,
            TimeUnit.NANOSECONDS.toSeconds(Connection.deadlineNs(connection) - nowNs),
            flow(connection, Connection.ORIGINAL), flow(connection, Connection.REPLY), status);
    }

    private static Views.Flow flow(final long connection, final int direction) {
        final long tuple = Connection.tuple(connection, direction);
        return new Views.Flow(
            IpPrefix.format(IpAddress.of(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple))),
            IpPrefix.format(IpAddress.of(FlowTuple.destinationHigh(tuple), FlowTuple.destinationLow(tuple))),
            FlowTuple.sourcePort(tuple), FlowTuple.destinationPort(tuple),
            Connection.packets(connection, direction), Connection.bytes(connection, direction));
    }

    List<Views.Route> routes() {
        return mirror.routes().stream().map(route -> new Views.Route(
            IpPrefix.of(route.destination(), route.prefixLength()).toString(), typeOf(route.type()),
            route.priority(), route.hops().stream().map(hop -> new Views.Hop(text(hop.gateway()),
                mirror.linkName(hop.linkIndex()), text(mirror.sourceOf(route, hop).orElse(null)),
                uplinks.get(hop.linkIndex()) != null)).toList())).toList();
    }

    List<Views.Neighbour> neighbours() {
        return mirror.neighbours().stream().map(n -> new Views.Neighbour(text(n.address()),
            mirror.linkName(n.linkIndex()), MacAddress.format(n.mac()), n.stateName())).toList();
    }

    private static String typeOf(final int type) {
        return switch (type) {
            case KernelRoute.UNICAST -> "unicast";
            case KernelRoute.LOCAL -> "local";
            case 6 -> "blackhole";
            case 7 -> "unreachable";
            case 8 -> "prohibit";
            default -> "type " + type;
        };
    }

    private static String text(final InetAddress address) {
        return address == null ? null : IpPrefix.format(address);
    }
}
