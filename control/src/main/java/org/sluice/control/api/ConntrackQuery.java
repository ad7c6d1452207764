package org.sluice.control.api;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.PortSpec;
import org.sluice.control.model.Protocols;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.conntrack.TcpState;

/** Reads which connections are meant from a request's query, whose names are those of conntrack(8)'s long options. */
final class ConntrackQuery {
    /** Most connections in one answer: containers choose how many there are, and each takes a kilobyte. */
    static final int MAX_PAGE = 5000;

    /**
     * A part of a list.
     *
     * @param limit most connections.
     * @param after the id that the list goes on after; -1 for its begin.
     */
    record Page(ConntrackFilter filter, int limit, long after) {
    }

    private final Map<String, List<String>> query;
    private final Set<String> read = new HashSet<>();
    /** 4 or 6, as the option or an address says it; 0 where nothing does. */
    private int family;

    private ConntrackQuery(final Map<String, List<String>> query) {
        this.query = query;
    }

    /**
     * @throws ControlException when a value is not understood, or a name is unknown.
     */
    static ConntrackFilter parse(final Map<String, List<String>> query) {
        final ConntrackQuery reader = new ConntrackQuery(query);
        final ConntrackFilter filter = reader.filter();
        reader.requireAllRead();
        return filter;
    }

    /**
     * @throws ControlException likewise.
     */
    static Page page(final Map<String, List<String>> query) {
        final ConntrackQuery reader = new ConntrackQuery(query);
        final Page page = new Page(reader.filter(), (int) reader.number("limit", 1, MAX_PAGE, MAX_PAGE),
            reader.number("after", -1, Long.MAX_VALUE / 2, -1));
        reader.requireAllRead();
        return page;
    }

    private long number(final String name, final long lowest, final long highest, final long otherwise) {
        final String text = get(name);
        if (text == null) {
            return otherwise;
        }
        if (text.matches("-?\\d{1,18}")) {
            final long number = Long.parseLong(text);
            if (number >= lowest && number <= highest) {
                return number;
            }
        }
        throw ControlException.invalid("\"" + name + "\" is a number from " + lowest + " to " + highest + ", not \""
            + text + "\"");
    }

    private void requireAllRead() {
        query.keySet().stream().filter(name -> !read.contains(name)).findFirst().ifPresent(name -> {
            throw ControlException.invalid("there is no filter \"" + name + "\"; there are "
                + String.join(", ", read.stream().sorted().toList()));
        });
    }

    private ConntrackFilter filter() {
        final String protocol = get("proto");
        final int destinationPort = port("dport");
        final int status = (flag("src-nat") ? Connection.SNAT : 0) | (flag("dst-nat") ? Connection.DNAT : 0)
            | (flag("assured") ? Connection.ASSURED : 0);
        family = family();
        final ConntrackFilter.Prefix source = prefix("orig-src");
        final ConntrackFilter.Prefix destination = prefix("orig-dst");
        final ConntrackFilter.Prefix replySource = prefix("reply-src");
        final ConntrackFilter.Prefix replyDestination = prefix("reply-dst");
        return new ConntrackFilter(family, protocol == null ? -1 : Protocols.number(protocol), state(), status,
            port("sport"), destinationPort, destinationPort, source, destination, replySource, replyDestination);
    }

    private boolean flag(final String name) {
        final String value = get(name);
        if (value == null || "false".equals(value)) {
            return false;
        }
        if (!"true".equals(value)) {
            throw ControlException.invalid("\"" + name + "\" is true or false, not \"" + value + "\"");
        }
        return true;
    }

    private int family() {
        final String family = get("family");
        if (family == null) {
            return 0;
        }
        return switch (family) {
            case "ipv4", "4" -> 4;
            case "ipv6", "6" -> 6;
            default -> throw ControlException.invalid("\"" + family + "\" is no family: use ipv4 or ipv6");
        };
    }

    private int state() {
        final String state = get("state");
        if (state == null) {
            return -1;
        }
        try {
            return TcpState.valueOf(state.toUpperCase(Locale.ROOT)).ordinal();
        } catch (final IllegalArgumentException ex) {
            throw ControlException.invalid("\"" + state + "\" is no TCP state; use one of "
                + List.of(TcpState.values()));
        }
    }

    private int port(final String name) {
        final String port = get(name);
        return port == null ? -1 : PortSpec.parsePort(port);
    }

    private ConntrackFilter.Prefix prefix(final String name) {
        final String text = get(name);
        if (text == null) {
            return ConntrackFilter.Prefix.ANY;
        }
        final IpPrefix prefix = IpPrefix.parseAny(text);
        final int meant = prefix.isIpv4() ? 4 : 6;
        if (family != 0 && family != meant) {
            throw ControlException.invalid(text + " is IPv" + meant + ", and something else in the filter is not");
        }
        family = meant;
        return Addresses.prefixOf(prefix);
    }

    private @Nullable String get(final String name) {
        read.add(name);
        final List<String> values = query.get(name);
        return values == null ? null : values.getLast();
    }
}
