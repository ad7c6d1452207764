package org.sluice.datapath.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.Packets;
import org.sluice.datapath.conntrack.ConntrackFilter;

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
                table.remove(route.key());
                model.remove(key);
            }
            assertEquals(model.size(), table.size());
            final int address = random.nextInt(16) << 28 | random.nextInt(4) << 14 | random.nextInt(4);
            assertEquals(slow(model, address), lookup(table, 0, 0xFFFF_0000_0000L | address & 0xFFFF_FFFFL));
        }
    }

    private static Route slow(final Map<String, Route> model, final int address) {
        return model.values().stream().filter(route -> {
            final int mask = route.key().length() == 96 ? 0 : -1 << 128 - route.key().length();
            return ((int) route.key().low() ^ address & mask) == 0;
        }).max(Comparator.comparingInt(route -> route.key().length())).orElse(null);
    }

    private static Route lookup(final RouteTable table, final long high, final long low) {
        return table.lookup(new RouteQuery().set(high, low, high, low, 1));
    }

    @Test
    void shouldKeepNoNodeOfARouteThatIsGone() {
        final Random random = new Random(3);
        final RouteTable table = new RouteTable();
        final int before = table.nodes();
        for (int round = 0; round < 20; round++) {
            final List<Route> routes = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                routes.add(new Route(random.nextLong(), random.nextLong(), random.nextInt(129), NO_HOPS));
            }
            routes.forEach(table::put);
            Collections.shuffle(routes, random);
            for (final Route route : routes) {
                table.remove(route.key());
                assertTrue(table.nodes() <= before + 2 * table.size(), "nodes");
            }
            assertEquals(0, table.size());
            assertEquals(before, table.nodes());
        }
    }

    @Test
    void shouldTryAShorterPrefixWhereNoRouteIsForThePacket() {
        final RouteTable table = new RouteTable();
        final long from = Packets.low("10.0.0.2");
        final long to = Packets.low("192.0.2.7");
        final Route other = put(table, new RouteKey(254, 0, Packets.low("192.0.2.0"), 120, 0x10,
            ConntrackFilter.Prefix.ANY));
        final Route any = put(table, new RouteKey(254, 0, Packets.low("192.0.0.0"), 112));
        final Route ofSource = put(table, new RouteKey(254, 0, Packets.low("192.0.0.0"), 112, 0,
            new ConntrackFilter.Prefix(0, Packets.low("10.0.0.0"), 120)));
        final RouteQuery query = new RouteQuery();
        assertEquals(ofSource, table.lookup(query.set(0, from, 0, to, 1).classify(8, 0)));
        assertEquals(other, table.lookup(query.classify(0x10, 0)));
        assertEquals(any, table.lookup(query.set(0, to, 0, to, 1).classify(0, 0)));
    }

    private static Route put(final RouteTable table, final RouteKey key) {
        final Route route = new Route(key, RouteType.UNICAST, 0, 0, 0, NO_HOPS);
        table.put(route);
        return route;
    }

    @Test
    void shouldKeepTheFamiliesApart() {
        final RouteTable table = new RouteTable();
        final Route ipv6 = new Route(0, 0, 0, NO_HOPS);
        table.put(ipv6);
        assertNull(lookup(table, Packets.high("10.0.0.1"), Packets.low("10.0.0.1")));
        assertEquals(ipv6, lookup(table, Packets.high("2001:db8::1"), Packets.low("2001:db8::1")));
        final Route host = new Route(Packets.high("2001:db8::1"), Packets.low("2001:db8::1"), 128, NO_HOPS);
        table.put(host);
        assertEquals(host, lookup(table, Packets.high("2001:db8::1"), Packets.low("2001:db8::1")));
        assertEquals(ipv6, lookup(table, Packets.high("2001:db8::2"), Packets.low("2001:db8::2")));
    }
}
