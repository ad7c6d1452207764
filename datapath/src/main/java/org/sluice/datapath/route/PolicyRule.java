package org.sluice.datapath.route;

import org.sluice.datapath.conntrack.ConntrackFilter;

/**
 * A rule of the kernel's routing policy (ip-rule(8); Linux net/core/fib_rules.c): which packets ask which table.
 *
 * @param ipv4           its family.
 * @param action         what it does with the packets that it matches.
 * @param target         of {@link Action#TABLE}: the kernel's number of the table; of {@link Action#GOTO}: the place of
 *                       another rule of the same list, further down.
 * @param suppressLength a route of this prefix length or less does not count; -1 for none. An IPv4 length is 96 more
 *                       than usual.
 * @param suppressGroup  a route by an interface of this group does not count; -1 for none.
 */
public record PolicyRule(boolean ipv4, Match match, Action action, int target, int suppressLength, int suppressGroup) {
    /** What a rule does. */
    public enum Action {
        TABLE, GOTO, NOTHING, BLACKHOLE, UNREACHABLE, PROHIBIT,
        /** The switch does not know what the rule says: the packets are dropped, not sent another way. */
        NOT_UNDERSTOOD
    }

    /**
     * A range of ports.
     *
     * @param first or 0 for any port.
     * @param mask  the bits of {@code first} that count; 0 for the whole range.
     */
    public record Ports(int first, int last, int mask) {
        /** All ports, and packets without. */
        public static final Ports ANY = new Ports(0, 0, 0);

        boolean matches(final int port) {
            return mask != 0 ? ((first ^ port) & mask) == 0 : first == 0 || port >= first && port <= last;
        }
    }

    /**
     * The packets that a rule is for.
     *
     * @param inverted      whether it is for all others instead.
     * @param impossible    whether it asks for what no packet of the switch has: an outgoing interface before the
     *                      routing, a firewall mark, a VRF, a tunnel's number, an owner other than root.
     * @param domainId      the network that they come from; 0 for any.
     * @param tos           the bits of the TOS or traffic class under the mask.
     * @param tosMask       0 for any.
     * @param flowLabel     the bits of IPv6's flow label under the mask.
     * @param flowLabelMask 0 for any.
     * @param protocol      or 0 for any.
     */
    public record Match(boolean inverted, boolean impossible, ConntrackFilter.Prefix source,
                        ConntrackFilter.Prefix destination, int domainId, int tos, int tosMask, int flowLabel,
                        int flowLabelMask, int protocol, Ports sourcePorts, Ports destinationPorts) {
        /** All packets. */
        public static final Match ALL = new Match(false, false, ConntrackFilter.Prefix.ANY,
            ConntrackFilter.Prefix.ANY, 0, 0, 0, 0, 0, 0, Ports.ANY, Ports.ANY);

        /** Whether the rule is for this packet. */
        boolean matches(final RouteQuery query) {
            return selects(query) != inverted;
        }

        private boolean selects(final RouteQuery query) {
            return !impossible && source.matches(query.sourceHigh(), query.sourceLow())
                && destination.matches(query.destinationHigh(), query.destinationLow())
                && (domainId == 0 || domainId == query.domainId())
                && ((query.tos() ^ tos) & tosMask) == 0
                && ((query.flowLabel() ^ flowLabel) & flowLabelMask) == 0
                && (protocol == 0 || protocol == query.protocol())
                && sourcePorts.matches(query.sourcePort()) && destinationPorts.matches(query.destinationPort());
        }
    }

    /** A rule for all packets that asks one table. */
    public static PolicyRule table(final boolean ipv4, final int number) {
        return new PolicyRule(ipv4, Match.ALL, Action.TABLE, number, -1, -1);
    }

    /** Whether a route that its table gives counts. */
    boolean accepts(final Route route) {
        return switch (route.type()) {
            case THROW -> false;
            case UNICAST, LOCAL ->
                route.key().length() > suppressLength && (suppressGroup < 0 || route.linkGroup() != suppressGroup);
            default -> true;
        };
    }
}
