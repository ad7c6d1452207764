package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.List;

import org.sluice.datapath.nat.NatPorts;

/** Packets that are routed: connections that begin, go on and end, allowed ones and forbidden ones. */
final class FlowTraffic {
    private static final int MOST_FLOWS = 48;
    private static final int MOST_WAITING = 24;

    private final Scene scene;
    private final Dice dice;
    private final TupleChoice choice;
    /** Whether the packet sent last has come to its receiver. */
    private boolean hasArrived;

    FlowTraffic(final Scene scene) {
        this.scene = scene;
        dice = scene.dice;
        choice = new TupleChoice(scene);
    }

    /** Somebody tries to open a connection. */
    void open() {
        if (scene.isCrowded() || scene.flows.all().size() >= MOST_FLOWS
            || scene.neighbours.waitingCount() >= MOST_WAITING) {
            return;
        }
        final List<Station> senders = new ArrayList<>(scene.world.endpoints());
        senders.addAll(scene.world.uplinks());
        final Station from = dice.pick(senders);
        if (from.isGone()) {
            return;
        }
        final Tuple tuple = choice.tuple(from);
        if (tuple == null) {
            return;
        }
        final TcpLife life = tuple.protocol() == Packet.TCP ? new TcpLife(dice) : null;
        final Packet packet = life != null ? life.propose(dice).packet(tuple, scene.newId()) : datagram(tuple);
        scene.router.nextLife(life);
        send(from, packet, "opens");
        scene.router.nextLife(null);
        if (life != null && scene.flows.find(tuple) != null && hasArrived) {
            life.arrived();
        }
    }

    private Packet datagram(final Tuple tuple) {
        return datagram(tuple, dice.below(64));
    }

    private Packet datagram(final Tuple tuple, final int payload) {
        return tuple.protocol() == Packet.UDP ? Packet.udp(tuple, scene.newId(), dice.bytes(payload))
            : Packet.echo(tuple, scene.newId(), dice.bytes(payload));
    }

    private void send(final Station from, final Packet packet, final String what) {
        scene.history.note(from + " " + what + " " + packet.tuple() + " id " + packet.id());
        final Fate fate = scene.send(from, frame(from, packet), packet);
        hasArrived = !fate.copies().isEmpty() && fate.dropped().isEmpty();
        scene.history.note("  " + (fate.dropped().isEmpty() ? fate.copies().size() + " copies" : fate.dropped()));
    }

    private static byte[] frame(final Station from, final Packet packet) {
        return frame(from, packet.encode());
    }

    /** To be routed: to the gateway, or from the router on the wire. */
    private static byte[] frame(final Station from, final byte[] packet) {
        return from.isUplink() ? Frame.of(from.mac(), 0x0200_00BB_0001L, packet)
            : Frame.of(from.network().gatewayMac(), from.mac(), packet);
    }

    /** Some connections go on by a packet each. */
    void goOn() {
        final List<Flow> chosen = new ArrayList<>(alive());
        dice.shuffle(chosen);
        for (final Flow flow : chosen.subList(0, Math.min(chosen.size(), dice.between(1, 6)))) {
            goOn(flow);
        }
    }

    private void goOn(final Flow flow) {
        final TcpLife life = flow.tcp();
        if (life != null && life.isClosed()) {
            return;
        }
        final TcpLife.Segment segment = life == null ? null : life.propose(dice);
        final int direction = segment != null ? segment.direction() : dice.below(2);
        if (!maySend(flow, direction)) {
            return;
        }
        final Tuple tuple = direction == Flow.ORIGINAL ? flow.original() : flow.reply();
        send(sender(flow, direction), segment != null ? segment.packet(tuple, scene.newId()) : datagram(tuple),
            "goes on with");
        if (life != null && hasArrived) {
            life.arrived();
        }
    }

    private List<Flow> alive() {
        return scene.flows.all().stream().filter(scene.flows::isAlive).toList();
    }

    private Flow anyAlive() {
        final List<Flow> alive = alive();
        return alive.isEmpty() ? null : dice.pick(alive);
    }

    /** Whether the sender is there, and knows whom to send to. */
    private boolean maySend(final Flow flow, final int direction) {
        return !sender(flow, direction).isGone() && (direction == Flow.ORIGINAL || flow.isTranslationKnown())
            && (scene.router.isWayClear(flow, direction) || scene.neighbours.waitingCount() < MOST_WAITING);
    }

    private Station sender(final Flow flow, final int direction) {
        final Station sender = flow.sender(direction);
        return sender != null ? sender : dice.pick(scene.world.uplinks());
    }

    /** A datagram that is too long, or has come too far, on a connection that is there. */
    void strain() {
        final Flow flow = anyAlive();
        final int direction = dice.below(2);
        if (flow == null || flow.tcp() != null || !maySend(flow, direction)) {
            return;
        }
        final Tuple tuple = direction == Flow.ORIGINAL ? flow.original() : flow.reply();
        final Packet usual = datagram(tuple, dice.chance(50) ? dice.below(64) : dice.between(1340, 1500 - 48));
        final Packet packet = dice.chance(50) ? usual.fragmentable() : usual;
        send(sender(flow, direction), packet.length() < 1000 ? packet.withTtl(dice.between(1, 2)) : packet, "strains");
    }

    /** A datagram in fragments, which come in any order. */
    void fragment() {
        final Flow flow = anyAlive();
        final int direction = dice.below(2);
        if (flow == null || flow.tcp() != null || !maySend(flow, direction) || !flow.isTranslationKnown()
            || !scene.router.isWayClear(flow, direction) || scene.isDisturbed()) {
            return;
        }
        final Station from = sender(flow, direction);
        final Packet packet = datagram(direction == Flow.ORIGINAL ? flow.original() : flow.reply(),
            dice.between(1500, 4000));
        final int size = dice.between(60, 150) * 8;
        final List<byte[]> parts = new ArrayList<>(packet.fragments(size));
        dice.shuffle(parts);
        scene.history.note(from + " sends " + parts.size() + " fragments of " + packet.tuple() + " id " + packet.id());
        scene.foretell(scene.router.fragments(new FlowModel.Match(flow, direction), packet, size));
        parts.forEach(part -> scene.send(from, frame(from, part), Fate.HELD));
    }

    /** Somebody on the way, or the receiver, complains about a packet. */
    void complain() {
        final Flow flow = anyAlive();
        final int direction = dice.below(2);
        if (flow == null || !flow.isTranslationKnown() || flow.lastSent(direction) == null
            || !scene.router.isWayClear(flow, 1 - direction)) {
            return;
        }
        final Packet sent = flow.lastSent(direction).withTtl(dice.between(1, 60));
        final Tuple leaving = flow.leaving(direction, flow.translatedPort());
        final Station from = sender(flow, 1 - direction);
        if (sent.length() > 400 || from.isGone()) {
            return;
        }
        final Address reporter = from.isUplink() && dice.chance(50) ? World.router(from, sent.isV4())
            : leaving.destination();
        final int typeAndCode = sent.isV4() ? 0x0301 : 0x0103;
        final Packet error =
            Packet.error(reporter, leaving.source(), typeAndCode, 0, sent.as(leaving).encode());
        scene.history.note(from + " complains from " + reporter + " about " + leaving);
        scene.send(from, frame(from, error), scene.router.report(flow, direction, reporter, sent, error.ttl(),
            typeAndCode));
    }

    /** An intruder sends what belongs to another's connection. */
    void intrude() {
        final Flow flow = anyAlive();
        if (flow == null || !flow.isTranslationKnown()) {
            return;
        }
        final int direction = dice.below(2);
        final List<Station> intruders = new ArrayList<>(scene.world.endpoints());
        intruders.addAll(scene.world.uplinks());
        final Station owner = flow.sender(direction);
        intruders.removeIf(station -> station.isGone() || station == owner || owner == null && station.isUplink());
        if (!intruders.isEmpty() && flow.original().protocol() != Packet.TCP) {
            send(dice.pick(intruders), datagram(direction == Flow.ORIGINAL ? flow.original() : flow.reply()),
                "intrudes with");
        }
    }

    /** An answer that comes too late, or to a port of no connection. */
    void stray() {
        final Station uplink = dice.pick(scene.world.uplinks());
        final Address peer = dice.pick(scene.world.peers());
        final NatPorts ports = scene.limits.natPorts();
        final Tuple late = new Tuple(dice.chance(50) ? Packet.TCP : Packet.UDP, peer,
            dice.pick(TupleChoice.SERVER_PORTS), uplink.address(peer.isV4()),
            dice.between(ports.first(), ports.last()));
        if (!scene.flows.mayKnowAnswers(late)) {
            send(uplink, late.protocol() == Packet.UDP ? datagram(late) : segment(late), "strays with");
        }
    }

    /** A segment of no connection, or a datagram in another's name. */
    void pretend() {
        final List<Station> endpoints = scene.world.endpoints().stream().filter(e -> !e.isGone()).toList();
        if (endpoints.isEmpty() || scene.isCrowded() || scene.limits.conntrack().pickUp()) {
            return;
        }
        final Station from = dice.pick(endpoints);
        final boolean ownName = dice.chance(50);
        final Tuple tuple = new Tuple(ownName ? Packet.TCP : Packet.UDP,
            ownName ? from.address(true) : dice.pick(endpoints).address(true), TupleChoice.FIRST_CLIENT_PORT - 1,
            dice.pick(List.of(Address.v4(198, 51, 100, 1), scene.world.uplinks().getFirst().address(true))),
            dice.pick(TupleChoice.SERVER_PORTS));
        if (ownName || !from.has(tuple.source())) {
            send(from, ownName ? segment(tuple) : datagram(tuple), "pretends with");
        }
    }

    private Packet segment(final Tuple tuple) {
        return Packet.tcp(tuple, scene.newId(), Packet.ACK, 1, 1, new byte[8]);
    }

    /** A part of a datagram whose beginning never comes. */
    void loseFragment() {
        final Flow flow = anyAlive();
        if (flow == null || flow.original().protocol() != Packet.UDP || scene.isDisturbed()) {
            return;
        }
        final Station from = sender(flow, Flow.ORIGINAL);
        if (!from.isGone()) {
            final Packet packet = datagram(flow.original(), 2000);
            scene.history.note(from + " loses the first fragment of " + packet.tuple());
            scene.send(from, frame(from, packet.fragments(800).get(dice.between(1, 2))), Fate.HELD);
        }
    }
}
