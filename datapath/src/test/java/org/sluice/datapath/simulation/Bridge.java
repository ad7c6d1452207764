package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.List;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.buffer.DropReason;

/** What must become of a well-formed frame: the model of layer 2, with the gateway's own answers. */
final class Bridge {
    private final World world;
    private final Router router;
    private final FdbView fdb;

    Bridge(final World world, final Router router, final FdbView fdb) {
        this.world = world;
        this.router = router;
        this.fdb = fdb;
    }

    /**
     * @param packet in the frame, or null where that is none of IP.
     */
    Fate fate(final Station from, final byte[] frame, final Packet packet) {
        if (from.isUplink()) {
            return packet == null ? Fate.dropped(DropReason.NOT_PUBLISHED) : router.fate(from, frame, packet);
        }
        final DropReason spoofed = spoofed(from, frame, packet);
        if (spoofed != null) {
            return Fate.dropped(spoofed);
        }
        final Network network = from.network();
        final long destination = Frame.destination(frame);
        if (destination == network.gatewayMac() && !from.isHost()) {
            return toGateway(from, frame, packet);
        }
        return Frame.isGroup(destination) ? flood(from, frame, packet) : unicast(from, frame, packet, destination);
    }

    private DropReason spoofed(final Station from, final byte[] frame, final Packet packet) {
        final DomainPolicy policy = from.network().policy();
        if (from.isHost()) {
            return packet != null && (policy.masquerade() || policy.internal()) && !world.isLocal(packet.source())
                ? DropReason.SOURCE_NOT_HOST : null;
        }
        if (!from.isGuarded()) {
            return null;
        }
        if (Frame.source(frame) != from.mac()) {
            return DropReason.SOURCE_MAC_SPOOFED;
        }
        if (packet != null && !from.has(packet.source())) {
            return packet.isV4() ? DropReason.SOURCE_IPV4_SPOOFED : DropReason.SOURCE_IPV6_SPOOFED;
        }
        if (Discovery.isAdvertisement(packet) && !from.has(Discovery.target(packet))) {
            return DropReason.ND_SPOOFED;
        }
        return Frame.type(frame) == Frame.ARP && Frame.arpSender(frame) != (int) from.address(true).low()
            ? DropReason.ARP_SPOOFED : null;
    }

    private Fate toGateway(final Station from, final byte[] frame, final Packet packet) {
        final byte[] answer = answer(from, frame, packet);
        if (answer != null) {
            return Fate.delivered(from, answer);
        }
        if (packet == null) {
            return from.network().host() == null ? Fate.dropped(DropReason.NO_HOST_PORT)
                : Fate.delivered(from.network().host(), frame);
        }
        return isPing(packet) && from.network().isGateway(packet.destination())
            ? Fate.delivered(from, Frame.of(Frame.source(frame), from.network().gatewayMac(),
                packet.withTtl(64).echoReply().encode()))
            : router.fate(from, frame, packet);
    }

    private static boolean isPing(final Packet packet) {
        return (packet.protocol() == Packet.ICMP || packet.protocol() == Packet.ICMPV6)
            && packet.tuple().sourcePort() != 0;
    }

    /** What the gateway says to a question for its MAC address, or null. */
    private static byte[] answer(final Station from, final byte[] frame, final Packet packet) {
        final Network network = from.network();
        final long asker = Frame.source(frame);
        if (Frame.isArpRequest(frame) && Frame.arpTarget(frame) == (int) network.gateway(true).low()) {
            return Frame.arp(asker, 2, network.gatewayMac(), network.gateway(true), asker,
                Address.v4(Frame.arpSender(frame)));
        }
        return Discovery.isSolicitation(packet) && Discovery.target(packet).equals(network.gateway(false))
            ? Frame.of(asker, network.gatewayMac(), Discovery.advertisement(network.gateway(false),
                network.gatewayMac(), network.gateway(false), packet.source(), true, 0).encode()) : null;
    }

    private Fate unicast(final Station from, final byte[] frame, final Packet packet, final long destination) {
        final Integer port = fdb.port(from.network(), destination);
        if (port == null) {
            return flood(from, frame, packet);
        }
        if (port == from.port()) {
            return Fate.dropped(DropReason.EGRESS_IS_INGRESS);
        }
        final Station to = world.stations().stream().filter(s -> s.port() == port).findFirst().orElseThrow();
        if (isKeptApart(from, frame, packet) && !to.isHost()) {
            return Fate.dropped(DropReason.ICC_DISABLED);
        }
        return carry(List.of(to), frame);
    }

    private Fate flood(final Station from, final byte[] frame, final Packet packet) {
        final byte[] answer = from.isHost() ? null : answer(from, frame, packet);
        if (answer != null) {
            return Fate.delivered(from, answer);
        }
        final Network network = from.network();
        if (isKeptApart(from, frame, packet)) {
            return network.host() == null ? Fate.dropped(DropReason.ICC_DISABLED)
                : carry(List.of(network.host()), frame);
        }
        final List<Station> others = new ArrayList<>(network.stations());
        others.removeIf(station -> station == from || station.isGone());
        return others.isEmpty() ? Fate.dropped(DropReason.NO_EGRESS) : carry(others, frame);
    }

    /** Endpoints of such a network may only find each other. */
    private static boolean isKeptApart(final Station from, final byte[] frame, final Packet packet) {
        return !from.network().policy().icc() && !from.isHost() && Frame.type(frame) != Frame.ARP
            && !Discovery.isIn(packet);
    }

    /** Unchanged; but not where it is too long. */
    private static Fate carry(final List<Station> to, final byte[] frame) {
        final List<Expectation> copies = new ArrayList<>();
        for (final Station station : to) {
            if (frame.length - Frame.HEADER <= station.mtu()) {
                copies.add(Expectation.of(station, frame));
            }
        }
        return Fate.delivered(copies).losing(DropReason.MTU_EXCEEDED, to.size() - copies.size());
    }
}
