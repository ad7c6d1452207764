package org.sluice.datapath.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.Packets;

class RouteTableTest {
    private static final Route.Hop[] NO_HOPS = new Route.Hop[0];

    @Test
    void shouldFindTheLongestPrefixAsASlowSearchDoes() {
        final Random random = new Random(11);
        final RouteTable table = new RouteTable();
        final Map<String, Route> model = new HashMap<>();
        for (int step = 0; step < 30_000; step++) {
            final int length = 96 + random.nextInt(33);
            final int mask = length == 96 ? 0 : -1 << 128 - length;
            // Few different bits, so that prefixes nest and clash.
            final int network = (random.nextInt(16) << 28 | random.nextInt(4) << 14 | random.nextInt(4)) & mask;
            final Route route = new Route(0, 0xFFFF_0000_0000L | network & 0xFFFF_FFFFL, length, NO_HOPS);
            final String key = network + "/" + length;
            if (random.nextInt(3) > 0) {
                table.put(route);
                model.put(key, route);
            } else {
                table.remove(route.high(), route.low(), length);
                model.remove(key);
            }
            assertEquals(model.size(), table.size());
            final int address = random.nextInt(16) << 28 | random.nextInt(4) << 14 | random.nextInt(4);
            assertEquals(slow(model, address), table.lookup(0, 0xFFFF_0000_0000L | address & 0xFFFF_FFFFL));
        }
    }

    private static Route slow(final Map<String, Route> model, final int address) {
        return model.values().stream().filter(route -> {
            final int mask = route.length() == 96 ? 0 : -1 << 128 - route.length();
            return ((int) route.low() ^ address & mask) == 0;
        }).max(Comparator.comparingInt(Route::length)).orElse(null);
    }

    @Test
    void shouldKeepTheFamiliesApart() {
        final RouteTable table = new RouteTable();
        final Route ipv6 = new Route(0, 0, 0, NO_HOPS);
        table.put(ipv6);
        assertNull(table.lookup(Packets.high("10.0.0.1"), Packets.low("10.0.0.1")));
        assertEquals(ipv6, table.lookup(Packets.high("2001:db8::1"), Packets.low("2001:db8::1")));
        final Route host = new Route(Packets.high("2001:db8::1"), Packets.low("2001:db8::1"), 128, NO_HOPS);
        table.put(host);
        assertEquals(host, table.lookup(Packets.high("2001:db8::1"), Packets.low("2001:db8::1")));
        assertEquals(ipv6, table.lookup(Packets.high("2001:db8::2"), Packets.low("2001:db8::2")));
    }
}
