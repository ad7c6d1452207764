package org.sluice.datapath.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.IpAddress;

class SourcePortAllocatorTest {
    private static final int CAPACITY = 1 << 16;
    private static final int ENDPOINT = 3;
    private static final long NOW = 100_000_000_000L;

    private final OffHeapRegion region = OffHeapRegion.anonymous(ConntrackTable.regionBytes(CAPACITY));
    private final OffHeapRegion tuples = OffHeapRegion.anonymous(2L * FlowTuple.BYTES);
    private final long original = tuples.address();
    private final long reply = tuples.address() + FlowTuple.BYTES;
    private final ConntrackTable table = new ConntrackTable(region,
        new ConntrackConfig(CAPACITY, CAPACITY, true, true, ConntrackConfig.defaultTimeouts()), 99, NOW);

    @AfterEach
    void close() {
        region.close();
        tuples.close();
    }

    @Test
    void shouldShowEveryDestinationTheSamePort() {
        final SourcePortAllocator allocator = new SourcePortAllocator(table, NatPorts.DEFAULT, 7);
        for (int sourcePort = 1; sourcePort <= 20; sourcePort++) {
            final int port = open(allocator, sourcePort, 0);
            for (int destination = 1; destination < 100; destination++) {
                assertEquals(port, open(allocator, sourcePort, destination));
            }
        }
    }

    @Test
    void shouldChooseOtherwiseWithAnotherSecret() {
        final int port = open(new SourcePortAllocator(table, NatPorts.DEFAULT, 7), 5060, 0);
        assertNotEquals(port, open(new SourcePortAllocator(table, NatPorts.DEFAULT, 8), 5060, 1));
    }

    @Test
    void shouldGiveOutNearlyAllPortsTowardsOneDestination() {
        final SourcePortAllocator allocator = new SourcePortAllocator(table, NatPorts.DEFAULT, 7);
        final Set<Integer> ports = new HashSet<>();
        for (int connection = 1; connection <= 16_200; connection++) {
            assertTrue(ports.add(open(allocator, connection, 0)), "used twice");
        }
    }

    @Test
    void shouldGiveOutEveryPortOfARangeThatIsNoPowerOfTwo() {
        final NatPorts range = new NatPorts(50_000, 50_899);
        final SourcePortAllocator allocator = new SourcePortAllocator(table, range, 7);
        final Set<Integer> ports = new HashSet<>();
        for (int connection = 1; connection <= 900; connection++) {
            final int port = open(allocator, connection, 0);
            assertTrue(port >= range.first() && port <= range.last());
            assertTrue(ports.add(port), "used twice");
        }
        write(901, 0);
        assertFalse(allocator.allocate(original, reply, 0, ENDPOINT, NOW), "all are in use, by the one that asks");
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
        FlowTuple.source(original, 0, IpAddress.ipv4Low(0x0A00_0002));
        FlowTuple.destination(original, 0, IpAddress.ipv4Low(0xC633_6400 + destination));
        FlowTuple.ports(original, FlowTuple.ports(17, sourcePort, 53));
        FlowTuple.invert(original, reply);
        FlowTuple.destination(reply, 0, IpAddress.ipv4Low(0xC000_020A));
    }
}
