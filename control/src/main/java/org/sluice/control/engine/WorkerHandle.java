package org.sluice.control.engine;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

import org.agrona.CloseHelper;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.NanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.DaemonOptions;
import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.FdbReader;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandChannel;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.command.CommandResult;
import org.sluice.datapath.command.EventChannel;
import org.sluice.datapath.command.WorkerProxy;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackReader;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.DeviceRegistry;
import org.sluice.datapath.nat.HostPorts;
import org.sluice.datapath.nat.SourcePorts;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.CounterRegistry;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.trace.ProbeChannel;
import org.sluice.datapath.worker.AdaptiveIdleStrategy;
import org.sluice.datapath.worker.ForwardingWorker;
import org.sluice.datapath.worker.WorkerResources;
import org.sluice.linux.device.EpollPoller;

/** A running forwarding worker as control sees it: its proxy, its counters, and a reader of its FDB. */
final class WorkerHandle implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerHandle.class);
    private static final int FDB_CAPACITY = 64 * 1024;
    private static final int FDB_PORT_LIMIT = 1024;
    private static final long COMMAND_TIMEOUT_MS = TimeUnit.SECONDS.toMillis(5);

    /** Of the files that hold connections. */
    static final String CONNTRACK_SUFFIX = ".conntrack";

    private final int index;
    private final String name;
    private final EventChannel events;
    private final ProbeChannel probes = new ProbeChannel();
    private final OffHeapRegion conntrackRegion;
    private final ConntrackReader conntrackReader;
    private final CommandChannel channel = new CommandChannel();
    private final DevicePoller poller = new EpollPoller();
    private final OffHeapRegion fdbRegion;
    private final FdbReader fdbReader;
    private final CounterGroup<WorkerCounter> counters;
    private final CounterGroup<DropReason> drops;
    private final WorkerProxy proxy = new WorkerProxy(channel, poller::wakeUp, COMMAND_TIMEOUT_MS);
    private final AgentRunner runner;
    private final Thread thread;
    private volatile boolean closing;

    /**
     * @param hostPorts   that the worker leaves alone.
     * @param eventWakeUp makes control look at the worker's events.
     * @param onDeath     runs, on the worker's thread, when it ends by an error.
     */
    WorkerHandle(final int index, final DaemonOptions options, final HostPorts hostPorts,
                 final NanoClock clock, final CounterRegistry registry, final DeviceRegistry devices,
                 final ErrorLog errors, final Runnable eventWakeUp, final Runnable onDeath) {
        this.index = index;
        name = "worker-" + index;
        final Path runDir = options.runDir();
        final ConntrackConfig conntrack = options.conntrack();
        events = new EventChannel(eventWakeUp);
        // Unlike the other mapped files this one outlives the daemon: the next one takes the connections up.
        conntrackRegion = OffHeapRegion.mapped(runDir.resolve("conntrack-" + index + CONNTRACK_SUFFIX),
            ConntrackTable.regionBytes(conntrack.capacity()));
        final SecureRandom random = new SecureRandom();
        final ConntrackTable connections =
            new ConntrackTable(conntrackRegion, conntrack, random.nextLong(), clock.nanoTime());
        conntrackReader = new ConntrackReader(conntrackRegion);
        fdbRegion = OffHeapRegion.mapped(runDir.resolve("fdb-" + index + ".dat"), Fdb.regionBytes(FDB_CAPACITY));
        final Fdb fdb = new Fdb(fdbRegion, FDB_CAPACITY, FDB_PORT_LIMIT, Fdb.DEFAULT_AGEING_SECONDS,
            random.nextLong());
        fdbReader = new FdbReader(fdbRegion);
        counters = new CounterGroup<>(registry.values(),
            registry.allocate(WorkerCounter.class, CounterTypes.WORKER, name));
        drops = new CounterGroup<>(registry.values(),
            registry.allocate(DropReason.class, CounterTypes.DROP_REASON, name + " drop"));
        final ForwardingWorker worker = new ForwardingWorker(new WorkerResources(name, clock,
            errors, channel, poller, devices, fdb, connections, conntrack,
            new SourcePorts(options.natPorts(), index, options.workers(), hostPorts), random.nextLong(), events, probes,
            registry.values(), counters, drops));
        runner = new AgentRunner(
            options.busy() ? BusySpinIdleStrategy.INSTANCE : new AdaptiveIdleStrategy(worker), errors, null, worker);
        thread = AgentRunner.startOnThread(runner, run -> new Thread(() -> runUntilClosed(run, onDeath)));
    }

    String name() {
        return name;
    }

    /** From 0. */
    int index() {
        return index;
    }

    EventChannel events() {
        return events;
    }

    ProbeChannel probes() {
        return probes;
    }

    ConntrackReader conntrackReader() {
        return conntrackReader;
    }

    WorkerProxy proxy() {
        return proxy;
    }

    /**
     * Has the worker carry a command out, and waits for it.
     *
     * @param what it is to do, for an error: "cannot ...".
     * @throws ControlException when the worker has stopped, refuses, or does not answer.
     */
    void execute(final Command command, final String what) {
        if (!isAlive()) {
            throw new ControlException(ControlException.Kind.FAILED,
                "cannot " + what + ": " + name + " has stopped; restart the daemon");
        }
        try {
            proxy.execute(command);
        } catch (final CommandException ex) {
            // An earlier try may have removed it after it was given up on: it is gone, as was wanted.
            if (ex.result() != CommandResult.PORT_UNKNOWN && ex.result() != CommandResult.DOMAIN_UNKNOWN) {
                throw failed(what, ex);
            }
        }
    }

    static ControlException failed(final String what, final CommandException cause) {
        return new ControlException(ControlException.Kind.FAILED, "cannot " + what + ": " + cause.getMessage(), cause);
    }

    FdbReader fdbReader() {
        return fdbReader;
    }

    CounterGroup<WorkerCounter> counters() {
        return counters;
    }

    CounterGroup<DropReason> drops() {
        return drops;
    }

    private void runUntilClosed(final Runnable run, final Runnable onDeath) {
        try {
            run.run();
        } finally {
            if (!closing) {
                LOG.error("{} has ended by an error: its networks carry nothing until the daemon is restarted", name);
                onDeath.run();
            }
        }
    }

    boolean isAlive() {
        return thread.isAlive();
    }

    private static boolean joined(final Thread thread) {
        try {
            return thread.join(Duration.ofMillis(10));
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    @Override
    public void close() {
        closing = true;
        final Thread closer = Thread.ofPlatform().start(runner::close);
        do {
            // It may be about to fall asleep just now; a second call then wakes it.
            poller.wakeUp();
        } while (!joined(closer));
        CloseHelper.closeAll(poller, channel, events, fdbRegion, conntrackReader, conntrackRegion);
    }
}
