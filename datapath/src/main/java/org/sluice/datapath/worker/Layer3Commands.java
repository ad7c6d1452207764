package org.sluice.datapath.worker;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandResult;
import org.sluice.datapath.command.Layer3CommandHandler;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.pipeline.Pipeline;
import org.sluice.datapath.pipeline.WorkerTables;
import org.sluice.datapath.route.Fib;
import org.sluice.datapath.route.NextHop;
import org.sluice.datapath.status.WorkerCounter;

/**
 * Executes control's commands about routes, neighbours, published ports and connections, between bursts. Owned by the
 * worker.
 */
final class Layer3Commands implements Layer3CommandHandler {
    private final WorkerResources resources;
    private final WorkerTables tables;
    private final Fib fib;
    private final Pipeline pipeline;

    Layer3Commands(final WorkerResources resources, final WorkerTables tables, final Pipeline pipeline) {
        this.resources = resources;
        this.tables = tables;
        this.pipeline = pipeline;
        fib = tables.fib();
    }

    @Override
    public CommandResult onPutRoute(final Command.PutRoute command) {
        fib.putRoute(command.route());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onRemoveRoute(final Command.RemoveRoute command) {
        fib.removeRoute(command.key());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onAddRule(final Command.AddRule command) {
        fib.addRule(command.rule());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onInstallRules(final Command.InstallRules command) {
        return fib.installRules(command.ipv4(), command.count()) ? CommandResult.OK : CommandResult.LIST_INCOMPLETE;
    }

    @Override
    public CommandResult onAddSource(final Command.AddSource command) {
        fib.addSource(command.source());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onInstallSources(final Command.InstallSources command) {
        return fib.installSources(command.portIndex(), command.ipv4(), command.count()) ? CommandResult.OK
            : CommandResult.LIST_INCOMPLETE;
    }

    @Override
    public CommandResult onSetLocalAddress(final Command.SetLocalAddress command) {
        if (command.present()) {
            fib.addLocal(command.high(), command.low(), command.length());
        } else {
            fib.removeLocal(command.high(), command.low(), command.length());
        }
        return CommandResult.OK;
    }

    @Override
    public CommandResult onSetTunnelPort(final Command.SetTunnelPort command) {
        tables.tunnels().udpPort(command.udpPort());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onClaimTuples(final Command.ClaimTuples command) {
        tables.connections().claimIn(command.memory(), command.bucketBits(), command.seed());
        return CommandResult.OK;
    }

    /** Sends or drops the packets that waited for the neighbour. */
    @Override
    public CommandResult onPutNeighbour(final Command.PutNeighbour command) {
        final Port uplink = uplink(command.portIndex());
        if (uplink == null) {
            return CommandResult.PORT_UNKNOWN;
        }
        final long nowNs = resources.clock().nanoTime();
        for (int form = 0; form < fib.nextHops().forms(command.portIndex()); form++) {
            final NextHop hop = fib.nextHops().resolve(command.portIndex(), form, command.high(), command.low(),
                command.mac());
            if (hop != null && hop.isResolved()) {
                pipeline.release(hop, uplink, nowNs);
            } else if (hop != null) {
                pipeline.giveUp(hop, uplink, nowNs);
            }
        }
        return CommandResult.OK;
    }

    @Override
    public CommandResult onAddPortMap(final Command.AddPortMap command) {
        return tables.portMaps().add(command.map()) ? CommandResult.OK : CommandResult.PORT_MAP_TAKEN;
    }

    @Override
    public CommandResult onRemovePortMap(final Command.RemovePortMap command) {
        tables.portMaps().remove(command.map());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onFlushConntrack(final Command.FlushConntrack command) {
        final ConntrackTable connections = tables.connections();
        final int end = Math.min(connections.highWater(), command.first() + Command.FlushConntrack.MAX_CONNECTIONS);
        int flushed = 0;
        for (int number = command.first(); number < end; number++) {
            final long connection = connections.byNumber(number);
            if (connection != ConntrackTable.NONE && command.filter().matches(connection)
                && !(command.unpublished() && isPublished(connection))) {
                connections.remove(connection);
                flushed++;
            }
        }
        resources.counters().add(WorkerCounter.CONNECTIONS_FLUSHED, flushed);
        return CommandResult.OK;
    }

    /** Whether a port map still exists for the connection's original destination. */
    private boolean isPublished(final long connection) {
        final long tuple = Connection.tuple(connection, Connection.ORIGINAL);
        return tables.portMaps().find(tuple) != null;
    }

    private Port uplink(final int index) {
        final Port port = index >= 0 && index < tables.ports().length ? tables.ports()[index] : null;
        return port != null && port.isUplink() ? port : null;
    }
}
