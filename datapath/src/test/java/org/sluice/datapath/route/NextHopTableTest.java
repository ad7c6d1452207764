package org.sluice.datapath.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;

class NextHopTableTest {
    private static final int UPLINK = 5;
    private static final long MAC = 0x0200_0000_0001L;
    private static final int SERIAL_NUMBERS = 1 << 19;

    private final NextHopTable table = new NextHopTable((port, high, low) -> { });
    private final Port uplink =
        new Port(UPLINK, null, null, 1500, PortKind.UPLINK, false, new PortIdentity(MAC, 0, 0, 0), null);

    NextHopTableTest() {
        table.addUplink(uplink);
    }

    /** A handle that is used again must not be trusted by who kept it. */
    @Test
    void shouldBeOfAnotherGenerationWhenHandlesRecur() {
        final int generation = table.generation();
        for (int i = 0; i < SERIAL_NUMBERS - 1; i++) {
            table.neighbour(uplink, 0, i, 0, 0);
        }
        assertEquals(generation, table.generation());
        table.neighbour(uplink, 0, -1, 0, 0);
        assertNotEquals(generation, table.generation());
    }

    @Test
    void shouldKnowANeighbourOnceForEachMtu() {
        final NextHop whole = table.neighbour(uplink, 0, 1, 0, 0);
        final NextHop small = table.neighbour(uplink, 0, 1, 1300, 0);

        assertEquals(1500, whole.mtu());
        assertEquals(1300, small.mtu());
        assertSame(small, table.neighbour(uplink, 0, 1, 1300, 0));
        assertEquals(2, table.forms(UPLINK));
        assertSame(small, table.resolve(UPLINK, 1, 0, 1, MAC));
        assertEquals(MAC, small.mac());
    }
}
