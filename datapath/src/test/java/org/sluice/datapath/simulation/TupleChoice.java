package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.List;

/** Chooses what a new connection is between: a client, a server that it may reach or not, and their ports. */
final class TupleChoice {
    static final int FIRST_CLIENT_PORT = 0x2800;
    static final List<Integer> SERVER_PORTS = List.of(53, 80, 443);
    private static final int CLIENT_PORTS = 0x100;
    /** Ports that the switch gives out itself: different clients use the same ones. */
    private static final int FIRST_SHARED_PORT = SwitchLimits.FIRST_NAT_PORT;
    private static final int SHARED_PORTS = 4;

    private final Scene scene;
    private final Dice dice;

    TupleChoice(final Scene scene) {
        this.scene = scene;
        dice = scene.dice;
    }

    static boolean isClientPort(final int port) {
        return port >= FIRST_CLIENT_PORT && port < FIRST_CLIENT_PORT + CLIENT_PORTS
            || port >= FIRST_SHARED_PORT && port < FIRST_SHARED_PORT + SHARED_PORTS;
    }

    /** What a station sends to open a connection, or null where that could be mistaken for another one. */
    Tuple tuple(final Station from) {
        final Address source =
            from.isUplink() ? dice.pick(scene.world.peers()) : from.address(!dice.chance(35));
        final Address destination = source == null ? null : destination(from, source.isV4());
        if (destination == null) {
            return null;
        }
        final int protocol = protocol(source.isV4());
        final int port = dice.chance(30) ? FIRST_SHARED_PORT + dice.below(SHARED_PORTS)
            : FIRST_CLIENT_PORT + dice.below(CLIENT_PORTS);
        final Tuple tuple = new Tuple(protocol, source, port, destination, serverPort(protocol, destination));
        return isInUse(tuple) ? null : tuple;
    }

    private Address destination(final Station from, final boolean v4) {
        final List<Address> choices = new ArrayList<>();
        scene.world.endpoints().forEach(endpoint -> add(choices, endpoint.address(v4)));
        choices.removeIf(from::has);
        for (final Station uplink : scene.world.uplinks()) {
            for (int likelier = 0; likelier < 4; likelier++) {
                add(choices, uplink.address(v4));
            }
        }
        if (!from.isUplink()) {
            for (int likelier = 0; likelier < 2; likelier++) {
                scene.world.peers().stream().filter(peer -> peer.isV4() == v4).forEach(choices::add);
            }
            scene.world.networks().forEach(network -> add(choices, network.gateway(v4)));
        }
        return choices.isEmpty() ? null : dice.pick(choices);
    }

    private static void add(final List<Address> choices, final Address address) {
        if (address != null) {
            choices.add(address);
        }
    }

    private int protocol(final boolean v4) {
        final int choice = dice.below(5);
        return choice < 2 ? Packet.TCP : choice < 4 ? Packet.UDP : v4 ? Packet.ICMP : Packet.ICMPV6;
    }

    /** For the host's addresses mostly one that is published. */
    private int serverPort(final int protocol, final Address destination) {
        if (protocol != Packet.TCP && protocol != Packet.UDP) {
            return 0;
        }
        final List<Publication> publications = scene.world.publications();
        if (scene.world.isLocal(destination) && !publications.isEmpty() && dice.chance(80)) {
            final Publication publication = dice.pick(publications);
            return publication.first() + dice.below(publication.count());
        }
        return dice.pick(SERVER_PORTS);
    }

    /** Whether a connection of the same client and port is there, or may be: they would be hard to tell apart. */
    private boolean isInUse(final Tuple tuple) {
        return scene.flows.all().stream().anyMatch(flow -> flow.original().protocol() == tuple.protocol()
            && flow.original().sourcePort() == tuple.sourcePort()
            && (flow.original().source().equals(tuple.source()) || !scene.flows.isAlive(flow)));
    }
}
