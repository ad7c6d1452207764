package org.sluice.control.api;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.Protocols;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.conntrack.TcpState;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;

/** Shows tracked connections as the API does. Used on the control thread; disturbs no worker. */
final class ConnectionViews {
    private static final TcpState[] TCP_STATES = TcpState.values();

    private final SwitchEngine engine;

    ConnectionViews(final SwitchEngine engine) {
        this.engine = engine;
    }

    List<Views.Connection> matching(final ConntrackQuery.Page page) {
        final List<Views.Connection> connections = new ArrayList<>();
        engine.visitConnections(page.after() + 1, (position, connection, nowNs) -> {
            if (page.filter().matches(connection)) {
                connections.add(view(position, connection, nowNs));
            }
            return connections.size() < page.limit();
        });
        return connections;
    }

    long count(final ConntrackFilter filter) {
        final long[] count = new long[1];
        engine.visitConnections(0, (position, connection, nowNs) -> {
            count[0] += filter.matches(connection) ? 1 : 0;
            return true;
        });
        return count[0];
    }

    private static Views.Connection view(final long position, final long connection, final long nowNs) {
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
        return new Views.Connection(position, Protocols.name(protocol), protocol, FlowTuple.isIpv4(original) ? 4 : 6,
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
}
