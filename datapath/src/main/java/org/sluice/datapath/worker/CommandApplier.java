package org.sluice.datapath.worker;

import java.util.concurrent.TimeUnit;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandHandler;
import org.sluice.datapath.command.CommandResult;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.pipeline.Pipeline;
import org.sluice.datapath.pipeline.WorkerTables;
import org.sluice.datapath.route.NextHop;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.tunnel.Tunnel;

/** Carries control's commands out on the worker's tables, between bursts. Owned by the worker. */
final class CommandApplier implements CommandHandler {
    private final WorkerResources resources;
    private final PortTable portTable;
    private final WorkerTables tables;
    private final Pipeline pipeline;

    CommandApplier(final WorkerResources resources, final WorkerTables tables, final Pipeline pipeline,
                   final Tunnel tunnel) {
        this.resources = resources;
        this.tables = tables;
        this.pipeline = pipeline;
        portTable = new PortTable(resources, tables.ports(), tables.fib(), tunnel);
    }

    @Override
    public CommandResult onAddDomain(final Command.AddDomain command) {
        return portTable.onAddDomain(command);
    }

    @Override
    public CommandResult onRemoveDomain(final Command.RemoveDomain command) {
        return portTable.onRemoveDomain(command);
    }

    @Override
    public CommandResult onAddPort(final Command.AddPort command) {
        final CommandResult result = portTable.onAddPort(command);
        if (result == CommandResult.OK && command.kind() == PortKind.ENDPOINT) {
            pipeline.announce(tables.ports()[command.portIndex()]);
        }
        return result;
    }

    @Override
    public CommandResult onAddVtep(final Command.AddVtep command) {
        return portTable.onAddVtep(command);
    }

    @Override
    public CommandResult onSetPortMtu(final Command.SetPortMtu command) {
        return portTable.onSetPortMtu(command);
    }

    @Override
    public CommandResult onSetVtepRoute(final Command.SetVtepRoute command) {
        return portTable.onSetVtepRoute(command);
    }

    @Override
    public CommandResult onPutRemote(final Command.PutRemote command) {
        return portTable.onPutRemote(command);
    }

    @Override
    public CommandResult onRemovePort(final Command.RemovePort command) {
        return portTable.onRemovePort(command);
    }

    @Override
    public CommandResult onFlushFdb(final Command.FlushFdb command) {
        return portTable.onFlushFdb(command);
    }

    @Override
    public CommandResult onPutRoute(final Command.PutRoute command) {
        tables.fib().putRoute(command.route());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onRemoveRoute(final Command.RemoveRoute command) {
        tables.fib().removeRoute(command.high(), command.low(), command.length());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onSetLocalAddress(final Command.SetLocalAddress command) {
        if (command.present()) {
            tables.fib().addLocal(command.high(), command.low());
        } else {
            tables.fib().removeLocal(command.high(), command.low());
        }
        return CommandResult.OK;
    }

    /** What has waited for the neighbour goes out, or is lost. */
    @Override
    public CommandResult onPutNeighbour(final Command.PutNeighbour command) {
        final Port uplink = portTable.uplink(command.portIndex());
        if (uplink == null) {
            return CommandResult.PORT_UNKNOWN;
        }
        final NextHop hop = tables.fib().nextHops().resolve(command.portIndex(), command.high(), command.low(),
            command.mac());
        if (hop == null) {
            return CommandResult.OK;
        }
        if (hop.isResolved()) {
            pipeline.release(hop, uplink, nowSeconds());
        } else {
            pipeline.giveUp(hop, uplink, resources.clock().nanoTime());
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

    @Override
    public CommandResult onObserve(final Command.Observe command) {
        pipeline.observe(command.kind(), command.on() ? resources.probes().ring(command.kind()) : null,
            command.filter(), command.snapBytes());
        return CommandResult.OK;
    }

    /** Whether there is still a port map for what the connection was opened to. */
    private boolean isPublished(final long connection) {
        final long tuple = Connection.tuple(connection, Connection.ORIGINAL);
        return tables.portMaps().find(tuple) != null;
    }

    private int nowSeconds() {
        return (int) TimeUnit.NANOSECONDS.toSeconds(resources.clock().nanoTime());
    }
}
