package org.sluice.control.uplink;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.sluice.control.model.Addresses;
import org.sluice.control.model.IpPrefix;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.route.PolicyRule;
import org.sluice.datapath.route.Route;
import org.sluice.linux.netlink.KernelRule;

/**
 * Turns the kernel's rules into the workers'. A container's packet has no firewall mark, no socket, no VRF and no
 * outgoing interface yet when the rules see it, and it is root's (Linux net/ipv4/route.c, {@code ip_route_input_slow}).
 */
final class PolicyTranslator {
    private final Function<String, Optional<Integer>> domainOf;

    /**
     * @param domainOf finds the network whose host interface is called so.
     */
    PolicyTranslator(final Function<String, Optional<Integer>> domainOf) {
        this.domainOf = domainOf;
    }

    /** The rules of one family, in the same order. */
    List<PolicyRule> translate(final List<KernelRule> all, final boolean ipv4) {
        final List<KernelRule> rules = all.stream().filter(rule -> rule.ipv4() == ipv4).toList();
        final List<PolicyRule> translated = new ArrayList<>();
        for (final KernelRule rule : rules) {
            final PolicyRule.Action action = actionOf(rule);
            final int place = action == PolicyRule.Action.GOTO ? placeOf(rules, rule) : rule.table();
            translated.add(new PolicyRule(ipv4, matchOf(rule), place < 0 ? PolicyRule.Action.NOTHING : action,
                Math.max(place, 0), rule.suppressLength() < 0 ? -1
                    : ipv4 ? rule.suppressLength() + Route.IPV4_LENGTH_OFFSET
                    : rule.suppressLength(), rule.suppressGroup()));
        }
        return translated;
    }

    /** Where the rule goes on; -1 if there is no such rule, which then does nothing. */
    private static int placeOf(final List<KernelRule> rules, final KernelRule rule) {
        for (int i = 0; i < rules.size(); i++) {
            if (rules.get(i).priority() == rule.gotoPriority()) {
                return i;
            }
        }
        return -1;
    }

    private static PolicyRule.Action actionOf(final KernelRule rule) {
        if (!rule.understood()) {
            return PolicyRule.Action.NOT_UNDERSTOOD;
        }
        return switch (rule.action()) {
            case KernelRule.TO_TABLE -> PolicyRule.Action.TABLE;
            case KernelRule.GOTO -> PolicyRule.Action.GOTO;
            case KernelRule.NOTHING -> PolicyRule.Action.NOTHING;
            case KernelRule.BLACKHOLE -> PolicyRule.Action.BLACKHOLE;
            case KernelRule.UNREACHABLE -> PolicyRule.Action.UNREACHABLE;
            case KernelRule.PROHIBIT -> PolicyRule.Action.PROHIBIT;
            default -> PolicyRule.Action.NOT_UNDERSTOOD;
        };
    }

    private PolicyRule.Match matchOf(final KernelRule rule) {
        final Optional<Integer> domain = rule.ingress().isEmpty() ? Optional.empty() : domainOf.apply(rule.ingress());
        final boolean impossible = rule.foreign() || !rule.egress().isEmpty() || (rule.mark() & rule.markMask()) != 0
            || !rule.ingress().isEmpty() && domain.isEmpty();
        return new PolicyRule.Match(rule.inverted(), impossible, prefixOf(rule.source(), rule.sourceLength()),
            prefixOf(rule.destination(), rule.destinationLength()), domain.orElse(0), rule.tos(), rule.tosMask(),
            rule.flowLabel(), rule.flowLabelMask(), rule.protocol(), portsOf(rule.sourcePorts()),
            portsOf(rule.destinationPorts()));
    }

    private static ConntrackFilter.Prefix prefixOf(final @Nullable InetAddress network, final int length) {
        return network == null || length == 0 ? ConntrackFilter.Prefix.ANY
            : Addresses.prefixOf(IpPrefix.of(network, length));
    }

    private static PolicyRule.Ports portsOf(final KernelRule.Ports ports) {
        return new PolicyRule.Ports(ports.first(), ports.last(), ports.mask());
    }
}
