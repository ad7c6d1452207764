package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.List;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortKind;

/** What control wants of the switch: networks, stations, published ports, routes; and who is out there. */
final class World {
    /** Endpoints that one network has at most. */
    static final int MAX_ENDPOINTS = 6;
    private static final int MAX_PORTS = 64;

    private final Dice dice;
    private final List<Network> networks = new ArrayList<>();
    private final List<Station> uplinks = new ArrayList<>();
    private final List<Publication> publications = new ArrayList<>();
    private final List<RouteEntry> routes = new ArrayList<>();
    private final List<Address> peers = new ArrayList<>();

    World(final Dice dice) {
        this.dice = dice;
        final int uplinkCount = dice.between(1, 2);
        for (int u = 0; u < uplinkCount; u++) {
            addUplink(u);
        }
        final Station last = uplinks.getLast();
        routes.add(new RouteEntry(Address.v4(203, 0, 113, 0), 24, last, router(last, true)));
        peers.addAll(List.of(Address.v4(198, 51, 100, 1), Address.v4(198, 51, 100, 2), Address.v4(203, 0, 113, 1),
            Address.v4(192, 0, 2, 77), Address.v6(0x2001_0DB8_FFFF_0000L, 7), Address.v6(0x2001_0DB8_FFFF_0000L, 8)));
        final int networkCount = dice.between(1, 4);
        for (int n = 1; n <= networkCount; n++) {
            addNetwork(n);
        }
    }

    private void addUplink(final int number) {
        final long mac = 0x0200_0000_0A00L + number;
        final Network wire = new Network(100 + number, mac, null, null, DomainPolicy.OPEN);
        final Station uplink = new Station(PortKind.UPLINK, 60 + number, wire, mac,
            Address.v4(192, 0, 2 + number, 10), Address.v6(0x2001_0DB8_0000_0000L + number, 0x10), false,
            dice.chance(30) ? 1400 : 1500);
        wire.stations().add(uplink);
        uplinks.add(uplink);
        if (number == 0) {
            routes.add(new RouteEntry(Address.v4(0, 0, 0, 0), 0, uplink, router(uplink, true)));
            routes.add(new RouteEntry(Address.v6(0, 0), 0, uplink, router(uplink, false)));
        }
        routes.add(new RouteEntry(Address.v4(192, 0, 2 + number, 0), 24, uplink, null));
    }

    private void addNetwork(final int id) {
        final boolean hasIpv6 = dice.chance(75);
        final Network network = new Network(id, 0x0242_0A00_0001L | (long) id << 16, Address.v4(10, id, 0, 1),
            hasIpv6 ? Address.v6(0xFD00_0000_0000_0000L | (long) id << 32, 1) : null, randomPolicy());
        if (dice.chance(85)) {
            network.stations().add(new Station(PortKind.HOST, freePort(), network, network.gatewayMac(),
                network.gateway(true), network.gateway(false), false, 1500));
        }
        networks.add(network);
        for (int n = dice.between(1, MAX_ENDPOINTS - 1); n > 0; n--) {
            network.stations().add(newEndpoint(network));
        }
    }

    DomainPolicy randomPolicy() {
        return new DomainPolicy(dice.chance(25), !dice.chance(30), !dice.chance(25));
    }

    /** An endpoint with addresses that nobody has. */
    Station newEndpoint(final Network network) {
        int number = 2;
        while (endpoint(Address.v4(10, network.id(), 0, number)) != null) {
            number++;
        }
        final Address ipv6 = network.gateway(false) == null || dice.chance(15) ? null
            : Address.v6(network.gateway(false).high(), number);
        return new Station(PortKind.ENDPOINT, freePort(), network, network.gatewayMac() + number - 1,
            Address.v4(10, network.id(), 0, number), ipv6, dice.chance(60), dice.chance(25) ? 1400 : 1500);
    }

    private int freePort() {
        final List<Integer> used = stations().stream().map(Station::port).toList();
        int port = dice.below(8);
        while (used.contains(port)) {
            port = (port + 1) % MAX_PORTS;
        }
        return port;
    }

    List<Network> networks() {
        return networks;
    }

    List<Station> uplinks() {
        return uplinks;
    }

    List<Publication> publications() {
        return publications;
    }

    List<RouteEntry> routes() {
        return routes;
    }

    /** Hosts in the outside world. */
    List<Address> peers() {
        return peers;
    }

    /** Of all networks, the uplinks last. */
    List<Station> stations() {
        final List<Station> all = new ArrayList<>();
        networks.forEach(network -> all.addAll(network.stations()));
        all.addAll(uplinks);
        return all;
    }

    List<Station> endpoints() {
        return stations().stream().filter(Station::isEndpoint).toList();
    }

    /** Who has the address, or null. */
    Station endpoint(final Address address) {
        for (final Network network : networks) {
            for (final Station station : network.stations()) {
                if (station.isEndpoint() && station.has(address)) {
                    return station;
                }
            }
        }
        return null;
    }

    /** Whether the address is the host's own. */
    boolean isLocal(final Address address) {
        return uplinks.stream().anyMatch(uplink -> uplink.has(address))
            || networks.stream().anyMatch(network -> network.isGateway(address));
    }

    /** The publication that a packet to the host meets first, or null. */
    Publication published(final Tuple tuple) {
        return publications.stream().filter(p -> p.host() != null && p.covers(tuple)).findFirst()
            .or(() -> publications.stream().filter(p -> p.host() == null && p.covers(tuple)).findFirst()).orElse(null);
    }

    /** The longest route, or null. */
    RouteEntry route(final Address destination) {
        RouteEntry best = null;
        for (final RouteEntry entry : routes) {
            if (destination.isIn(entry.prefix(), entry.length()) && (best == null || entry.length() > best.length())) {
                best = entry;
            }
        }
        return best;
    }

    /** The router on an uplink's wire. */
    static Address router(final Station uplink, final boolean v4) {
        return v4 ? Address.v4(192, 0, (int) (uplink.address(true).low() >>> 8 & 0xFF), 1)
            : Address.v6(uplink.address(false).high(), 1);
    }

    /** Which MAC address a neighbour on the wire has, if it is asked. */
    static long neighbourMac(final Address neighbour) {
        return 0x0200_0000_0000L | neighbour.low() & 0xFFFF | 0xBB_0000L;
    }
}
