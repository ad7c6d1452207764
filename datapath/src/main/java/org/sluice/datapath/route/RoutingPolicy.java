package org.sluice.datapath.route;

import java.util.List;
import java.util.function.IntFunction;

/**
 * The rules of one family, in order: they say which tables are asked for a packet's route (Linux net/core/fib_rules.c,
 * {@code fib_rules_lookup}). The first rule that gives a route decides. Owned by the worker.
 */
final class RoutingPolicy {
    private static final Route BLACKHOLE = Route.byRule(RouteType.BLACKHOLE);
    private static final Route UNREACHABLE = Route.byRule(RouteType.UNREACHABLE_BY_RULE);
    private static final Route PROHIBIT = Route.byRule(RouteType.PROHIBIT);
    private static final Route NOT_UNDERSTOOD = Route.byRule(RouteType.NOT_UNDERSTOOD);

    private final PolicyRule[] rules;
    /** The table of each rule that asks one. */
    private final RouteTable[] tables;
    /** The rules that are for all packets: they need not look. */
    private final boolean[] unconditional;

    /**
     * @param tableOf finds or makes the table with the kernel's number.
     */
    RoutingPolicy(final List<PolicyRule> rules, final IntFunction<RouteTable> tableOf) {
        this.rules = rules.toArray(PolicyRule[]::new);
        tables = new RouteTable[this.rules.length];
        unconditional = new boolean[tables.length];
        for (int i = 0; i < tables.length; i++) {
            unconditional[i] = this.rules[i].match().equals(PolicyRule.Match.ALL);
            tables[i] = this.rules[i].action() == PolicyRule.Action.TABLE ? tableOf.apply(this.rules[i].target())
                : null;
        }
    }

    /** The packet's route, or null if no rule gives one. */
    Route lookup(final RouteQuery query) {
        int i = 0;
        while (i < rules.length) {
            final PolicyRule rule = rules[i];
            final int place = i++;
            if (!unconditional[place] && !rule.match().matches(query)) {
                continue;
            }
            switch (rule.action()) {
                case TABLE -> {
                    final Route route = tables[place].lookup(query);
                    if (route != null && rule.accepts(route)) {
                        return route;
                    }
                }
                // Only ever down, so that the search ends.
                case GOTO -> i = Math.max(i, rule.target());
                case NOTHING -> {
                }
                case BLACKHOLE -> {
                    return BLACKHOLE;
                }
                case UNREACHABLE -> {
                    return UNREACHABLE;
                }
                case PROHIBIT -> {
                    return PROHIBIT;
                }
                default -> {
                    return NOT_UNDERSTOOD;
                }
            }
        }
        return null;
    }
}
