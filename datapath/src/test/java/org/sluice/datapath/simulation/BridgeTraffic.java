package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.List;

/** Frames within one network, honest ones and forged ones. */
final class BridgeTraffic {
    private static final int FREE_PORT = 9;

    private final Scene scene;
    private final Dice dice;

    BridgeTraffic(final Scene scene) {
        this.scene = scene;
        dice = scene.dice;
    }

    private Station anyone() {
        final List<Station> stations = new ArrayList<>(scene.world.stations());
        stations.removeIf(station -> station.isUplink() || station.isGone());
        return stations.isEmpty() ? null : dice.pick(stations);
    }

    private Station anyEndpoint() {
        final List<Station> endpoints = scene.world.endpoints().stream().filter(e -> !e.isGone()).toList();
        return endpoints.isEmpty() ? null : dice.pick(endpoints);
    }

    private Packet datagram(final Address source, final Address destination, final int payload) {
        return Packet.udp(new Tuple(Packet.UDP, source, FREE_PORT, destination, FREE_PORT), scene.newId(),
            dice.bytes(payload));
    }

    private void send(final Station from, final byte[] frame, final Packet packet, final String what) {
        scene.history.note(from + " " + what + " " + History.hex(frame));
        final Fate fate = scene.send(from, frame, packet);
        scene.history.note("  " + (fate.dropped().isEmpty() ? fate.copies().size() + " copies" : fate.dropped()));
    }

    /** To a MAC address of the network, or to one that nobody has. */
    void talk() {
        final Station from = anyone();
        if (from == null) {
            return;
        }
        final Station to = dice.pick(from.network().stations());
        final long mac = dice.chance(15) ? foreignMac() : to.mac();
        final boolean v4 = to.address(false) == null || from.address(false) == null || dice.chance(60);
        final boolean routed = mac == from.network().gatewayMac() && !from.isHost();
        final Integer port = scene.fdb.port(from.network(), mac);
        if (routed || mac == from.mac() && (port == null || port != from.port())) {
            return; // the switch would learn the destination with the frame itself
        }
        final Packet packet = datagram(from.address(v4), to.address(v4), dice.chance(10) ? 1440 : dice.below(200));
        send(from, Frame.of(mac, from.mac(), packet.encode()), packet, "talks to");
    }

    /** Somebody without a guard has many MAC addresses. */
    void teach() {
        final Station from = anyEndpoint();
        if (from == null) {
            return;
        }
        final Packet packet = datagram(from.address(true), Address.v4(255, 255, 255, 255), dice.below(100));
        send(from, Frame.of(Frame.BROADCAST, foreignMac(), packet.encode()), packet, "teaches");
    }

    private long foreignMac() {
        return 0x0600_0000_0000L | dice.below(80);
    }

    /** To all. */
    void shout() {
        final Station from = anyone();
        if (from == null) {
            return;
        }
        final Packet packet = datagram(from.address(true), Address.v4(239, 1, 2, 3), dice.below(100));
        send(from, Frame.of(dice.chance(50) ? Frame.BROADCAST : 0x0100_5E01_0203L, from.mac(), packet.encode()),
            packet, "shouts");
    }

    /** ARP for the gateway, or for another one of the network. */
    void ask() {
        final Station from = anyEndpoint();
        if (from == null) {
            return;
        }
        final Network network = from.network();
        final Station other = dice.pick(network.stations());
        final Address target = dice.chance(50) ? network.gateway(true) : other.address(true);
        final long to = dice.chance(30) ? network.gatewayMac() : Frame.BROADCAST;
        send(from, Frame.arp(to, 1, from.mac(), from.address(true), 0, target), null, "asks for " + target);
    }

    /** Neighbour solicitation for the gateway or another one, or an answer that nobody has asked for. */
    void solicit() {
        final Station from = anyEndpoint();
        if (from == null || from.address(false) == null) {
            return;
        }
        final Network network = from.network();
        final Address other = dice.pick(network.stations()).address(false);
        final Address target = other == null || dice.chance(50) ? network.gateway(false) : other;
        final boolean forged = dice.chance(30);
        final Packet packet = forged ? Discovery.advertisement(from.address(false), from.mac(), target,
            Address.v6(0xFF02_0000_0000_0000L, 1), false, scene.newId())
            : Discovery.solicitation(from.address(false), from.mac(), target, scene.newId());
        send(from, Frame.of(0x3333_FF00_0000L | target.low() & 0xFF_FFFF, from.mac(), packet.encode()), packet,
            (forged ? "speaks for " : "solicits ") + target);
    }

    /** An echo request to the gateway. */
    void ping() {
        final Station from = anyEndpoint();
        if (from == null) {
            return;
        }
        final Network network = from.network();
        final boolean v4 = from.address(false) == null || dice.chance(50);
        final Packet packet = Packet.echo(new Tuple(v4 ? Packet.ICMP : Packet.ICMPV6, from.address(v4),
            dice.between(1, 0xFFFF), network.gateway(v4), 0), scene.newId(), dice.bytes(dice.below(100)));
        send(from, Frame.of(network.gatewayMac(), from.mac(), packet.encode()), packet, "pings");
    }

    /** With another one's MAC or IP address. */
    void forge() {
        final Station from = anyone();
        if (from == null) {
            return;
        }
        final Station victim = dice.pick(from.network().stations());
        final Address source = dice.chance(50) ? victim.address(true) : from.address(true);
        final long mac = dice.chance(50) ? foreignMac() : from.mac();
        if (dice.chance(30) && from.isEndpoint()) {
            send(from, Frame.arp(Frame.BROADCAST, 2, mac, source, 0, from.network().gateway(true)), null,
                "forges ARP");
            return;
        }
        final Packet packet = datagram(source, Address.v4(10, from.network().id(), 0, 250), dice.below(64));
        send(from, Frame.of(Frame.BROADCAST, mac, packet.encode()), packet, "forges");
    }
}
