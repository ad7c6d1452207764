package org.sluice.datapath.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.conntrack.ConntrackFilter;

/** Random rules and tables against a slow search that is written as fib_rules_lookup reads. */
class RoutingPolicyTest {
    private static final Route.Hop[] HOPS = {new Route.Hop(1, 0, 0, 0, 0)};
    private static final int TABLES = 4;

    private final Random random = new Random(5);
    private final Map<Integer, RouteTable> tables = new HashMap<>();
    private final Map<Integer, List<Route>> model = new HashMap<>();

    @Test
    void shouldFindWhatASlowSearchFinds() {
        int found = 0;
        int verdicts = 0;
        for (int round = 0; round < 300; round++) {
            tables.clear();
            model.clear();
            for (int i = 0; i < 30; i++) {
                putRoute();
            }
            final List<PolicyRule> rules = rules();
            final RoutingPolicy policy = new RoutingPolicy(rules, this::table);
            for (int i = 0; i < 100; i++) {
                final RouteQuery query = query();
                final Object slow = slow(rules, query);
                final Route fast = policy.lookup(query);
                if (slow instanceof RouteType type) {
                    assertEquals(type, fast.type());
                    verdicts++;
                } else {
                    assertEquals(slow, fast);
                    found += slow == null ? 0 : 1;
                }
            }
        }
        assertEquals(true, found > 5000 && verdicts > 1000, found + " routes and " + verdicts + " verdicts");
    }

    @Test
    void shouldKeepAVpnsPacketsFromTheDefaultRouteAsWgQuickDoes() {
        final Route tunnel = put(new Route(new RouteKey(51_820, 0, 0, 0), RouteType.UNICAST, 0, 9, 0,
            new Route.Hop[0]));
        final Route byUplink = put(new Route(new RouteKey(RouteKey.MAIN, 0, 0, 0), RouteType.UNICAST, 0, 2, 0, HOPS));
        final Route lan = put(new Route(new RouteKey(RouteKey.MAIN, 0x2001_0DB8L << 32, 0, 64), RouteType.UNICAST, 0, 2,
            0, HOPS));
        final PolicyRule.Match notMarked = new PolicyRule.Match(true, true, ConntrackFilter.Prefix.ANY,
            ConntrackFilter.Prefix.ANY, 0, 0, 0, 0, 0, 0, PolicyRule.Ports.ANY, PolicyRule.Ports.ANY);
        final PolicyRule main = PolicyRule.table(false, RouteKey.MAIN);
        final RoutingPolicy policy = new RoutingPolicy(List.of(
            new PolicyRule(false, PolicyRule.Match.ALL, PolicyRule.Action.TABLE, RouteKey.MAIN, 0, -1),
            new PolicyRule(false, notMarked, PolicyRule.Action.TABLE, 51_820, -1, -1), main), this::table);
        final RouteQuery query = new RouteQuery();

        assertEquals(tunnel, policy.lookup(query.set(1, 1, 0x2001_0DB9L << 32, 1, 1)));
        assertEquals(lan, policy.lookup(query.set(1, 1, 0x2001_0DB8L << 32, 1, 1)));
        assertEquals(byUplink, new RoutingPolicy(List.of(main), this::table)
            .lookup(query.set(1, 1, 0x2001_0DB9L << 32, 1, 1)));
        assertNull(new RoutingPolicy(List.of(), this::table).lookup(query));
    }

    private RouteTable table(final int number) {
        return tables.computeIfAbsent(number, ignored -> new RouteTable());
    }

    private Route put(final Route route) {
        table(route.key().table()).put(route);
        model.computeIfAbsent(route.key().table(), ignored -> new ArrayList<>())
            .removeIf(other -> other.key().equals(route.key()));
        model.get(route.key().table()).add(route);
        return route;
    }

    private void putRoute() {
        final int length = random.nextInt(6) * 2;
        final RouteType type = random.nextInt(3) > 0 ? RouteType.UNICAST : RouteType.values()[random.nextInt(6)];
        final long high = random.nextLong() & prefixMask(length);
        put(new Route(new RouteKey(random.nextInt(TABLES), high, 0, length, random.nextInt(4) == 0 ? 8 : 0,
            random.nextInt(4) == 0 ? prefix() : ConntrackFilter.Prefix.ANY), type, 0, 0, random.nextInt(3), HOPS));
    }

    private ConntrackFilter.Prefix prefix() {
        final int length = random.nextInt(4);
        return new ConntrackFilter.Prefix(random.nextLong() & prefixMask(length), 0, length);
    }

    private static long prefixMask(final int length) {
        return length == 0 ? 0 : -1L << Long.SIZE - length;
    }

    private List<PolicyRule> rules() {
        final List<PolicyRule> rules = new ArrayList<>();
        final int count = 1 + random.nextInt(8);
        for (int i = 0; i < count; i++) {
            final PolicyRule.Action action = random.nextInt(3) > 0 ? PolicyRule.Action.TABLE
                : PolicyRule.Action.values()[random.nextInt(PolicyRule.Action.values().length)];
            final int target = action == PolicyRule.Action.GOTO ? i + 1 + random.nextInt(count - i)
                : random.nextInt(TABLES);
            rules.add(new PolicyRule(false, match(), action, target, random.nextInt(8) - 4, random.nextInt(6) - 3));
        }
        return rules;
    }

    private PolicyRule.Match match() {
        if (random.nextInt(3) == 0) {
            return PolicyRule.Match.ALL;
        }
        return new PolicyRule.Match(random.nextBoolean(), random.nextInt(8) == 0, prefix(), prefix(),
            random.nextInt(3), random.nextInt(3) * 4, random.nextInt(2) * 0x1C, random.nextInt(2), random.nextInt(2),
            random.nextInt(2) * 6, ports(), ports());
    }

    private PolicyRule.Ports ports() {
        return switch (random.nextInt(4)) {
            case 0 -> new PolicyRule.Ports(2, 4, 0);
            case 1 -> new PolicyRule.Ports(3, 3, 3);
            default -> PolicyRule.Ports.ANY;
        };
    }

    private RouteQuery query() {
        return new RouteQuery().set(random.nextLong(), 1, random.nextLong(), 1, 1 + random.nextInt(2))
            .transport(random.nextBoolean() ? 6 : 17, 1 + random.nextInt(6), 1 + random.nextInt(6))
            .classify(random.nextInt(4) * 4, random.nextInt(2));
    }

    /** A route, a rule's verdict, or null. */
    private Object slow(final List<PolicyRule> rules, final RouteQuery query) {
        for (int i = 0; i < rules.size(); i++) {
            final PolicyRule rule = rules.get(i);
            if (!matches(rule.match(), query)) {
                continue;
            }
            switch (rule.action()) {
                case GOTO -> i = rule.target() - 1;
                case NOTHING -> {
                }
                case TABLE -> {
                    final Route route = slow(rule.target(), query);
                    final boolean ordinary = route != null
                        && (route.type() == RouteType.UNICAST || route.type() == RouteType.LOCAL);
                    final boolean suppressed = ordinary && (route.key().length() <= rule.suppressLength()
                        || rule.suppressGroup() >= 0 && rule.suppressGroup() == route.linkGroup());
                    if (route != null && route.type() != RouteType.THROW && !suppressed) {
                        return route;
                    }
                }
                case BLACKHOLE -> {
                    return RouteType.BLACKHOLE;
                }
                case UNREACHABLE -> {
                    return RouteType.UNREACHABLE_BY_RULE;
                }
                case PROHIBIT -> {
                    return RouteType.PROHIBIT;
                }
                default -> {
                    return RouteType.NOT_UNDERSTOOD;
                }
            }
        }
        return null;
    }

    private Route slow(final int table, final RouteQuery query) {
        return model.getOrDefault(table, List.of()).stream()
            .filter(route -> new ConntrackFilter.Prefix(route.key().high(), 0, route.key().length())
                .matches(query.destinationHigh(), query.destinationLow()))
            .filter(route -> route.key().tos() == 0 || route.key().tos() == query.tos())
            .filter(route -> route.key().source().matches(query.sourceHigh(), query.sourceLow()))
            .max(Comparator.<Route>comparingInt(route -> route.key().length())
                .thenComparingInt(route -> route.key().source().length())
                .thenComparingInt(route -> route.key().tos())).orElse(null);
    }

    private static boolean matches(final PolicyRule.Match match, final RouteQuery query) {
        boolean is = !match.impossible();
        is &= match.source().matches(query.sourceHigh(), query.sourceLow());
        is &= match.destination().matches(query.destinationHigh(), query.destinationLow());
        is &= match.domainId() == 0 || match.domainId() == query.domainId();
        is &= (match.tos() & match.tosMask()) == (query.tos() & match.tosMask());
        is &= (match.flowLabel() & match.flowLabelMask()) == (query.flowLabel() & match.flowLabelMask());
        is &= match.protocol() == 0 || match.protocol() == query.protocol();
        is &= isIn(match.sourcePorts(), query.sourcePort()) && isIn(match.destinationPorts(), query.destinationPort());
        return is != match.inverted();
    }

    private static boolean isIn(final PolicyRule.Ports ports, final int port) {
        return ports.equals(PolicyRule.Ports.ANY) || (ports.mask() != 0
            ? (port & ports.mask()) == (ports.first() & ports.mask()) : port >= ports.first() && port <= ports.last());
    }
}
