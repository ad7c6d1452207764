package org.sluice.datapath.worker;

import java.util.List;

import org.sluice.datapath.bridge.BridgeDomain;
import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.CoarseClock;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandResult;
import org.sluice.datapath.command.Layer2CommandHandler;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.pipeline.Pipeline;
import org.sluice.datapath.pipeline.WorkerTables;
import org.sluice.datapath.route.Fib;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.tunnel.Tunnel;
import org.sluice.datapath.tunnel.Vtep;
import org.sluice.datapath.tunnel.VtepTable;

/** Executes control's commands about networks, ports and the FDB, between bursts. Owned by the worker. */
final class Layer2Commands implements Layer2CommandHandler {
    /** A VTEP has no address within its network. */
    private static final PortIdentity NOBODY = new PortIdentity(0, 0, 0, 0);

    private final WorkerResources resources;
    private final Fdb fdb;
    private final Fib fib;
    private final Port[] ports;
    private final Tunnel tunnel;
    private final Pipeline pipeline;
    private final BridgeDomain[] domains = new BridgeDomain[Fdb.MAX_DOMAINS];

    Layer2Commands(final WorkerResources resources, final WorkerTables tables, final Pipeline pipeline,
                   final Tunnel tunnel) {
        this.resources = resources;
        this.tunnel = tunnel;
        this.pipeline = pipeline;
        ports = tables.ports();
        fib = tables.fib();
        fdb = resources.fdb();
    }

    @Override
    public CommandResult onAddDomain(final Command.AddDomain command) {
        final int id = command.domainId();
        if (id <= 0 || id >= domains.length) {
            return CommandResult.DOMAIN_ID_INVALID;
        }
        if (domains[id] != null) {
            return CommandResult.DOMAIN_EXISTS;
        }
        if (command.policy().isOverlay() && tunnel.vteps().overlay(command.policy().vni()) != null) {
            return CommandResult.VNI_TAKEN;
        }
        domains[id] = new BridgeDomain(id, command.gateway(), command.policy(),
            new CounterGroup<>(resources.counterValues(), command.counterIds()));
        if (command.policy().isOverlay()) {
            tunnel.vteps().add(domains[id]);
        }
        return CommandResult.OK;
    }

    @Override
    public CommandResult onRemoveDomain(final Command.RemoveDomain command) {
        final BridgeDomain domain = domain(command.domainId());
        if (domain == null) {
            return CommandResult.DOMAIN_UNKNOWN;
        }
        for (final Port port : ports) {
            if (port != null && port.domain() == domain) {
                return CommandResult.DOMAIN_IN_USE;
            }
        }
        fdb.flushDomain(domain.id());
        domains[domain.id()] = null;
        if (domain.policy().isOverlay()) {
            tunnel.vteps().remove(domain);
        }
        return CommandResult.OK;
    }

    @Override
    public CommandResult onAddPort(final Command.AddPort command) {
        final int index = command.portIndex();
        final BridgeDomain domain = domain(command.domainId());
        final PacketDevice device = resources.devices().get(index);
        if (domain == null) {
            return CommandResult.DOMAIN_UNKNOWN;
        }
        if (device == null) {
            return CommandResult.DEVICE_MISSING;
        }
        if (ports[index] != null) {
            return CommandResult.PORT_EXISTS;
        }
        final CounterGroup<PortCounter> counters =
            new CounterGroup<>(resources.counterValues(), command.counterIds());
        resources.poller().add(index, device);
        if (isPinned(command.kind(), command.guarded())
            && !fdb.putStatic(domain.id(), command.identity().mac(), index, nowSeconds())) {
            resources.poller().remove(index, device);
            return CommandResult.FDB_FULL;
        }
        final Port port = new Port(index, domain, device, command.mtu(), command.kind(), command.guarded(),
            command.identity(), counters);
        ports[index] = port;
        domain.add(port);
        switch (port.kind()) {
            case UPLINK -> fib.nextHops().addUplink(port);
            case UNDERLAY -> tunnel.addUnderlay(port);
            default -> fib.nextHops().addPort(port);
        }
        if (port.isEndpoint()) {
            fib.addEndpoint(port);
        }
        counters.set(PortCounter.UP, 1);
        if (port.isEndpoint()) {
            pipeline.announce(port);
        }
        return CommandResult.OK;
    }

    @Override
    public CommandResult onAddVtep(final Command.AddVtep command) {
        final int index = command.portIndex();
        final BridgeDomain domain = domain(command.domainId());
        if (domain == null || !domain.policy().isOverlay()) {
            return CommandResult.DOMAIN_UNKNOWN;
        }
        if (ports[index] != null || tunnel.vteps().find(domain.policy().vni(), command.high(), command.low()) != null) {
            return CommandResult.PORT_EXISTS;
        }
        final Port port = new Port(index, domain, new Vtep(tunnel.encapsulator(), index, domain.policy().vni(),
            command.high(), command.low()), command.mtu(), PortKind.VTEP, false, NOBODY,
            new CounterGroup<>(resources.counterValues(), command.counterIds()));
        ports[index] = port;
        domain.add(port);
        tunnel.vteps().addVtep(port);
        port.counters().set(PortCounter.UP, 1);
        return CommandResult.OK;
    }

    @Override
    public CommandResult onSetPortMtu(final Command.SetPortMtu command) {
        final Port port = port(command.portIndex());
        if (port == null) {
            return CommandResult.PORT_UNKNOWN;
        }
        port.mtu(command.mtu());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onSetUplink(final Command.SetUplink command) {
        final Port port = port(command.portIndex());
        if (port == null || !port.isUplink()) {
            return CommandResult.PORT_UNKNOWN;
        }
        port.mtu(command.mtu());
        port.identity(new PortIdentity(command.mac(), 0, 0, 0));
        fib.nextHops().uplinkChanged(port);
        return CommandResult.OK;
    }

    @Override
    public CommandResult onSetVtepRoute(final Command.SetVtepRoute command) {
        if (!isVtep(command.portIndex())) {
            return CommandResult.PORT_UNKNOWN;
        }
        vtepOf(ports[command.portIndex()]).route(command.linkIndex(), command.sourceHigh(), command.sourceLow());
        return CommandResult.OK;
    }

    @Override
    public CommandResult onPutRemote(final Command.PutRemote command) {
        final BridgeDomain domain = domain(command.domainId());
        final VtepTable.Overlay overlay = domain == null ? null : tunnel.vteps().overlay(domain.policy().vni());
        if (overlay == null) {
            return CommandResult.DOMAIN_UNKNOWN;
        }
        final PortIdentity identity = command.identity();
        final int pinned = fdb.pinnedTo(domain.id(), identity.mac());
        if (command.portIndex() == Command.PutRemote.GONE) {
            if (isVtep(pinned)) {
                forgetRemote(overlay, ports[pinned], identity);
            }
            return CommandResult.OK;
        }
        if (!isVtep(command.portIndex()) || ports[command.portIndex()].domain() != domain) {
            return CommandResult.PORT_UNKNOWN;
        }
        if (pinned != Fdb.UNKNOWN && !isVtep(pinned)) {
            return CommandResult.MAC_IS_LOCAL;
        }
        if (pinned != Fdb.UNKNOWN) {
            vtepOf(ports[pinned]).remotes().removeIf(known -> known.mac() == identity.mac());
        }
        if (!fdb.putStatic(domain.id(), identity.mac(), command.portIndex(), nowSeconds())) {
            return CommandResult.FDB_FULL;
        }
        overlay.putRemote(identity);
        vtepOf(ports[command.portIndex()]).remotes().add(identity);
        return CommandResult.OK;
    }

    @Override
    public CommandResult onRemovePort(final Command.RemovePort command) {
        final int index = command.portIndex();
        final Port port = port(index);
        if (port == null) {
            if (index >= 0 && index < ports.length && !command.keepConnections()) {
                // Connections of an earlier run of the switch may still wait for this port.
                resources.connections().removePort(index);
            }
            return CommandResult.PORT_UNKNOWN;
        }
        if (port.isVtep()) {
            removeVtep(port); // unwatched: a VTEP's device has nothing to poll
        } else {
            resources.poller().remove(index, port.device());
        }
        if (port.isUnderlay()) {
            tunnel.removeUnderlay(port);
        }
        pipeline.forget(port);
        port.domain().remove(port);
        ports[index] = null;
        fdb.flushPort(index);
        if (isPinned(port.kind(), port.isGuarded())) {
            fdb.remove(port.domain().id(), port.identity().mac());
        }
        fib.removeEndpoint(port);
        fib.nextHops().removePort(index);
        if (!command.keepConnections()) {
            resources.connections().removePort(index);
        }
        port.counters().set(PortCounter.UP, 0);
        return CommandResult.OK;
    }

    @Override
    public CommandResult onFlushFdb(final Command.FlushFdb command) {
        if (command.domainId() != 0) {
            if (domain(command.domainId()) == null) {
                return CommandResult.DOMAIN_UNKNOWN;
            }
            fdb.flushDomain(command.domainId());
            return CommandResult.OK;
        }
        for (final BridgeDomain domain : domains) {
            if (domain != null) {
                fdb.flushDomain(domain.id());
            }
        }
        return CommandResult.OK;
    }

    @Override
    public CommandResult onObserve(final Command.Observe command) {
        pipeline.observe(command.kind(), command.on() ? resources.probes().ring(command.kind()) : null,
            command.filter(), command.snapBytes());
        return CommandResult.OK;
    }

    private void forgetRemote(final VtepTable.Overlay overlay, final Port port, final PortIdentity identity) {
        overlay.removeRemote(identity);
        vtepOf(port).remotes().removeIf(known -> known.mac() == identity.mac());
        if (fdb.pinnedTo(port.domain().id(), identity.mac()) == port.index()) {
            fdb.remove(port.domain().id(), identity.mac());
        }
    }

    private void removeVtep(final Port port) {
        final VtepTable.Overlay overlay = tunnel.vteps().overlay(port.domain().policy().vni());
        List.copyOf(vtepOf(port).remotes()).forEach(identity -> forgetRemote(overlay, port, identity));
        tunnel.vteps().removeVtep(port);
    }

    private static Vtep vtepOf(final Port port) {
        return (Vtep) port.device();
    }

    private boolean isVtep(final int index) {
        return port(index) != null && ports[index].isVtep();
    }

    /** The port of that index, or null. */
    private Port port(final int index) {
        return index >= 0 && index < ports.length ? ports[index] : null;
    }

    /**
     * Whether the port's MAC is known without learning: that of a host port, or of an endpoint that may use no other.
     */
    private static boolean isPinned(final PortKind kind, final boolean guarded) {
        return kind == PortKind.HOST || kind == PortKind.ENDPOINT && guarded;
    }

    private BridgeDomain domain(final int id) {
        return id > 0 && id < domains.length ? domains[id] : null;
    }

    private int nowSeconds() {
        return CoarseClock.seconds(resources.clock().nanoTime());
    }
}
