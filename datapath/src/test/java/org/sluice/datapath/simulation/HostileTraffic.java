package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.sluice.datapath.command.Command;

/** Frames that are broken, or far too many. */
final class HostileTraffic {
    /** More bits away from the ports of honest clients, and from those that the switch gives out, than are turned. */
    private static final int FIRST_PORT = 0x1E00;
    private static final int MOST_FLIPS = 3;
    /** So long that the switch asks again for each neighbour. */
    private static final int BEFORE_MS = 1100;
    /** So long that ICMP errors are not held back. */
    private static final int AFTER_MS = 100;

    private final Scene scene;
    private final Dice dice;

    HostileTraffic(final Scene scene) {
        this.scene = scene;
        dice = scene.dice;
    }

    /** Broken frames by one port. */
    void attack() {
        final Station from = dice.pick(scene.world.stations());
        if (from.isGone() || scene.neighbours.waitingCount() > 0) {
            return;
        }
        final int count = dice.between(1, 6);
        scene.advance(BEFORE_MS);
        scene.history.note(from + " attacks with " + count + " frames");
        for (int i = 0; i < count; i++) {
            final byte[] frame = dice.chance(15) ? dice.bytes(dice.below(120)) : broken(from);
            scene.history.note("  " + History.hex(frame));
            scene.inject(from, frame);
        }
        settle(from, count);
    }

    /** With a few bits turned, or the end cut off. */
    private byte[] broken(final Station from) {
        final byte[] frame = template(from);
        for (int flips = dice.below(MOST_FLIPS + 1); flips > 0; flips--) {
            frame[dice.below(frame.length)] ^= (byte) (1 << dice.below(8));
        }
        return dice.chance(15) ? Arrays.copyOf(frame, dice.below(frame.length)) : frame;
    }

    private byte[] template(final Station from) {
        final boolean v4 = from.address(false) == null || dice.chance(60);
        final Address source = from.isUplink() ? dice.pick(scene.world.peers()) : from.address(v4);
        final Tuple tuple = new Tuple(dice.pick(List.of(Packet.TCP, Packet.UDP, source.isV4() ? Packet.ICMP
            : Packet.ICMPV6)), source, FIRST_PORT + dice.below(256), destination(from, source.isV4()),
            dice.pick(List.of(53, 80, 8000)));
        final Packet packet = tuple.protocol() == Packet.TCP
            ? Packet.tcp(tuple, scene.newId(), dice.below(64), dice.below(9999), dice.below(9999), new byte[8])
            : tuple.protocol() == Packet.UDP ? Packet.udp(tuple, scene.newId(), new byte[8])
            : Packet.echo(tuple.withDestination(tuple.destination(), 0), scene.newId(), new byte[8]);
        final List<Long> macs = new ArrayList<>(List.of(from.network().gatewayMac(), Frame.BROADCAST));
        from.network().stations().forEach(station -> macs.add(station.mac()));
        return Frame.of(from.isUplink() ? from.mac() : dice.pick(macs), from.isUplink() ? 0x0200_00BB_0001L
            : from.mac(), packet.encode());
    }

    private Address destination(final Station from, final boolean v4) {
        final List<Address> choices = new ArrayList<>(scene.world.peers());
        scene.world.endpoints().forEach(endpoint -> choices.add(endpoint.address(v4)));
        scene.world.uplinks().forEach(uplink -> choices.add(uplink.address(v4)));
        choices.add(from.network().gateway(v4));
        choices.removeIf(address -> address == null || address.isV4() != v4);
        return dice.pick(choices);
    }

    /** One endpoint opens more connections than it may have. */
    void flood() {
        final List<Station> endpoints = scene.world.endpoints();
        if (endpoints.isEmpty() || scene.neighbours.waitingCount() > 0) {
            return;
        }
        final Station from = dice.pick(endpoints);
        final int count = dice.between(50, 600);
        if (from.isGone()) {
            return;
        }
        scene.advance(BEFORE_MS);
        scene.history.note(from + " floods with " + count + " connections");
        for (int i = 0; i < count; i++) {
            final Tuple tuple = new Tuple(Packet.UDP, from.address(true), FIRST_PORT + dice.below(256),
                Address.v4(198, 18, dice.below(256), dice.below(256)), 9);
            scene.inject(from, Frame.of(from.network().gatewayMac(), from.mac(),
                Packet.udp(tuple, scene.newId(), new byte[4]).encode()));
        }
        settle(from, count);
    }

    /** Carries the frames; neighbours that they have asked for are not there. */
    private void settle(final Station from, final int count) {
        scene.sluice().run(scene.world.stations());
        final List<Command> answers = new ArrayList<>();
        scene.sluice().events().poll((port, high, low) -> {
            final Station uplink =
                scene.world.uplinks().stream().filter(station -> station.port() == port).findFirst().orElseThrow();
            if (scene.neighbours.mac(new Neighbours.Key(uplink, new Address(high, low))) == null) {
                answers.add(new Command.PutNeighbour(port, high, low, 0));
            }
        });
        answers.forEach(answer -> Control.execute(scene, answer));
        scene.disturb(count);
        scene.settle(new HostileRules(scene.world, from, count));
        scene.advance(AFTER_MS);
    }
}
