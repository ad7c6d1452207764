package org.sluice.datapath.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.OffHeapRegion;

class FdbTest {
    private static final int CAPACITY = 4096;
    private static final int PORT_LIMIT = 100;
    private static final long MAC = 0x0242_0A00_0002L;

    private final OffHeapRegion region = OffHeapRegion.anonymous(Fdb.regionBytes(CAPACITY));
    private final Fdb fdb = new Fdb(region, CAPACITY, PORT_LIMIT, 300, 99);

    @AfterEach
    void release() {
        region.close();
    }

    @Test
    void shouldFindWhatItHasLearnedInThatDomainOnly() {
        assertEquals(Fdb.Learned.NEW, fdb.learn(1, MAC, 7, 0));
        assertEquals(Fdb.Learned.KNOWN, fdb.learn(1, MAC, 7, 0));
        assertEquals(7, fdb.lookup(1, MAC, 0));
        assertEquals(Fdb.UNKNOWN, fdb.lookup(2, MAC, 0));
        assertEquals(Fdb.UNKNOWN, fdb.lookup(1, MAC + 1, 0));
    }

    @Test
    void shouldFollowAMacThatMoves() {
        fdb.learn(1, MAC, 7, 0);
        assertEquals(Fdb.Learned.MOVED, fdb.learn(1, MAC, 8, 1));
        assertEquals(8, fdb.lookup(1, MAC, 1));
        assertEquals(0, fdb.entriesOf(1, 7));
        assertEquals(1, fdb.entriesOf(1, 8));
    }

    @Test
    void shouldForgetAfterTheAgeingTimeUnlessSeenAgain() {
        fdb.learn(1, MAC, 7, 1000);
        assertEquals(7, fdb.lookup(1, MAC, 1299));
        assertEquals(Fdb.UNKNOWN, fdb.lookup(1, MAC, 1300));
        fdb.learn(1, MAC + 1, 7, 1000);
        assertEquals(Fdb.Learned.KNOWN, fdb.learn(1, MAC + 1, 7, 1200));
        assertEquals(7, fdb.lookup(1, MAC + 1, 1499));
        assertEquals(Fdb.Learned.NEW, fdb.learn(1, MAC, 7, 2000), "an aged one is learned anew");
    }

    @Test
    void shouldAgeAcrossTheWrapOfItsSeconds() {
        final int beforeWrap = 0xFF_FFFF - 10;
        fdb.learn(1, MAC, 7, beforeWrap);
        assertEquals(7, fdb.lookup(1, MAC, beforeWrap + 100));
        assertEquals(Fdb.UNKNOWN, fdb.lookup(1, MAC, beforeWrap + 300));
    }

    @Test
    void shouldKeepStaticEntriesFromLearningAgeingAndFlushing() {
        assertTrue(fdb.putStatic(1, MAC, 7, 0));
        assertEquals(Fdb.Learned.KNOWN, fdb.learn(1, MAC, 8, 0));
        fdb.flushPort(7);
        fdb.flushDomain(1);
        fdb.sweep(fdb.bucketCount(), 10_000);
        assertEquals(7, fdb.lookup(1, MAC, 10_000));
        fdb.remove(1, MAC);
        assertEquals(Fdb.UNKNOWN, fdb.lookup(1, MAC, 10_000));
    }

    @Test
    void shouldFlushAPortAndADomain() {
        fdb.learn(1, MAC, 7, 0);
        fdb.learn(1, MAC + 1, 8, 0);
        fdb.learn(2, MAC, 9, 0);
        fdb.flushPort(7);
        assertEquals(Fdb.UNKNOWN, fdb.lookup(1, MAC, 0));
        assertEquals(8, fdb.lookup(1, MAC + 1, 0));
        assertEquals(0, fdb.entriesOf(1, 7));
        fdb.flushDomain(1);
        assertEquals(Fdb.UNKNOWN, fdb.lookup(1, MAC + 1, 0));
        assertEquals(9, fdb.lookup(2, MAC, 0));
        assertEquals(Fdb.Learned.NEW, fdb.learn(1, MAC, 7, 0), "after a flush it learns again");
        assertEquals(7, fdb.lookup(1, MAC, 0));
    }

    @Test
    void shouldBoundTheEntriesOfOnePort() {
        for (int i = 0; i < PORT_LIMIT; i++) {
            assertEquals(Fdb.Learned.NEW, fdb.learn(1, MAC + i, 7, 0));
        }
        assertEquals(Fdb.Learned.PORT_LIMIT, fdb.learn(1, MAC + PORT_LIMIT, 7, 0));
        assertEquals(Fdb.UNKNOWN, fdb.lookup(1, MAC + PORT_LIMIT, 0));
        assertEquals(Fdb.Learned.NEW, fdb.learn(1, MAC + PORT_LIMIT, 8, 0), "another port is not affected");
        assertEquals(Fdb.Learned.PORT_LIMIT, fdb.learn(1, MAC + PORT_LIMIT, 7, 1));
        assertEquals(8, fdb.lookup(1, MAC + PORT_LIMIT, 1), "a full port does not take another's entry away");
    }

    @Test
    void shouldLearnAgainOnceOldEntriesAreSwept() {
        for (int i = 0; i < PORT_LIMIT; i++) {
            fdb.learn(1, MAC + i, 7, 0);
        }
        assertEquals(PORT_LIMIT, fdb.sweep(fdb.bucketCount(), 300));
        assertEquals(Fdb.Learned.NEW, fdb.learn(1, MAC + PORT_LIMIT, 7, 300));
    }

    @Test
    void shouldNotLetAFloodPushTheOthersOut() {
        final int capacity = 1024;
        try (OffHeapRegion small = OffHeapRegion.anonymous(Fdb.regionBytes(capacity))) {
            final Fdb table = new Fdb(small, capacity, capacity, 300, 5);
            for (int port = 1; port <= 50; port++) {
                assertEquals(Fdb.Learned.NEW, table.learn(1, MAC + port, port, 0));
            }
            final Random random = new Random(3);
            for (int i = 0; i < 200_000; i++) {
                table.learn(1, random.nextLong() & 0xFEFF_FFFF_FFFFL, 60, 0);
            }
            for (int port = 1; port <= 50; port++) {
                assertEquals(port, table.lookup(1, MAC + port, 0), "entry of the quiet port " + port);
            }
            for (int port = 100; port < 120; port++) {
                assertEquals(Fdb.Learned.NEW, table.learn(1, MAC + port, port, 0), "a newcomer gets a place");
                assertEquals(port, table.lookup(1, MAC + port, 0));
            }
        }
    }

    @Test
    void shouldAgreeWithASimpleModelUnderRandomOperations() {
        final Random random = new Random(11);
        final Map<Long, long[]> model = new HashMap<>();
        int now = 0;
        for (int step = 0; step < 400_000; step++) {
            final int domain = 1 + random.nextInt(3);
            final long mac = MAC + random.nextInt(60);
            final long key = FdbEntry.key(domain, mac);
            // Ports are of one domain, as in the switch.
            final int port = domain * 10 + random.nextInt(4);
            switch (random.nextInt(40)) {
                case 0 -> {
                    fdb.flushPort(port);
                    model.values().removeIf(entry -> entry[0] == port);
                }
                case 1 -> {
                    fdb.flushDomain(domain);
                    model.keySet().removeIf(k -> FdbEntry.domain(k) == domain);
                }
                case 2 -> {
                    fdb.remove(domain, mac);
                    model.remove(key);
                }
                case 3 -> now += random.nextInt(120);
                case 4 -> fdb.sweep(16, now);
                case 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 -> {
                    fdb.learn(domain, mac, port, now);
                    model.put(key, new long[] {port, now});
                }
                default -> {
                    final long[] entry = model.get(key);
                    final int expected = entry == null || now - entry[1] >= 300 ? Fdb.UNKNOWN : (int) entry[0];
                    assertEquals(expected, fdb.lookup(domain, mac, now), "step " + step);
                }
            }
        }
    }

    @Test
    void shouldShowItsEntriesToAReader() {
        fdb.learn(1, MAC, 7, 100);
        fdb.putStatic(2, MAC + 1, 8, 100);
        fdb.learn(2, MAC + 2, 9, 100);
        fdb.flushPort(9);
        final Map<Long, Long> seen = new HashMap<>();
        new FdbReader(region).forEach(160, seen::put);
        assertEquals(2, seen.size());
        final long learned = seen.get(FdbEntry.key(1, MAC));
        assertEquals(7, FdbEntry.port(learned));
        assertEquals(60, FdbEntry.age(learned, 160));
        assertTrue(FdbEntry.isStatic(seen.get(FdbEntry.key(2, MAC + 1))));
    }

    @Test
    void shouldRefuseToReadWhatIsNoFdb() {
        try (OffHeapRegion other = OffHeapRegion.anonymous(Fdb.regionBytes(CAPACITY))) {
            assertThrows(IllegalStateException.class, () -> new FdbReader(other));
        }
        try (OffHeapRegion tooSmall = OffHeapRegion.anonymous(100)) {
            assertThrows(IllegalArgumentException.class, () -> new Fdb(tooSmall, CAPACITY, 1, 300, 0));
        }
    }

    @Test
    void shouldStartItsEpochsAnewWhenTheyRunOut() {
        fdb.putStatic(1, MAC + 9, 3, 0);
        for (int i = 0; i < FdbEntry.MAX_EPOCH + 5; i++) {
            fdb.flushPort(7);
        }
        assertEquals(Fdb.Learned.NEW, fdb.learn(1, MAC, 7, 0));
        assertEquals(7, fdb.lookup(1, MAC, 0));
        assertEquals(3, fdb.lookup(1, MAC + 9, 0));
        fdb.flushPort(7);
        assertEquals(Fdb.UNKNOWN, fdb.lookup(1, MAC, 0));
    }
}
