package org.sluice.datapath;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

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
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.DeviceRegistry;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.CounterRegistry;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.trace.ProbeChannel;
import org.sluice.datapath.worker.ForwardingWorker;
import org.sluice.datapath.worker.WorkerResources;

/** A worker with in-memory devices and a clock that the test advances: duty cycles are called by hand. */
public final class SwitchFixture implements AutoCloseable {
    public static final int DOMAIN = 1;
    public static final int PORT_LIMIT = 64;
    public static final PortIdentity GATEWAY =
        new PortIdentity(Frames.MAC_GATEWAY, Frames.IP_GATEWAY, 0xFD00_0000_0000_0000L, 1);

    public static final NatPorts NAT_PORTS = new NatPorts(50_000, 50_999);
    public static final ConntrackConfig CONNTRACK =
        new ConntrackConfig(256, 128, true, true, ConntrackConfig.defaultTimeouts());
    private static final int FDB_CAPACITY = 1024;
    private static final int MAX_COUNTERS = 4096;

    private final CounterRegistry registry =
        new CounterRegistry(OffHeapRegion.anonymous(CounterRegistry.regionBytes(MAX_COUNTERS)), MAX_COUNTERS);
    private final OffHeapRegion fdbRegion = OffHeapRegion.anonymous(Fdb.regionBytes(FDB_CAPACITY));
    private final CommandChannel channel = new CommandChannel();
    private final DeviceRegistry devices = new DeviceRegistry(PortIndex.LIMIT);
    private final DevicePoller poller;
    private final Map<Integer, CounterGroup<PortCounter>> portCounters = new HashMap<>();
    private final Map<Integer, CounterGroup<NetworkCounter>> networkCounters = new HashMap<>();
    private static final int MAX_CYCLES = 10_000;

    private final List<Throwable> errors = new ArrayList<>();
    private final CounterGroup<WorkerCounter> counters = new CounterGroup<>(registry.values(),
        registry.allocate(WorkerCounter.class, 1, "worker"));
    private final CounterGroup<DropReason> drops = new CounterGroup<>(registry.values(),
        registry.allocate(DropReason.class, 2, "drop"));
    private final Fdb fdb = new Fdb(fdbRegion, FDB_CAPACITY, PORT_LIMIT, Fdb.DEFAULT_AGEING_SECONDS, 7);
    private final OffHeapRegion conntrackRegion =
        OffHeapRegion.anonymous(ConntrackTable.regionBytes(CONNTRACK.capacity()));
    private final EventChannel events = new EventChannel(() -> { });
    private final ProbeChannel probes = new ProbeChannel();
    private final ConntrackTable connections;
    private final ForwardingWorker worker;
    private final WorkerProxy proxy;
    private boolean asleep;
    private long nowNs = TimeUnit.HOURS.toNanos(5);

    public SwitchFixture() {
        this(new MemoryPoller(), NAT_PORTS);
    }

    public SwitchFixture(final DevicePoller poller, final NatPorts natPorts) {
        this.poller = poller;
        connections = new ConntrackTable(conntrackRegion, CONNTRACK, 11, nowNs);
        worker = new ForwardingWorker(new WorkerResources("test", () -> nowNs, errors::add, channel, poller, devices,
            fdb, connections, CONNTRACK, BusyHost.only(natPorts), 13, events, probes,
            registry.values(), counters, drops));
        // Waking the worker runs one duty cycle: commands are applied before execute() looks for the result.
        proxy = new WorkerProxy(channel, () -> {
            if (!asleep) {
                doWork();
            }
        }, 1);
    }

    public int doWork() {
        return worker.doWork();
    }

    /** Duty cycles until nothing waits in the devices or in the worker. */
    public void doAllWork() {
        int cycles = 0;
        while (doWork() > 0) {
            if (++cycles > MAX_CYCLES) {
                throw new AssertionError("the worker does not come to rest");
            }
        }
    }

    public void execute(final Command command) throws CommandException {
        proxy.execute(command);
    }

    public void addDomain(final int id) throws CommandException {
        addDomain(id, GATEWAY, DomainPolicy.OPEN);
    }

    public void addDomain(final int id, final PortIdentity gateway, final DomainPolicy policy)
        throws CommandException {
        final int[] ids = registry.allocate(NetworkCounter.class, 3, "network " + id);
        networkCounters.put(id, new CounterGroup<>(registry.values(), ids));
        execute(new Command.AddDomain(id, gateway, policy, ids));
    }

    public MemoryDevice addPort(final int index, final PortIdentity identity, final boolean guarded)
        throws CommandException {
        return addPort(index, DOMAIN, 1500, PortKind.ENDPOINT, guarded, identity);
    }

    public MemoryDevice addPort(final int index, final int domain, final int mtu, final PortKind kind,
                                final boolean guarded, final PortIdentity identity) throws CommandException {
        final MemoryDevice device = new MemoryDevice("port-" + index);
        addPort(index, domain, mtu, kind, guarded, identity, device);
        return device;
    }

    public void addPort(final int index, final int domain, final int mtu, final PortKind kind, final boolean guarded,
                        final PortIdentity identity, final PacketDevice device) throws CommandException {
        final int[] ids = registry.allocate(PortCounter.class, 4, "port " + index);
        portCounters.put(index, new CounterGroup<>(registry.values(), ids));
        devices.put(index, device);
        execute(new Command.AddPort(index, domain, mtu, kind, guarded, identity, ids));
    }

    /** The socket that all tunnels end in, as a port of a domain of its own. */
    public DatagramDevice addUnderlay(final int index, final int domain) throws CommandException {
        final PortIdentity nobody = new PortIdentity(0, 0, 0, 0);
        addDomain(domain, nobody, DomainPolicy.OPEN);
        final DatagramDevice device = new DatagramDevice("underlay");
        addPort(index, domain, 65_535, PortKind.UNDERLAY, false, nobody, device);
        return device;
    }

    /** A VTEP of an overlay network. */
    public void addVtep(final int index, final int domain, final int mtu, final String address)
        throws CommandException {
        final int[] ids = registry.allocate(PortCounter.class, 4, "vtep " + index);
        portCounters.put(index, new CounterGroup<>(registry.values(), ids));
        execute(new Command.AddVtep(index, domain, mtu, Packets.high(address), Packets.low(address), ids));
    }

    /** Three endpoints A, B, C without guard on ports 0, 1, 2 and the host port on 3. */
    public MemoryDevice[] addUsualPorts() throws CommandException {
        addDomain(DOMAIN);
        return new MemoryDevice[] {
            addPort(0, new PortIdentity(Frames.MAC_A, Frames.IP_A, 0xFD00_0000_0000_0000L, 2), false),
            addPort(1, new PortIdentity(Frames.MAC_B, Frames.IP_B, 0xFD00_0000_0000_0000L, 3), false),
            addPort(2, new PortIdentity(Frames.MAC_C, 0x0A00_0004, 0, 0), false),
            addPort(3, DOMAIN, 1500, PortKind.HOST, false, GATEWAY)};
    }

    public void advanceNanos(final long nanoseconds) {
        nowNs += nanoseconds;
    }

    public void advanceSeconds(final long seconds) {
        nowNs += TimeUnit.SECONDS.toNanos(seconds);
    }

    public long drops(final DropReason reason) {
        return drops.get(reason);
    }

    /** The reasons that have counted, with their counts. */
    public Map<DropReason, Long> allDrops() {
        final Map<DropReason, Long> all = new EnumMap<>(DropReason.class);
        for (final DropReason reason : DropReason.values()) {
            if (drops.get(reason) > 0) {
                all.put(reason, drops.get(reason));
            }
        }
        return all;
    }

    public long count(final WorkerCounter counter) {
        return counters.get(counter);
    }

    public long count(final int port, final PortCounter counter) {
        return portCounters.get(port).get(counter);
    }

    public long countNetwork(final int domain, final NetworkCounter counter) {
        return networkCounters.get(domain).get(counter);
    }

    public List<Throwable> errors() {
        return errors;
    }

    public ConntrackTable connections() {
        return connections;
    }

    public ProbeChannel probes() {
        return probes;
    }

    public EventChannel events() {
        return events;
    }

    public long nowNs() {
        return nowNs;
    }

    public Fdb fdb() {
        return fdb;
    }

    public MemoryPoller poller() {
        return (MemoryPoller) poller;
    }

    public DeviceRegistry devices() {
        return devices;
    }

    /** From now on commands stay in the ring until {@link #doWork()}. */
    public void fallAsleep(final boolean on) {
        asleep = on;
    }

    @Override
    public void close() {
        worker.onClose();
        channel.close();
        events.close();
        conntrackRegion.close();
        fdbRegion.close();
        registry.close();
        assertEquals(List.of(), errors, "the worker has reported errors");
    }
}
