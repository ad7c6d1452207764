package org.sluice.datapath.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import org.junit.jupiter.api.Test;

class PortMapTableTest {
    private static final long ADDRESS = 0xFFFF_C000_020AL;

    @Test
    void shouldAgreeWithAListOverManyChanges() {
        final Random random = new Random(3);
        final PortMapTable table = new PortMapTable();
        final List<PortMap> model = new ArrayList<>();
        for (int step = 0; step < 20_000; step++) {
            if (random.nextInt(3) > 0 || model.isEmpty()) {
                final int first = 1 + random.nextInt(65_535);
                final int last = Math.min(65_535, first + (random.nextInt(50) == 0 ? 20_000 : random.nextInt(40)));
                final PortMap map = map(random.nextBoolean() ? 6 : 17, 0, first, last);
                final boolean free = model.stream().noneMatch(other -> other.protocol() == map.protocol()
                    && other.hostFirst() <= last && other.hostLast() >= first);
                assertEquals(free, table.add(map));
                if (free) {
                    model.add(map);
                }
            } else {
                table.remove(model.remove(random.nextInt(model.size())));
            }
            final int port = random.nextInt(65_536);
            assertEquals(model.stream().filter(m -> m.protocol() == 6 && m.hostFirst() <= port && m.hostLast() >= port)
                .findFirst().orElse(null), table.find(6, true, 0, ADDRESS, port));
            assertEquals(model.size(), table.size());
        }
    }

    @Test
    void shouldTakeSixtyThousandPortsAsOne() {
        final PortMapTable table = new PortMapTable();
        assertTrue(table.add(map(6, 0, 1000, 60_000)));
        assertEquals(1, table.size());
        assertEquals(60_000, table.find(6, true, 0, ADDRESS, 60_000).endpointPort(60_000));
        assertEquals(1000, table.find(6, true, 0, ADDRESS, 1000).endpointPort(1000));
        assertNull(table.find(6, true, 0, ADDRESS, 999));
        assertNull(table.find(6, true, 0, ADDRESS, 60_001));
        assertFalse(table.add(map(6, 0, 60_000, 60_000)));
    }

    @Test
    void shouldPreferOneAddressToAllAndKeepFamiliesAndProtocolsApart() {
        final PortMapTable table = new PortMapTable();
        final PortMap all = map(6, 0, 80, 80);
        final PortMap one = map(6, ADDRESS, 80, 80);
        assertTrue(table.add(all));
        assertTrue(table.add(one));
        assertEquals(one, table.find(6, true, 0, ADDRESS, 80));
        assertEquals(all, table.find(6, true, 0, ADDRESS + 1, 80));
        assertNull(table.find(17, true, 0, ADDRESS, 80));
        assertNull(table.find(6, false, 5, 5, 80));
        assertNull(table.find(47, true, 0, ADDRESS, 80));
        table.remove(one);
        assertEquals(all, table.find(6, true, 0, ADDRESS, 80));
    }

    private static PortMap map(final int protocol, final long hostLow, final int first, final int last) {
        return new PortMap(protocol, true, 0, hostLow, first, last, 0, 0xFFFF_0A00_0002L, first);
    }
}
