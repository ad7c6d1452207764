package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.conntrack.ConntrackConfig;

/** What must become of packets that a network's gateway, or the uplink, is given: the model of layer 3. */
final class Router {
    private static final int TTL = 64;

    private final World world;
    private final FlowModel flows;
    private final Neighbours neighbours;
    private final SimulatedSwitch.Clock clock;
    private final ConntrackConfig config;
    private TcpLife newLife;
    private int openedCount;

    Router(final World world, final FlowModel flows, final Neighbours neighbours, final SimulatedSwitch.Clock clock,
           final ConntrackConfig config) {
        this.world = world;
        this.flows = flows;
        this.neighbours = neighbours;
        this.clock = clock;
        this.config = config;
    }

    /** How many connections there have been. */
    int openedCount() {
        return openedCount;
    }

    /** The TCP ends of the connection that the next packet may open; null where that is none of TCP. */
    void nextLife(final TcpLife life) {
        newLife = life;
    }

    /** A whole packet that is no ICMP error. */
    Fate fate(final Station from, final byte[] frame, final Packet packet) {
        final FlowModel.Match match = flows.find(packet.tuple());
        if (match == null) {
            return admit(from, frame, packet);
        }
        if (match.flow().sender(match.direction()) != (from.isUplink() ? null : from)) {
            return Fate.dropped(DropReason.INGRESS_MISMATCH);
        }
        match.flow().saw(match.direction(), packet, clock.nowNs());
        return forward(from, frame, packet, match.flow(), match.direction());
    }

    private Fate admit(final Station from, final byte[] frame, final Packet packet) {
        final Tuple tuple = packet.tuple();
        if (isOthers(from, tuple.source())) {
            return Fate.dropped(DropReason.MARTIAN_ADDRESS);
        }
        final Network network = from.network();
        final boolean local = world.isLocal(tuple.destination());
        final Publication publication = local ? world.published(tuple) : null;
        final boolean opens = packet.protocol() != Packet.TCP || packet.flags() == Packet.SYN;
        final Station published = publication == null ? null : world.endpoint(publication.to());
        if (local && (publication == null || from.isEndpoint()
            && (!opens || published == null && !network.policy().internal()))) {
            return toHost(from, frame, tuple.destination());
        }
        if (!opens && !config.pickUp()) {
            return Fate.dropped(DropReason.TCP_NO_CONNECTION);
        }
        final Tuple leaving = publication == null ? tuple : tuple.withDestination(publication.to(),
            publication.port() + tuple.destinationPort() - publication.first());
        final Station target = publication == null ? world.endpoint(tuple.destination()) : published;
        if (publication != null && target == null) {
            return Fate.dropped(DropReason.NETWORK_ISOLATED);
        }
        final RouteEntry route = target == null ? world.route(tuple.destination()) : null;
        if (target == null && route == null) {
            return unreachable(from, frame, packet);
        }
        final DropReason forbidden = forbidden(from, target, publication != null);
        return forbidden != null ? Fate.dropped(forbidden)
            : open(from, frame, packet, leaving, target, route, publication != null);
    }

    private Fate open(final Station from, final byte[] frame, final Packet packet, final Tuple leaving,
                      final Station target, final RouteEntry route, final boolean published) {
        final Tuple tuple = packet.tuple();
        final Network network = from.network();
        final boolean masqueraded = target == null && network.policy().masquerade();
        final boolean hairpin = published && target.network() == network;
        final Address source = masqueraded ? route.source() : hairpin ? network.gateway(tuple.source().isV4())
            : tuple.source();
        final boolean taken = !flows.isUnique(null, leaving);
        final Flow flow = new Flow(flows, tuple, leaving.withSource(source, leaving.sourcePort()),
            from.isUplink() ? null : from, target, masqueraded || hairpin || taken, newLife);
        openedCount++;
        flows.add(flow);
        flow.saw(Flow.ORIGINAL, packet, clock.nowNs());
        return forward(from, frame, packet, flow, Flow.ORIGINAL);
    }

    /** Who may open a connection to whom. */
    private static DropReason forbidden(final Station from, final Station target, final boolean published) {
        if (from.isUplink()) {
            return published ? null : DropReason.NOT_PUBLISHED;
        }
        if (target == null) {
            return from.network().policy().internal() ? DropReason.NETWORK_INTERNAL : null;
        }
        if (target.network() == from.network()) {
            return published || from.network().policy().icc() ? null : DropReason.ICC_DISABLED;
        }
        return published && !from.network().policy().internal() ? null : DropReason.NETWORK_ISOLATED;
    }

    private boolean isOthers(final Station from, final Address source) {
        final Station owner = world.endpoint(source);
        return world.isLocal(source) || owner != null && owner != from;
    }

    private Fate toHost(final Station from, final byte[] frame, final Address destination) {
        if (from.isUplink()) {
            return Fate.dropped(DropReason.NOT_PUBLISHED);
        }
        final Network network = from.network();
        if (network.policy().internal() && !network.isGateway(destination)) {
            return Fate.dropped(DropReason.NETWORK_INTERNAL);
        }
        return network.host() == null ? Fate.dropped(DropReason.NO_HOST_PORT)
            : Fate.delivered(network.host(), frame);
    }

    private Fate forward(final Station from, final byte[] frame, final Packet packet, final Flow flow,
                         final int direction) {
        final Address destination = flow.leaving(direction, 0).destination();
        final Station endpoint = world.endpoint(destination);
        final RouteEntry route = endpoint == null ? world.route(destination) : null;
        if (endpoint == null && route == null) {
            return unreachable(from, frame, packet);
        }
        if (endpoint == null && flow.isOfAnotherUplink(direction, route)) {
            flow.end(clock.nowNs());
            return Fate.dropped(DropReason.NAT_UPLINK_CHANGED);
        }
        final Station to = endpoint != null ? endpoint : route.uplink();
        if (packet.ttl() <= 1) {
            return error(from, frame, packet, packet.isV4() ? 0x0B00 : 0x0300, 0, DropReason.TTL_EXPIRED);
        }
        if (packet.length() > to.mtu() && (packet.dontFragment() || !packet.isV4())) {
            return error(from, frame, packet, packet.isV4() ? 0x0304 : 0x0200, to.mtu(),
                DropReason.FRAGMENTATION_NEEDED);
        }
        final Packet out = packet.withTtl(packet.ttl() - 1);
        if (endpoint != null) {
            return leave(to, endpoint.mac(), flow, direction, out);
        }
        final Neighbours.Key neighbour = neighbour(route, destination);
        final Long mac = neighbours.mac(neighbour);
        if (mac == null) {
            neighbours.await(neighbour, flow, direction, out, clock.nowNs());
            return Fate.HELD;
        }
        return leave(to, mac, flow, direction, out);
    }

    /** The packet, translated, in frames to a MAC address. */
    Fate leave(final Station to, final long mac, final Flow flow, final int direction, final Packet packet) {
        final long source = to.network().gatewayMac();
        if (packet.length() > to.mtu()) {
            final int size = (to.mtu() - 20) / 8 * 8;
            final List<Expectation> copies = new ArrayList<>();
            for (int i = 0; i < packet.fragments(size).size(); i++) {
                final int number = i;
                copies.add(expectation(to, flow, direction, port ->
                    Frame.of(mac, source, packet.as(flow.leaving(direction, port)).fragments(size).get(number))));
            }
            return Fate.delivered(copies);
        }
        return Fate.delivered(expectation(to, flow, direction,
            port -> Frame.of(mac, source, packet.as(flow.leaving(direction, port)).encode())));
    }

    private static Expectation expectation(final Station to, final Flow flow, final int direction,
                                           final IntFunction<byte[]> frame) {
        return direction == Flow.ORIGINAL && flow.isPortChosen() ? Expectation.choosing(to, flow, frame)
            : Expectation.of(to, frame.apply(direction == Flow.REPLY ? 0 : flow.translatedPort()));
    }

    /** The parts of a packet of a live flow, in any order. */
    Fate fragments(final FlowModel.Match match, final Packet packet, final int size) {
        final Flow flow = match.flow();
        final int direction = match.direction();
        flow.saw(direction, packet, clock.nowNs());
        final Address destination = flow.leaving(direction, 0).destination();
        final Station endpoint = world.endpoint(destination);
        final RouteEntry route = endpoint == null ? world.route(destination) : null;
        final Station to = endpoint != null ? endpoint : route.uplink();
        final long mac = endpoint != null ? endpoint.mac() : neighbours.mac(neighbour(route, destination));
        final Packet out = packet.withTtl(packet.ttl() - 1).as(flow.leaving(direction, flow.translatedPort()));
        final List<Expectation> copies = new ArrayList<>();
        out.fragments(size).forEach(part ->
            copies.add(Expectation.of(to, Frame.of(mac, to.network().gatewayMac(), part))));
        return Fate.delivered(copies);
    }

    /** Whether packets of the flow leave at once, without waiting for a neighbour. */
    boolean isWayClear(final Flow flow, final int direction) {
        final Address destination = flow.leaving(direction, 0).destination();
        if (world.endpoint(destination) != null) {
            return true;
        }
        final RouteEntry route = world.route(destination);
        return route != null && !flow.isOfAnotherUplink(direction, route)
            && neighbours.mac(neighbour(route, destination)) != null;
    }

    static Neighbours.Key neighbour(final RouteEntry route, final Address destination) {
        return new Neighbours.Key(route.uplink(), route.gateway() == null ? destination : route.gateway());
    }

    private Fate unreachable(final Station from, final byte[] frame, final Packet packet) {
        return error(from, frame, packet, packet.isV4() ? 0x0300 : 0x0100, 0, DropReason.NO_ROUTE);
    }

    /** The gateway tells the sender why its packet goes no further. */
    private static Fate error(final Station from, final byte[] frame, final Packet packet, final int typeAndCode,
                              final int parameter, final DropReason reason) {
        final Address source = from.isUplink() ? packet.destination() : from.network().gateway(packet.isV4());
        if (source == null) {
            return Fate.dropped(reason);
        }
        final byte[] quoted = Arrays.copyOfRange(frame, Frame.HEADER, frame.length);
        return Fate.delivered(from, Frame.of(Frame.source(frame), from.network().gatewayMac(),
            Packet.error(source, packet.source(), typeAndCode, parameter, quoted).encode())).becauseOf(reason);
    }

    /**
     * An ICMP error that comes in about a packet of a flow, as the switch let it out, goes back to the packet's sender,
     * and speaks of the packet as that has sent it.
     *
     * @param reporter whose address the error comes from.
     * @param sent     the packet before it was translated, with the TTL that the error quotes.
     */
    Fate report(final Flow flow, final int direction, final Address reporter, final Packet sent, final int ttl,
                final int typeAndCode) {
        final Station to = flow.sender(direction);
        final Tuple leaving = flow.leaving(direction, flow.translatedPort());
        final Tuple known = direction == Flow.ORIGINAL ? flow.original() : flow.reply();
        final boolean translated = !leaving.destination().equals(known.destination());
        final Packet error = Packet.error(translated ? known.destination() : reporter, known.source(), typeAndCode, 0,
            sent.encode()).withTtl(ttl - 1);
        if (to != null) {
            return Fate.delivered(to, Frame.of(to.mac(), to.network().gatewayMac(), error.encode()));
        }
        final RouteEntry route = world.route(known.source());
        final Station uplink = route.uplink();
        return Fate.delivered(uplink, Frame.of(neighbours.mac(neighbour(route, known.source())),
            uplink.network().gatewayMac(), error.encode()));
    }

    /** A neighbour does not answer: who has sent what waits for it is told, if anybody still knows the flow. */
    List<Fate> giveUp(final Neighbours.Key neighbour) {
        final List<Fate> fates = new ArrayList<>();
        for (final Neighbours.Waiting waiting : neighbours.take(neighbour)) {
            final Flow flow = waiting.flow();
            if (flows.isAlive(flow)) {
                final Tuple leaving = flow.leaving(waiting.direction(), flow.translatedPort());
                final Station owner = world.endpoint(leaving.source());
                final Address reporter = owner == null ? leaving.source()
                    : owner.network().gateway(leaving.source().isV4());
                fates.add(report(flow, waiting.direction(), reporter, waiting.packet(), TTL,
                    leaving.source().isV4() ? 0x0301 : 0x0103));
            } else {
                fates.add(Fate.dropped(DropReason.ICMP_ERROR_UNRELATED));
            }
        }
        return fates;
    }
}
