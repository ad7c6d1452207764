package org.sluice.bench;

import java.util.SplittableRandom;

import org.agrona.UnsafeApi;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;

/**
 * The tables alone, one look-up after the other, for keys in random order: the cost of a look-up as a table outgrows
 * the caches. The pipeline is faster, because it looks up a burst at once. One operation is one look-up.
 */
@State(Scope.Thread)
public class TableBenchmark extends NanosecondBenchmark {
    private static final int LOOKUPS = 1024;
    private static final int DOMAIN = 1;
    private static final int PORT = 7;
    private static final int NOW_SECONDS = 100;
    private static final long NOW_NS = 1;
    private static final long FIRST_MAC = 0x0242_0000_0000L;
    private static final int FIRST_ADDRESS = 0x0A00_0000;
    private static final int PORTS = 1024;
    private static final int FIRST_PORT = 32_768;
    private static final int SERVICE_PORT = 80;

    /** Entries in the table. */
    @Param({"1024", "65536", "1048576"})
    private int entries;

    private OffHeapRegion fdbRegion;
    private OffHeapRegion conntrackRegion;
    private OffHeapRegion tuples;
    private Fdb fdb;
    private ConntrackTable connections;
    private int[] order;
    private int next;

    /** Fills the tables. */
    @Setup(Level.Trial)
    public void setUp() {
        fillFdb();
        fillConnections();
        final SplittableRandom random = new SplittableRandom(0x5EED);
        order = random.ints(1 << 20, 0, entries).toArray();
    }

    private void fillFdb() {
        final int capacity = 2 * entries;
        fdbRegion = OffHeapRegion.anonymous(Fdb.regionBytes(capacity));
        fdb = new Fdb(fdbRegion, capacity, capacity, Fdb.DEFAULT_AGEING_SECONDS, 0x5EED);
        for (int i = 0; i < entries; i++) {
            fdb.learn(DOMAIN, FIRST_MAC + i, PORT, NOW_SECONDS);
        }
    }

    /** The tuples lie one after the other, so that the measurement does not include their making. */
    private void fillConnections() {
        final int capacity = entries + entries / 4;
        final ConntrackConfig config =
            new ConntrackConfig(capacity, capacity, true, true, ConntrackConfig.defaultTimeouts());
        conntrackRegion = OffHeapRegion.anonymous(ConntrackTable.regionBytes(capacity));
        connections = new ConntrackTable(conntrackRegion, config, 0x5EED, NOW_NS);
        tuples = OffHeapRegion.anonymous((long) (entries + 1) * FlowTuple.BYTES);
        final long reply = tuple(entries);
        for (int i = 0; i < entries; i++) {
            final long tuple = tuple(i);
            FlowTuple.source(tuple, IpAddress.IPV4_HIGH, IpAddress.ipv4Low(FIRST_ADDRESS + i / PORTS));
            FlowTuple.destination(tuple, IpAddress.IPV4_HIGH, IpAddress.ipv4Low(FIRST_ADDRESS - 1));
            FlowTuple.ports(tuple, FlowTuple.ports(IpProtocol.UDP, FIRST_PORT + i % PORTS, SERVICE_PORT));
            FlowTuple.invert(tuple, reply);
            if (connections.create(tuple, reply, -1, -1, Connection.SEEN_REPLY, Long.MAX_VALUE)
                == ConntrackTable.NONE) {
                throw new IllegalStateException("no room for connection " + i);
            }
        }
    }

    private long tuple(final int number) {
        return tuples.address() + (long) number * FlowTuple.BYTES;
    }

    /** Looks up the port of a MAC address. */
    @Benchmark
    @OperationsPerInvocation(LOOKUPS)
    public int fdbLookup() {
        int found = 0;
        for (int i = 0; i < LOOKUPS; i++) {
            found += fdb.lookup(DOMAIN, FIRST_MAC + nextKey(), NOW_SECONDS);
        }
        return found;
    }

    /** Refreshes a known source address. */
    @Benchmark
    @OperationsPerInvocation(LOOKUPS)
    public int fdbRefresh() {
        int known = 0;
        for (int i = 0; i < LOOKUPS; i++) {
            known += fdb.learn(DOMAIN, FIRST_MAC + nextKey(), PORT, NOW_SECONDS) == Fdb.Learned.KNOWN ? 1 : 0;
        }
        return known;
    }

    /** Looks up the connection of a packet. */
    @Benchmark
    @OperationsPerInvocation(LOOKUPS)
    public long connectionLookup() {
        long found = 0;
        for (int i = 0; i < LOOKUPS; i++) {
            final long tuple = tuple(nextKey());
            // Reads a byte, as the tracker reads a connection that it has found.
            found += UnsafeApi.getByte(Connection.ofRef(connections.find(tuple, connections.hash(tuple))));
        }
        return found;
    }

    private int nextKey() {
        next = next + 1 & order.length - 1;
        return order[next];
    }

    /** Ends the run. */
    @TearDown(Level.Trial)
    public void tearDown() {
        fdbRegion.close();
        conntrackRegion.close();
        tuples.close();
    }
}
