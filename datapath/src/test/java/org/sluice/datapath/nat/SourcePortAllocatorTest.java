package org.sluice.datapath.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.BusyHost;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.IpAddress;

class SourcePortAllocatorTest {
    private static final int CAPACITY = 1 << 16;
    private static final int ENDPOINT = 3;
    private static final int ANOTHER = 4;
    private static final long ENDPOINT_LOW = IpAddress.ipv4Low(0x0A00_0002);
    private static final long NOW = 100_000_000_000L;

    private final OffHeapRegion region = OffHeapRegion.anonymous(ConntrackTable.regionBytes(CAPACITY));
    private final OffHeapRegion tuples = OffHeapRegion.anonymous(2L * FlowTuple.BYTES);
    private final long original = tuples.address();
    private final long reply = tuples.address() + FlowTuple.BYTES;
    private final ConntrackTable table = new ConntrackTable(region,
        new ConntrackConfig(CAPACITY, CAPACITY, true, true, ConntrackConfig.defaultTimeouts()), 99, NOW);

    private final PortMapTable portMaps = new PortMapTable();

    @AfterEach
    void close() {
        region.close();
        tuples.close();
    }

    @Test
    void shouldKeepAPortThatWasChosenOnPurpose() {
        final SourcePortAllocator allocator = allocator(NatPorts.DEFAULT, linux(), 7);
        for (final int port : new int[] {1, 500, 700, 1023, 5060, 32_767, 61_000}) {
            assertEquals(port, open(allocator, port, 0));
            assertEquals(port, open(allocator, port, 1));
        }
    }

    @Test
    void shouldNotUseAPortThatTheHostMayChoose() {
        final SourcePortAllocator allocator = allocator(NatPorts.DEFAULT, linux(), 7);
        final int port = open(allocator, 40_000, 0);
        assertTrue(port >= NatPorts.DEFAULT.first(), "reserved from the host, not " + port);
        assertEquals(port, open(allocator, 40_000, 1));
    }

    @Test
    void shouldNotUseAPortThatTheHostHas() {
        final HostPorts host = new HostPorts();
        final BitSet udp = new BitSet();
        udp.set(700);
        udp.set(5060);
        host.set(new BitSet(), udp, new BitSet(), 32_768, 60_999);
        final SourcePortAllocator allocator = allocator(NatPorts.DEFAULT, host, 7);
        final int privileged = open(allocator, 700, 0);
        assertTrue(privileged != 700 && privileged >= 600 && privileged < 1024, "privileged, not " + privileged);
        final int other = open(allocator, 5060, 0);
        assertTrue(other >= NatPorts.DEFAULT.first(), "reserved, not " + other);
    }

    @Test
    void shouldSendFromThePublishedPort() {
        assertTrue(portMaps.add(new PortMap(17, true, 0, 0, 8000, 8009, 0, ENDPOINT_LOW, 5060)));
        final SourcePortAllocator allocator = allocator(NatPorts.DEFAULT, linux(), 7);
        assertEquals(8003, open(allocator, 5063, 0));
        assertEquals(5070, open(allocator, 5070, 0), "behind the range");
        assertNotEquals(8004, open(allocator, 8004, 0), "another's packets come to it");
        portMaps.remove(new PortMap(17, true, 0, 0, 8000, 8009, 0, ENDPOINT_LOW, 5060));
        assertEquals(5065, open(allocator, 5065, 0));
    }

    @Test
    void shouldShowEveryDestinationTheSamePort() {
        final SourcePortAllocator allocator = allocator(NatPorts.DEFAULT, linux(), 7);
        for (int sourcePort = 33_000; sourcePort <= 33_020; sourcePort++) {
            final int port = open(allocator, sourcePort, 0);
            for (int destination = 1; destination < 100; destination++) {
                assertEquals(port, open(allocator, sourcePort, destination));
            }
        }
    }

    @Test
    void shouldChooseOtherwiseWithAnotherSecret() {
        final int port = open(allocator(NatPorts.DEFAULT, linux(), 7), 33_000, 0);
        assertNotEquals(port, open(allocator(NatPorts.DEFAULT, linux(), 8), 33_000, 1));
    }

    @Test
    void shouldHave60000ConnectionsToOneDestination() {
        final SourcePortAllocator allocator = allocator(NatPorts.DEFAULT, linux(), 7);
        final Set<Integer> ports = new HashSet<>();
        for (int connection = 0; connection < 60_000; connection++) {
            assertTrue(ports.add(open(allocator, 5000 + connection, 0)), "used twice");
        }
    }

    @Test
    void shouldShareOutAllPortsAmongWorkers() {
        final Set<Integer> ports = new HashSet<>();
        for (int worker = 0; worker < 3; worker++) {
            final SourcePorts share = new SourcePorts(NatPorts.DEFAULT, worker, 3, HostPorts.NONE);
            for (int port = 1; port <= 65_535; port++) {
                assertTrue(!share.may(17, port) || ports.add(port), "of two workers: " + port);
            }
        }
        assertEquals(65_535, ports.size());
    }

    @Test
    void shouldGiveOutEveryPortOfARangeThatIsNoPowerOfTwo() {
        final NatPorts range = new NatPorts(50_000, 50_899);
        final SourcePortAllocator allocator = new SourcePortAllocator(table, BusyHost.only(range), portMaps, 7);
        final Set<Integer> ports = new HashSet<>();
        for (int connection = 1; connection <= 900; connection++) {
            final int port = open(allocator, connection, 0);
            assertTrue(port >= range.first() && port <= range.last());
            assertTrue(ports.add(port), "used twice");
        }
        write(901, 0);
        assertFalse(allocator.allocate(original, reply, 0, ENDPOINT, NOW), "all are in use, by the one that asks");
    }

    @Test
    void shouldNeverEndAnEstablishedConnection() {
        final SourcePortAllocator allocator =
            new SourcePortAllocator(table, BusyHost.only(new NatPorts(50_000, 50_099)), portMaps, 7);
        for (int connection = 1; connection <= 99; connection++) {
            open(allocator, connection, 0);
        }
        write(100, 0);
        assertTrue(allocator.allocate(original, reply, 0, ENDPOINT, NOW));
        assertNotEquals(ConntrackTable.NONE, table.create(original, reply, ENDPOINT, -1, 0, NOW + 1_000_000_000_000L));
        final int unanswered = FlowTuple.destinationPort(reply);
        write(101, 0);
        assertTrue(allocator.allocate(original, reply, 0, ANOTHER, NOW), "one is not established");
        assertEquals(unanswered, FlowTuple.destinationPort(reply));
        assertNotEquals(ConntrackTable.NONE,
            table.create(original, reply, ANOTHER, -1, Connection.ASSURED, NOW + 1_000_000_000_000L));
        write(102, 0);
        assertFalse(allocator.allocate(original, reply, 0, ANOTHER, NOW), "all are");
    }

    private SourcePortAllocator allocator(final NatPorts range, final HostPorts host, final long secret) {
        return new SourcePortAllocator(table, new SourcePorts(range, 0, 1, host), portMaps, secret);
    }

    /** A host with the kernel's usual range of ephemeral ports, that has no socket. */
    private static HostPorts linux() {
        final HostPorts host = new HostPorts();
        host.set(new BitSet(), new BitSet(), new BitSet(), 32_768, 60_999);
        return host;
    }

    /** Opens a connection from a port of the endpoint, and returns its translated port. */
    private int open(final SourcePortAllocator allocator, final int sourcePort, final int destination) {
        write(sourcePort, destination);
        assertTrue(allocator.allocate(original, reply, 0, ENDPOINT, NOW), "port " + sourcePort);
        final long connection =
            table.create(original, reply, ENDPOINT, -1, Connection.ASSURED, NOW + 1_000_000_000_000L);
        assertNotEquals(ConntrackTable.NONE, connection);
        return FlowTuple.destinationPort(reply);
    }

    private void write(final int sourcePort, final int destination) {
        FlowTuple.source(original, 0, ENDPOINT_LOW);
        FlowTuple.destination(original, 0, IpAddress.ipv4Low(0xC633_6400 + destination));
        FlowTuple.ports(original, FlowTuple.ports(17, sourcePort, 53));
        FlowTuple.invert(original, reply);
        FlowTuple.destination(reply, 0, IpAddress.ipv4Low(0xC000_020A));
    }
}
