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
        query.keySet().stream().filter(name -> !reader.read.contains(name)).findFirst().ifPresent(name -> {
            throw ControlException.invalid("there is no filter \"" + name + "\"; there are "
                + String.join(", ", reader.read.stream().sorted().toList()));
        });
        return filter;
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
