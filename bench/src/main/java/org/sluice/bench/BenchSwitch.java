package org.sluice.bench;

import org.agrona.concurrent.SystemNanoClock;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandChannel;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.command.EventChannel;
import org.sluice.datapath.command.WorkerProxy;
import org.sluice.datapath.conntrack.ClaimedTuples;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.DeviceRegistry;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.datapath.nat.SourcePorts;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.CounterRegistry;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.trace.ProbeChannel;
import org.sluice.datapath.worker.ForwardingWorker;
import org.sluice.datapath.worker.WorkerResources;

/**
 * A complete worker over a benchmark's own devices; the benchmark's thread runs its duty cycles. Used by one thread.
 */
final class BenchSwitch implements AutoCloseable {
    private static final int MAX_COUNTERS = 512;

    private final CounterRegistry registry =
        new CounterRegistry(OffHeapRegion.anonymous(CounterRegistry.regionBytes(MAX_COUNTERS)), MAX_COUNTERS);
    private final CounterGroup<DropReason> drops =
        new CounterGroup<>(registry.values(), registry.allocate(DropReason.class, 2, "drop"));
    private final CounterGroup<WorkerCounter> counters =
        new CounterGroup<>(registry.values(), registry.allocate(WorkerCounter.class, 1, "worker"));
    private final OffHeapRegion fdbRegion;
    private final OffHeapRegion conntrackRegion;
    /** In the daemon, the kernel's steering reads it. */
    private final OffHeapRegion claimRegion;
    private final int claimBits;
    private final CommandChannel channel = new CommandChannel();
    private final EventChannel events = new EventChannel(() -> { });
    private final DeviceRegistry devices = new DeviceRegistry(PortIndex.LIMIT);
    private final Fdb fdb;
    private final ForwardingWorker worker;
    private final WorkerProxy proxy;

    BenchSwitch(final DevicePoller poller, final int fdbCapacity, final ConntrackConfig conntrack) {
        fdbRegion = OffHeapRegion.anonymous(Fdb.regionBytes(fdbCapacity));
        fdb = new Fdb(fdbRegion, fdbCapacity, fdbCapacity, Fdb.DEFAULT_AGEING_SECONDS, 0x5EED);
        conntrackRegion = OffHeapRegion.anonymous(ConntrackTable.regionBytes(conntrack.capacity()));
        claimBits = ClaimedTuples.bucketBits(conntrack.capacity());
        claimRegion = OffHeapRegion.anonymous((long) ClaimedTuples.BUCKET_BYTES << claimBits);
        final ConntrackTable connections =
            new ConntrackTable(conntrackRegion, conntrack, 0x5EED, System.nanoTime());
        worker = new ForwardingWorker(new WorkerResources("bench", SystemNanoClock.INSTANCE, BenchSwitch::fail, channel,
            poller, devices, fdb, connections, conntrack, new SourcePorts(NatPorts.DEFAULT), 0x5EED, events,
            new ProbeChannel(), registry.values(), counters, drops));
        // Two duty cycles: when the command ring wraps around, the first one only finds its end.
        proxy = new WorkerProxy(channel, () -> {
            worker.doWork();
            worker.doWork();
        }, 5000);
    }

    ForwardingWorker worker() {
        return worker;
    }

    Fdb fdb() {
        return fdb;
    }

    void execute(final Command command) throws CommandException {
        proxy.execute(command);
    }

    /** Has the worker claim the answers that it awaits, as behind a real uplink. */
    void claimAnswers() throws CommandException {
        execute(new Command.ClaimTuples(claimRegion.address(), claimBits, 0x5EED));
    }

    void addDomain(final int id, final PortIdentity gateway) throws CommandException {
        execute(new Command.AddDomain(id, gateway, DomainPolicy.OPEN,
            registry.allocate(NetworkCounter.class, 3, "network " + id)));
    }

    CounterGroup<PortCounter> addPort(final int index, final int domain, final PortKind kind, final boolean guarded,
                                      final PortIdentity identity, final PacketDevice device)
        throws CommandException {
        final int[] ids = registry.allocate(PortCounter.class, 4, "port " + index);
        devices.put(index, device);
        execute(new Command.AddPort(index, domain, 1500, kind, guarded, identity, ids));
        return new CounterGroup<>(registry.values(), ids);
    }

    long count(final WorkerCounter counter) {
        return counters.get(counter);
    }

    /** Ignores the frames lost during preparation. */
    void ignoreDropsSoFar() {
        for (final DropReason reason : DropReason.values()) {
            drops.set(reason, 0);
        }
    }

    /** Fails if the run lost frames, because it has then measured something else. */
    void requireNoDrops() {
        for (final DropReason reason : DropReason.values()) {
            if (drops.get(reason) > 0) {
                throw new IllegalStateException(drops.get(reason) + " frames were dropped: " + reason);
            }
        }
    }

    @Override
    public void close() {
        worker.onClose();
        channel.close();
        events.close();
        fdbRegion.close();
        conntrackRegion.close();
        claimRegion.close();
        registry.close();
    }

    private static void fail(final Throwable error) {
        throw new IllegalStateException(error);
    }
}
