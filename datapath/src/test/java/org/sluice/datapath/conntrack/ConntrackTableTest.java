package org.sluice.datapath.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.IpAddress;

class ConntrackTableTest {
    private static final int CAPACITY = 1024;
    private static final long SECOND = 1_000_000_000L;
    private static final ConntrackConfig CONFIG =
        new ConntrackConfig(CAPACITY, 200, true, true, ConntrackConfig.defaultTimeouts());

    private final OffHeapRegion region = OffHeapRegion.anonymous(ConntrackTable.regionBytes(CAPACITY));
    private final OffHeapRegion tuples = OffHeapRegion.anonymous(2L * FlowTuple.BYTES);
    private final long original = tuples.address();
    private final long reply = tuples.address() + FlowTuple.BYTES;
    private final Random random = new Random(7);
    private final long now = 100 * SECOND;
    private ConntrackTable table = new ConntrackTable(region, CONFIG, 99, now);

    @AfterEach
    void close() {
        region.close();
        tuples.close();
    }

    @Test
    void shouldAgreeWithAMapOverManyChanges() {
        final Map<Integer, Long> model = new HashMap<>();
        for (int step = 0; step < 200_000; step++) {
            final int flow = random.nextInt(1500);
            write(flow);
            final long ref = table.find(original, table.hash(original));
            assertEquals(model.containsKey(flow), ref != ConntrackTable.NONE, "flow " + flow);
            if (ref == ConntrackTable.NONE) {
                assertEquals(ConntrackTable.NONE, table.find(reply, table.hash(reply)));
                if (model.size() < CAPACITY) {
                    model.put(flow, create(flow, -1, Connection.ASSURED, now + 1000 * SECOND));
                }
            } else {
                final long back = table.find(reply, table.hash(reply));
                assertEquals(Connection.ofRef(ref), Connection.ofRef(back));
                assertEquals(Connection.ORIGINAL, Connection.directionOfRef(ref));
                assertEquals(Connection.REPLY, Connection.directionOfRef(back));
                assertEquals(model.get(flow), Connection.ofRef(ref));
                if (random.nextBoolean()) {
                    table.remove(Connection.ofRef(ref));
                    model.remove(flow);
                }
            }
            assertEquals(model.size(), table.size());
        }
    }

    @Test
    void shouldHoldAsManyAsItSays() {
        for (int flow = 0; flow < CAPACITY; flow++) {
            assertNotEquals(ConntrackTable.NONE, create(flow, -1, Connection.ASSURED, now + SECOND));
        }
        assertEquals(ConntrackTable.NONE, create(CAPACITY, -1, Connection.ASSURED, now + SECOND));
    }

    @Test
    void shouldDropTheUnansweredEarlyAndKeepTheOthers() {
        final List<Integer> assured = new ArrayList<>();
        for (int flow = 0; flow < CAPACITY; flow++) {
            final boolean keep = flow % 4 == 0;
            create(flow, -1, keep ? Connection.ASSURED : 0, now + SECOND);
            if (keep) {
                assured.add(flow);
            }
        }
        for (int flow = CAPACITY; flow < 10 * CAPACITY; flow++) {
            assertNotEquals(ConntrackTable.NONE, create(flow, -1, 0, now + SECOND), "flow " + flow);
        }
        assertEquals(CAPACITY, table.size());
        for (final int flow : assured) {
            write(flow);
            assertNotEquals(ConntrackTable.NONE, table.findAlive(original, now), "flow " + flow);
        }
    }

    @Test
    void shouldLimitAnEndpointWithoutHarmToOthers() {
        for (int flow = 0; flow < 200; flow++) {
            assertTrue(table.hasRoomFor(3));
            create(flow, 3, Connection.ASSURED, now + SECOND);
        }
        assertFalse(table.hasRoomFor(3), "all are answered: none may go");
        assertTrue(table.hasRoomFor(4));
        write(17);
        final long unanswered = Connection.ofRef(table.findAlive(original, now));
        Connection.status(unanswered, Connection.IN_USE);
        table.reassess(unanswered);
        assertTrue(table.hasRoomFor(3), "the one that is not answered goes");
        assertEquals(ConntrackTable.NONE, table.findAlive(original, now));
    }

    @Test
    void shouldLetTheLeastValuableGiveWayTheOldestFirst() {
        final int[] order = new int[CAPACITY];
        final Random random = new Random(7);
        for (int flow = 0; flow < CAPACITY; flow++) {
            create(flow, flow % 7, 0, now + SECOND);
            final long connection = Connection.ofRef(table.findAlive(original, now));
            order[flow] = random.nextInt(4);
            become(connection, order[flow]);
        }
        int next = CAPACITY;
        for (int worth = Worth.CLOSED; worth < Worth.LASTING; worth++) {
            for (int flow = 0; flow < CAPACITY; flow++) {
                if (order[flow] == worth) {
                    assertNotEquals(ConntrackTable.NONE, create(next, 9, Connection.ASSURED, now + SECOND));
                    next++;
                    write(flow);
                    assertEquals(ConntrackTable.NONE, table.findAlive(original, now), "flow " + flow + " goes now");
                }
            }
        }
        assertEquals(ConntrackTable.NONE, create(next, 9, 0, now + SECOND), "what lasts stays");
        assertEquals(CAPACITY, table.size());
    }

    @Test
    void shouldNotCountClosedConnectionsAgainstAShare() {
        for (int flow = 0; flow < 10 * CAPACITY; flow++) {
            assertTrue(table.hasRoomFor(3), "flow " + flow);
            assertNotEquals(ConntrackTable.NONE, create(flow, 3, Connection.ASSURED, now + SECOND));
            become(Connection.ofRef(table.findAlive(original, now)), Worth.CLOSED);
            assertEquals(0, table.connectionsOf(3));
        }
    }

    private void become(final long connection, final int worth) {
        final int status = switch (worth) {
            case Worth.UNANSWERED -> 0;
            case Worth.BRIEF -> Connection.SEEN_REPLY;
            default -> Connection.SEEN_REPLY | Connection.ASSURED;
        };
        Connection.status(connection, Connection.IN_USE | status);
        Connection.tcpState(connection, worth == Worth.CLOSED ? TcpState.TIME_WAIT.ordinal() : 0);
        table.reassess(connection);
    }

    @Test
    void shouldForgetAnEndpointAtOnce() {
        create(1, 3, 0, now + SECOND);
        create(2, 4, 0, now + SECOND);
        table.removePort(3);
        write(1);
        assertEquals(ConntrackTable.NONE, table.findAlive(original, now));
        write(2);
        assertNotEquals(ConntrackTable.NONE, table.findAlive(original, now));
        create(1, 3, 0, now + SECOND);
        write(1);
        assertNotEquals(ConntrackTable.NONE, table.findAlive(original, now), "the next endpoint on the port");
    }

    @Test
    void shouldForgetWhatTimeIsUpFor() {
        create(1, 3, 0, now + SECOND);
        write(1);
        assertNotEquals(ConntrackTable.NONE, table.findAlive(original, now + SECOND - 1));
        create(2, 3, 0, now + SECOND);
        assertEquals(2, table.sweep(CAPACITY, now + SECOND));
        assertEquals(0, table.size());
        assertEquals(0, table.connectionsOf(3));
    }

    @Test
    void shouldTakeUpTheConnectionsOfAnEarlierLife() {
        for (int flow = 0; flow < 100; flow++) {
            create(flow, flow % 5, Connection.ASSURED, now + (flow % 2 == 0 ? 10 : 1) * SECOND);
        }
        table.removePort(4);
        table = new ConntrackTable(region, CONFIG, 12_345, now + 5 * SECOND);
        for (int flow = 0; flow < 100; flow++) {
            write(flow);
            final boolean expected = flow % 2 == 0 && flow % 5 != 4;
            assertEquals(expected, table.findAlive(original, now + 5 * SECOND) != ConntrackTable.NONE, "flow " + flow);
            assertEquals(expected, table.findAlive(reply, now + 5 * SECOND) != ConntrackTable.NONE, "flow " + flow);
        }
        assertEquals(10, table.connectionsOf(0));
        assertEquals(40, table.size());
        assertNotEquals(ConntrackTable.NONE, create(1, 0, 0, now + 9 * SECOND), "free places are used again");
    }

    @Test
    void shouldBeReadBesideTheWorker() {
        create(1, 3, 0, now + SECOND);
        create(2, 3, 0, now + 3 * SECOND);
        final ConntrackReader reader = new ConntrackReader(region);
        final List<Integer> ports = new ArrayList<>();
        reader.forEach(now + 2 * SECOND, connection ->
            ports.add(FlowTuple.sourcePort(Connection.tuple(connection, Connection.ORIGINAL))));
        assertEquals(List.of(2), ports);
        assertEquals(2, reader.size());
    }

    @Test
    void shouldBeReadInParts() {
        for (int port = 1; port <= 5; port++) {
            create(port, 3, 0, now + SECOND);
        }
        final ConntrackReader reader = new ConntrackReader(region);
        final List<Integer> numbers = new ArrayList<>();
        assertFalse(reader.visit(0, now, (number, connection) -> {
            numbers.add(number);
            return numbers.size() < 2;
        }));
        assertTrue(reader.visit(numbers.getLast() + 1, now, (number, connection) -> numbers.add(number)));
        assertEquals(5, numbers.stream().distinct().count());
        assertEquals(5, numbers.size());
        assertTrue(reader.visit(Integer.MAX_VALUE, now, (number, connection) -> false), "behind the last one");
    }

    @Test
    void shouldTakeNoMoreThan256BytesAConnection() {
        final int million = 1 << 20;
        assertTrue(ConntrackTable.regionBytes(million) <= 256L * million,
            ConntrackTable.regionBytes(million) / million + " bytes");
    }

    private long create(final int flow, final int port, final int status, final long deadline) {
        write(flow);
        return table.create(original, reply, port, -1, status, deadline);
    }

    private void write(final int flow) {
        FlowTuple.source(original, 0, IpAddress.ipv4Low(0x0A00_0002));
        FlowTuple.destination(original, flow >>> 16, IpAddress.ipv4Low(0xC633_6407));
        FlowTuple.ports(original, FlowTuple.ports(17, flow & 0xFFFF, 53));
        FlowTuple.invert(original, reply);
        FlowTuple.destination(reply, 0, IpAddress.ipv4Low(0xC000_020A));
    }
}
