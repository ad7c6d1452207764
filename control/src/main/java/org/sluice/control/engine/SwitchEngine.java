package org.sluice.control.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.agrona.CloseHelper;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemEpochClock;
import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.Undo;
import org.sluice.control.model.DaemonOptions;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.FdbEntry;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.CoarseClock;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.command.EventChannel;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.device.DeviceRegistry;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.nat.HostPorts;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.CounterRegistry;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.trace.ProbeChannel;

/**
 * The running switch: its workers, and the one place that turns changes into commands to them. It hands out the
 * numbers of domains and ports and their counters. A change that fails has changed nothing; the numbers in a command
 * that a worker has not answered are never used again, for it may still carry it out. Owned by the control thread.
 */
public final class SwitchEngine implements AutoCloseable {
    /** Enough for all ports and networks there can be, and the workers. */
    private static final int MAX_COUNTERS = PortIndex.LIMIT * PortCounter.values().length
        + Fdb.MAX_DOMAINS * NetworkCounter.values().length + 4096;

    private static final int NO_DOMAIN = 0;
    /** Names of the files that an earlier process's workers have left. */
    private static final Pattern OURS = Pattern.compile("(counters|errors|fdb-\\d+)\\.dat");

    private final CounterRegistry counters;
    private final ErrorLog errors;
    private final DeviceRegistry devices = new DeviceRegistry(PortIndex.LIMIT);
    private final List<WorkerHandle> workers;
    private final NumberPool domainIds = new NumberPool(Fdb.MAX_DOMAINS, "networks");
    private final NumberPool portIndexes = new NumberPool(PortIndex.LIMIT, "ports");
    private final NanoClock clock;
    private final HostPorts hostPorts = new HostPorts();
    private final int connectionCapacity;

    /**
     * Starts the workers. The run folder must be this process's alone; what an earlier one left there is removed, but
     * for the connections.
     *
     * @param clock       gives the workers their time, and those who read their time stamps.
     * @param eventWakeUp makes control call {@link #pollEvents}; any thread may run it.
     * @param onDeath     runs when a worker has ended by an error, on that worker's thread; must not wait.
     */
    public SwitchEngine(final DaemonOptions options, final NanoClock clock, final Runnable eventWakeUp,
                        final Runnable onDeath) {
        this.clock = clock;
        connectionCapacity = options.conntrack().capacity();
        final Path runDir = options.runDir();
        removeMappedFiles(runDir);
        counters = new CounterRegistry(
            OffHeapRegion.mapped(runDir.resolve("counters.dat"), CounterRegistry.regionBytes(MAX_COUNTERS)),
            MAX_COUNTERS);
        errors = new ErrorLog(runDir.resolve("errors.dat"));
        domainIds.take(NO_DOMAIN);
        workers = IntStream.range(0, options.workers())
            .mapToObj(i -> new WorkerHandle(i, options, hostPorts, clock, counters, devices, errors, eventWakeUp,
                onDeath))
            .toList();
    }

    /** The clock that the workers' time stamps are of. */
    public NanoClock clock() {
        return clock;
    }

    /** What the workers know of the ports that the host uses itself. */
    public HostPorts hostPorts() {
        return hostPorts;
    }

    /** Connections that a worker can have. */
    public int connectionCapacity() {
        return connectionCapacity;
    }

    /** The time of day minus the time of that clock. */
    public long epochOffsetNs() {
        return TimeUnit.MILLISECONDS.toNanos(SystemEpochClock.INSTANCE.time()) - clock.nanoTime();
    }

    /** Makes a network on one worker. */
    private NetworkHandle addNetwork(final String name, final PortIdentity gateway, final DomainPolicy policy,
                                    final int workerNumber) {
        final int domainId = domainIds.take();
        final WorkerHandle worker = workers.get(workerNumber);
        final int[] ids = counters.allocate(NetworkCounter.class, CounterTypes.NETWORK, "network " + name);
        try {
            worker.proxy().execute(new Command.AddDomain(domainId, gateway, policy, ids));
        } catch (final CommandException ex) {
            if (!ex.isUnanswered()) {
                domainIds.release(domainId);
                counters.free(ids);
            }
            throw WorkerHandle.failed("add the network " + name, ex);
        }
        return new NetworkHandle(domainId, worker, ids, new CounterGroup<>(counters.values(), ids));
    }

    /** Ends a network whose ports are all removed. */
    private void removeNetwork(final NetworkHandle network) {
        network.worker.execute(new Command.RemoveDomain(network.domainId), "remove the network");
        domainIds.release(network.domainId);
        counters.free(network.counterIds);
    }

    /**
     * Makes a network together with the port that it never is without: its host port, or the one port of an uplink's or
     * a tunnel's domain. The port's identity is the network's gateway. All is there, or nothing.
     */
    public PortHandle addNetworkWithPort(final String name, final DomainPolicy policy, final int workerNumber,
                                         final PortSetup first) {
        try (Undo undo = new Undo()) {
            final int index = reservePort();
            undo.add(() -> releasePort(index));
            final NetworkHandle network = addNetwork(name, first.identity(), policy, workerNumber);
            undo.add(() -> removeNetwork(network));
            final PortHandle port = addPort(network, first, index);
            undo.commit();
            return port;
        }
    }

    /**
     * Ends such a network with its port, which is its last. The device stays the caller's to close.
     *
     * @throws ControlException when the worker has not let go of the port; this may then be called again.
     */
    public void removeNetworkWithPort(final PortHandle last) {
        removePort(last);
        releasePort(last.index);
        try {
            removeNetwork(last.network);
        } catch (final ControlException ex) {
            report(ex); // its number is never used again; nothing else is left of it
        }
    }

    /**
     * Plugs a device into a network. It stays the caller's to close, after {@link #removePort}.
     *
     * @param index of the port, from {@link #reservePort()} or an earlier life of the daemon; its connections are taken
     *              up.
     */
    public PortHandle addPort(final NetworkHandle network, final PortSetup setup, final int index) {
        final int[] ids = counters.allocate(PortCounter.class, CounterTypes.PORT, "port " + setup.name());
        devices.put(index, setup.device());
        return plug(network, setup.name(), setup.device(), index, ids, new Command.AddPort(index, network.domainId,
            setup.mtu(), setup.kind(), setup.guarded(), setup.identity(), ids));
    }

    /**
     * Adds a VTEP to an overlay network, as a port of it.
     *
     * @param high half of its address in the underlay, an IPv4 one mapped.
     */
    public PortHandle addVtep(final NetworkHandle network, final String name, final int mtu, final long high,
                              final long low, final int index) {
        final int[] ids = counters.allocate(PortCounter.class, CounterTypes.PORT, "port " + name);
        return plug(network, name, null, index, ids, new Command.AddVtep(index, network.domainId, mtu, high, low, ids));
    }

    private PortHandle plug(final NetworkHandle network, final String name, final @Nullable PacketDevice device,
                            final int index, final int[] ids, final Command command) {
        try {
            network.worker.proxy().execute(command);
        } catch (final CommandException ex) {
            devices.remove(index);
            if (ex.isUnanswered()) {
                portIndexes.lose(index);
            } else {
                counters.free(ids);
            }
            throw WorkerHandle.failed("add the port " + name, ex);
        }
        return new PortHandle(index, network, name, device, ids, new CounterGroup<>(counters.values(), ids));
    }

    /** Sets the number of a port aside. */
    public int reservePort() {
        return portIndexes.take();
    }

    /** Sets the number aside that a port had in an earlier life of the daemon. */
    public void reservePort(final int index) {
        portIndexes.take(index);
    }

    /** Gives a number back that no port has. */
    public void releasePort(final int index) {
        portIndexes.release(index);
    }

    /** Unplugs a device and ends its connections; the worker has let go of it when this returns. */
    public void removePort(final PortHandle port) {
        removePort(port, false);
    }

    /**
     * Unplugs a device; the worker has let go of it when this returns. The port's number stays set aside.
     *
     * @param keepConnections for the next daemon.
     */
    public void removePort(final PortHandle port, final boolean keepConnections) {
        port.network.worker.execute(new Command.RemovePort(port.index, keepConnections),
            "remove the port " + port.name);
        devices.remove(port.index);
        counters.free(port.counterIds);
    }

    /** Ends the connections of an endpoint that has no port now. */
    public void forgetPort(final int index) {
        for (final WorkerHandle worker : workers) {
            worker.execute(new Command.RemovePort(index, false), "forget the port");
        }
    }

    public int workerCount() {
        return workers.size();
    }

    /** Tells one worker. */
    public void execute(final int worker, final Command command, final String what) {
        workers.get(worker).execute(command, what);
    }

    /** Whether a worker still runs. */
    public boolean isAlive(final int worker) {
        return workers.get(worker).isAlive();
    }

    /** Where rings are laid down for what a worker is to show. */
    public ProbeChannel probes(final int worker) {
        return workers.get(worker).probes();
    }

    /** Takes a worker's events. */
    public void pollEvents(final int worker, final EventChannel.Handler handler) {
        workers.get(worker).events().poll(handler);
    }

    /**
     * Visits the live connections of all workers.
     *
     * @param first lowest position to visit; 0 for all.
     */
    public void visitConnections(final long first, final ConnectionVisitor visitor) {
        final long now = clock.nanoTime();
        for (int worker = (int) Math.min(first >>> Integer.SIZE, workers.size()); worker < workers.size(); worker++) {
            final long base = (long) worker << Integer.SIZE;
            if (!workers.get(worker).conntrackReader().visit((int) Math.max(0, first - base), now,
                (number, connection) -> visitor.connection(base + number, connection, now))) {
                return;
            }
        }
    }

    /**
     * Ends connections.
     *
     * @return how many.
     */
    public long flushConnections(final ConntrackFilter filter) {
        return flushConnections(filter, false);
    }

    /** Ends the connections that came by ports that are published no longer. */
    public void flushUnpublished() {
        flushConnections(ConntrackFilter.withStatus(Connection.DNAT), true);
    }

    private long flushConnections(final ConntrackFilter filter, final boolean unpublished) {
        long flushed = 0;
        for (final WorkerHandle worker : workers) {
            final long before = worker.counters().get(WorkerCounter.CONNECTIONS_FLUSHED);
            for (int first = 0; first < worker.conntrackReader().highWater();
                first += Command.FlushConntrack.MAX_CONNECTIONS) {
                worker.execute(new Command.FlushConntrack(filter, first, unpublished), "flush the connections");
            }
            flushed += worker.counters().get(WorkerCounter.CONNECTIONS_FLUSHED) - before;
        }
        return flushed;
    }

    public void flushFdb(final NetworkHandle network) {
        network.worker.execute(new Command.FlushFdb(network.domainId), "flush the FDB");
    }

    public void flushFdb() {
        for (final WorkerHandle worker : workers) {
            worker.execute(new Command.FlushFdb(0), "flush the FDB");
        }
    }

    /** Visits what the FDB holds of a network. */
    public void visitFdb(final NetworkHandle network, final FdbVisitor visitor) {
        final int now = CoarseClock.seconds(clock.nanoTime());
        network.worker.fdbReader().forEach(now, (key, value) -> {
            if (FdbEntry.domain(key) == network.domainId) {
                visitor.entry(FdbEntry.mac(key), FdbEntry.port(value), FdbEntry.isStatic(value),
                    FdbEntry.age(value, now));
            }
        });
    }

    /** Puts an error into the log that the workers' errors go to: once each, with a count. */
    public void report(final Throwable error) {
        errors.onError(error);
    }

    List<WorkerHandle> workers() {
        return workers;
    }

    ErrorLog errors() {
        return errors;
    }

    @Override
    public void close() {
        CloseHelper.closeAll(workers);
        CloseHelper.closeAll(counters, errors);
    }

    /** Only our own: the folder may hold other people's files. */
    private static void removeMappedFiles(final Path runDir) {
        try (Stream<Path> files = Files.list(runDir)) {
            for (final Path file : files.filter(f -> OURS.matcher(f.getFileName().toString()).matches()).toList()) {
                Files.delete(file);
            }
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot clear " + runDir + ": " + ex.getMessage(), ex);
        }
    }
}
