package org.sluice.datapath.worker;

import java.util.concurrent.TimeUnit;

import org.agrona.ErrorHandler;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.NanoClock;

import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.command.CommandChannel;
import org.sluice.datapath.conntrack.ConnectionTracker;
import org.sluice.datapath.conntrack.FragmentTable;
import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.nat.PortMapTable;
import org.sluice.datapath.nat.SourcePortAllocator;
import org.sluice.datapath.pipeline.Pipeline;
import org.sluice.datapath.pipeline.WorkerTables;
import org.sluice.datapath.policy.TunnelGuard;
import org.sluice.datapath.route.Fib;
import org.sluice.datapath.route.NextHopTable;
import org.sluice.datapath.route.PendingPackets;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.tunnel.Decapsulator;
import org.sluice.datapath.tunnel.Encapsulator;
import org.sluice.datapath.tunnel.Tunnel;
import org.sluice.datapath.tunnel.VtepTable;

/**
 * The forwarding loop: an Agrona agent that owns whole networks, with their ports and tables, and shares nothing with
 * other workers. Control talks to it only through its command channel, and reads counters and tables from mapped
 * memory. "Owned by the worker", in other classes, means: used by this agent's thread alone.
 * <p>
 * {@link #doWork()} is the place to start reading.
 */
public final class ForwardingWorker implements Agent {
    private static final int COMMAND_LIMIT = 8;
    private static final int READY_LIMIT = 64;
    /** A little longer than the kernel's own search for a neighbour. */
    private static final long NEIGHBOUR_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(4);

    private final String name;
    private final NanoClock clock;
    private final ErrorHandler errorHandler;
    private final CommandChannel commands;
    private final CounterGroup<WorkerCounter> counters;
    private final DevicePoller poller;
    private final int[] ready = new int[READY_LIMIT];
    private final Fdb fdb;
    private final Port[] ports = new Port[PortIndex.LIMIT];
    private final WorkerTables tables;
    private final FrameBatch batch = new FrameBatch();
    private final Pipeline pipeline;
    private final Tunnel tunnel;
    private final MessageHandler commandApplier;
    private final Housekeeper housekeeper;

    public ForwardingWorker(final WorkerResources resources) {
        name = resources.name();
        clock = resources.clock();
        errorHandler = resources.errorHandler();
        commands = resources.channel();
        counters = resources.counters();
        poller = resources.poller();
        fdb = resources.fdb();
        tables = makeTables(resources);
        final VtepTable vteps = new VtepTable();
        pipeline = new Pipeline(fdb, vteps, tables);
        tunnel = new Tunnel(vteps, new Encapsulator(resources.events()::pathTooSmall),
            new Decapsulator(vteps, resources.drops(), pipeline::process));
        commandApplier = commands.applier(new Layer2Commands(resources, tables, pipeline, tunnel),
            new Layer3Commands(resources, tables, pipeline), this::abandon);
        housekeeper = new Housekeeper(resources, tables);
    }

    /**
     * One duty cycle: applies commands, carries a burst from each port with frames, removes old entries. A port that
     * has caused more work than its share sits cycles out.
     *
     * @return 0 when there was no work.
     */
    @Override
    public int doWork() {
        final long nowNs = clock.nanoTime();
        int work = applyCommands();
        final int readyCount = poller.poll(ready, 0);
        for (int i = 0; i < readyCount; i++) {
            work += forward(ports[ready[i]], nowNs);
        }
        work += continueFloods(nowNs);
        housekeeper.work(nowNs);
        return work;
    }

    /** Sleeps until a device has frames, control wakes the worker, or the time is up. For idle strategies. */
    public void awaitWork(final int timeoutMs) {
        // The last poll of the devices may have consumed the wake-up for a command that arrived after the look at the
        // ring.
        if (!commands.hasCommands()) {
            poller.poll(ready, timeoutMs);
        }
    }

    @Override
    public String roleName() {
        return name;
    }

    @Override
    public void onClose() {
        batch.close();
        pipeline.close();
        tunnel.close();
        tables.fragments().close();
        tables.pending().close();
    }

    private int applyCommands() {
        final int applied = commands.drain(commandApplier, COMMAND_LIMIT);
        if (applied > 0) {
            counters.add(WorkerCounter.COMMANDS, applied);
        }
        return applied;
    }

    private int forward(final Port port, final long nowNs) {
        if (port == null) {
            return 0;
        }
        if (!port.budget().renew() || pipeline.isFlooding(port)) {
            return 1; // its frames wait for a later cycle
        }
        batch.begin(nowNs);
        batch.limit(port.budget().frames());
        try {
            final int received = port.device().receive(batch);
            if (received == PacketDevice.GONE) {
                takeDown(port);
                return 0;
            }
            if (received > 0) {
                final int work = port.isUnderlay() ? tunnel.decapsulator().process(batch, port)
                    : pipeline.process(batch, port);
                port.budget().spend(received, work);
            }
            return received;
        } catch (final Throwable ex) { // also the InternalError of a mapped page that cannot be had
            abandon(ex);
            return 0;
        }
    }

    private int continueFloods(final long nowNs) {
        try {
            return pipeline.continueFloods(nowNs) ? 1 : 0;
        } catch (final Throwable ex) {
            abandon(ex);
            return 1;
        }
    }

    /** Discards what an error has left unfinished, so that no queue keeps the address of an old frame. */
    private void abandon(final Throwable error) {
        pipeline.abandon();
        tunnel.decapsulator().abandon();
        counters.increment(WorkerCounter.ERRORS);
        errorHandler.onError(error);
    }

    /** Marks the port's device as gone for good. Other ports go on; this one stays until control removes it. */
    private void takeDown(final Port port) {
        poller.remove(port.index(), port.device());
        port.domain().remove(port);
        fdb.flushPort(port.index());
        port.counters().set(PortCounter.UP, 0);
        counters.increment(WorkerCounter.DEVICES_GONE);
        errorHandler.onError(new DeviceGoneException(port.device().name()));
    }

    private WorkerTables makeTables(final WorkerResources resources) {
        final NextHopTable nextHops = new NextHopTable((portIndex, high, low) -> {
            resources.counters().increment(WorkerCounter.NEIGHBOURS_WANTED);
            resources.events().neighbourWanted(portIndex, high, low);
        });
        final PortMapTable portMaps = new PortMapTable();
        return new WorkerTables(ports, new Fib(nextHops), resources.connections(),
            new ConnectionTracker(resources.config(), resources.connections()),
            new FragmentTable(resources.config(), resources.natSecret()), portMaps,
            new SourcePortAllocator(resources.connections(), resources.sourcePorts(), portMaps, resources.natSecret()),
            new PendingPackets(NEIGHBOUR_TIMEOUT_NS), new TunnelGuard(), resources.counters(), resources.drops(),
            resources.errorHandler());
    }
}
