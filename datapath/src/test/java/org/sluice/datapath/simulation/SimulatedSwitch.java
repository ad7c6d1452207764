package org.sluice.datapath.simulation;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.sluice.datapath.BusyHost;
import org.sluice.datapath.MemoryPoller;
import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.FdbReader;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandChannel;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.command.CommandResult;
import org.sluice.datapath.command.EventChannel;
import org.sluice.datapath.command.WorkerProxy;
import org.sluice.datapath.conntrack.ConntrackReader;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.device.DeviceRegistry;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.CounterRegistry;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.trace.ProbeChannel;
import org.sluice.datapath.worker.ForwardingWorker;
import org.sluice.datapath.worker.WorkerResources;

/**
 * One life of the worker, with all that control gives it. Duty cycles are called by hand. The connections lie in a
 * mapped file, which the next life takes up.
 */
final class SimulatedSwitch implements AutoCloseable {
    private static final int MAX_COUNTERS = 2048;
    private static final int MAX_CYCLES = 10_000;

    private final Clock clock;
    private final CounterRegistry registry = new CounterRegistry(
        OffHeapRegion.anonymous(CounterRegistry.regionBytes(MAX_COUNTERS)), MAX_COUNTERS);
    private final CommandChannel channel = new CommandChannel();
    private final EventChannel events = new EventChannel(() -> { });
    private final MemoryPoller poller = new MemoryPoller();
    private final DeviceRegistry devices = new DeviceRegistry(PortIndex.LIMIT);
    private final List<Throwable> errors = new ArrayList<>();
    private final CounterGroup<WorkerCounter> counters = new CounterGroup<>(registry.values(),
        registry.allocate(WorkerCounter.class, 1, "worker"));
    private final CounterGroup<DropReason> drops = new CounterGroup<>(registry.values(),
        registry.allocate(DropReason.class, 2, "drop"));
    private final Map<Integer, int[]> portCounterIds = new HashMap<>();
    private final Map<Integer, int[]> networkCounterIds = new HashMap<>();
    private final OffHeapRegion fdbRegion;
    private final OffHeapRegion conntrackRegion;
    private final FdbReader fdbReader;
    private final ConntrackReader conntrackReader;
    private final ForwardingWorker worker;
    private final WorkerProxy proxy;

    /** The time that the worker sees. */
    static final class Clock {
        private long nowNs = TimeUnit.HOURS.toNanos(5);

        long nowNs() {
            return nowNs;
        }

        int nowSeconds() {
            return (int) TimeUnit.NANOSECONDS.toSeconds(nowNs);
        }

        void advance(final long ns) {
            nowNs += ns;
        }
    }

    SimulatedSwitch(final Path folder, final SwitchLimits limits, final Clock clock, final Dice dice) {
        this.clock = clock;
        fdbRegion = OffHeapRegion.mapped(folder.resolve("fdb"), Fdb.regionBytes(limits.fdbCapacity()));
        conntrackRegion = OffHeapRegion.mapped(folder.resolve("conntrack"),
            ConntrackTable.regionBytes(limits.conntrack().capacity()));
        final Fdb fdb = new Fdb(fdbRegion, limits.fdbCapacity(), limits.macsOfPort(), Fdb.DEFAULT_AGEING_SECONDS,
            dice.number());
        fdbReader = new FdbReader(fdbRegion);
        final ConntrackTable connections =
            new ConntrackTable(conntrackRegion, limits.conntrack(), dice.number(), clock.nowNs());
        conntrackReader = new ConntrackReader(conntrackRegion);
        worker = new ForwardingWorker(new WorkerResources("simulated", clock::nowNs, errors::add, channel, poller,
            devices, fdb, connections, limits.conntrack(), BusyHost.only(limits.natPorts()), dice.number(), events,
            new ProbeChannel(), registry.values(), counters, drops));
        proxy = new WorkerProxy(channel, worker::doWork, 1);
    }

    /** Duty cycles until no device has a frame, and none waits in the worker for the next cycle. */
    void run(final List<Station> stations) {
        int cycles = 0;
        int work;
        do {
            work = worker.doWork();
            if (++cycles > MAX_CYCLES) {
                throw new AssertionError("the worker does not empty the devices");
            }
        } while (work > 0 || stations.stream().anyMatch(station -> !station.isGone() && station.device().isReadable()));
    }

    /** What the worker answers. */
    CommandResult execute(final Command command) {
        try {
            proxy.execute(command);
            return CommandResult.OK;
        } catch (final CommandException ex) {
            if (ex.result() == null) {
                throw new AssertionError(command + " got no answer", ex);
            }
            return ex.result();
        }
    }

    CommandResult addNetwork(final Network network) {
        final int[] ids = networkCounterIds.computeIfAbsent(network.id(),
            id -> registry.allocate(NetworkCounter.class, 3, "network " + id));
        return execute(new Command.AddDomain(network.id(), network.identity(), network.policy(), ids));
    }

    CommandResult addStation(final Station station) {
        final int[] ids = portCounterIds.computeIfAbsent(station.port(),
            port -> registry.allocate(PortCounter.class, 4, "port " + port));
        devices.put(station.port(), station.device());
        return execute(new Command.AddPort(station.port(), station.network().id(), station.mtu(), station.kind(),
            station.isGuarded(), station.identity(), ids));
    }

    long count(final WorkerCounter counter) {
        return counters.get(counter);
    }

    long count(final DropReason reason) {
        return drops.get(reason);
    }

    /** Of all that has ever been behind the port. */
    long count(final int port, final PortCounter counter) {
        return new CounterGroup<PortCounter>(registry.values(), portCounterIds.get(port)).get(counter);
    }

    long sum(final PortCounter counter) {
        return portCounterIds.keySet().stream().mapToLong(port -> count(port, counter)).sum();
    }

    long sum(final NetworkCounter counter) {
        return networkCounterIds.values().stream()
            .mapToLong(ids -> new CounterGroup<NetworkCounter>(registry.values(), ids).get(counter)).sum();
    }

    FdbReader fdb() {
        return fdbReader;
    }

    ConntrackReader connections() {
        return conntrackReader;
    }

    EventChannel events() {
        return events;
    }

    /** What the worker has reported since the last call. */
    List<Throwable> takeErrors() {
        final List<Throwable> taken = List.copyOf(errors);
        errors.clear();
        return taken;
    }

    /** Ends this life as a crash does: the worker tidies nothing up, memory is let go of. */
    @Override
    public void close() {
        worker.onClose();
        channel.close();
        events.close();
        fdbRegion.close();
        conntrackRegion.close();
        registry.close();
    }
}
