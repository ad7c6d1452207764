package org.sluice.control.observe;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.PortSpec;
import org.sluice.control.model.Protocols;
import org.sluice.control.network.LiveEndpoints;
import org.sluice.control.network.LiveNetworks;
import org.sluice.datapath.trace.PacketFilter;

/**
 * Reads which packets are meant, in words such as tcpdump's (pcap-filter(7)): an endpoint's name, or any of
 * {@code endpoint NAME}, {@code network NAME}, {@code host IP[/LEN]}, {@code port N}, {@code tcp} and other protocols,
 * {@code proto N}; all of them must hold, an {@code and} between them may be left out.
 */
final class FilterParser {
    private final DesiredState state;
    private final LiveNetworks networks;
    private final LiveEndpoints endpoints;
    private final Deque<String> words = new ArrayDeque<>();

    FilterParser(final DesiredState state, final LiveNetworks networks, final LiveEndpoints endpoints) {
        this.state = state;
        this.networks = networks;
        this.endpoints = endpoints;
    }

    /**
     * @throws ControlException when a word is not understood.
     */
    PacketFilter parse(final List<String> filter) {
        words.clear();
        filter.forEach(part -> words.addAll(List.of(part.strip().split("\\s+"))));
        words.removeIf(String::isEmpty);
        PacketFilter meant = PacketFilter.ALL;
        while (!words.isEmpty()) {
            meant = read(words.pop(), meant);
        }
        return meant;
    }

    private PacketFilter read(final String word, final PacketFilter so) {
        return switch (word) {
            case "and" -> so;
            case "endpoint" -> withEndpoint(so, argument(word));
            case "network" -> new PacketFilter(so.portIndex(), domainOf(argument(word)), so.protocol(), so.host(),
                so.port());
            case "host", "net" -> new PacketFilter(so.portIndex(), so.domainId(), so.protocol(),
                Addresses.prefixOf(IpPrefix.parseAny(argument(word))), so.port());
            case "port" -> new PacketFilter(so.portIndex(), so.domainId(), so.protocol(), so.host(),
                PortSpec.parsePort(argument(word)));
            case "proto" -> withProtocol(so, argument(word));
            default -> state.isEndpointCalled(word) ? withEndpoint(so, word) : withProtocol(so, word);
        };
    }

    private String argument(final String word) {
        if (words.isEmpty()) {
            throw ControlException.invalid("\"" + word + "\" needs a value after it");
        }
        return words.pop();
    }

    private PacketFilter withEndpoint(final PacketFilter so, final String name) {
        final String endpoint = state.endpoint(name).name();
        final int index = endpoints.port(endpoint).orElseThrow(
            () -> ControlException.conflict("endpoint \"" + endpoint + "\" is gone: no packet passes it")).index();
        return new PacketFilter(index, so.domainId(), so.protocol(), so.host(), so.port());
    }

    private int domainOf(final String name) {
        return networks.get(state.network(name).name()).handle().domainId();
    }

    private static PacketFilter withProtocol(final PacketFilter so, final String word) {
        final int protocol;
        try {
            protocol = Protocols.number(word);
        } catch (final ControlException ex) {
            throw ControlException.invalid("\"" + word + "\" is neither an endpoint nor a filter word; those are:"
                + " endpoint NAME, network NAME, host IP[/LEN], port N, tcp, udp, icmp, icmpv6, sctp, proto N");
        }
        return new PacketFilter(so.portIndex(), so.domainId(), protocol, so.host(), so.port());
    }
}
