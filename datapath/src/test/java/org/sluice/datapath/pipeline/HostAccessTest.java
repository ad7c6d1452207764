package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.A6;
import static org.sluice.datapath.RoutedHost.C;
import static org.sluice.datapath.RoutedHost.GATEWAY;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.HOST6;
import static org.sluice.datapath.RoutedHost.MAC_A;
import static org.sluice.datapath.RoutedHost.MAC_GATEWAY;
import static org.sluice.datapath.RoutedHost.WORLD;
import static org.sluice.datapath.RoutedHost.WORLD6;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.protocol.MacAddress;

/**
 * Walks every way from an endpoint to the host, and to other networks by the host: by the gateway's address, another
 * address of the host's, an IPv6 link-local one, and a frame for a group MAC; from an open and an internal network.
 * Ports 80 of TCP and 5353 of UDP are published from another network; UDP port 4789 is that of the tunnels.
 */
class HostAccessTest {
    private static final long MAC_ALL_NODES = 0x3333_0000_0001L;
    private static final String HOST_LINK_LOCAL = "fe80:0:0:0:42:aff:fe00:1";
    private static final String LINK_LOCAL_A = "fe80:0:0:0:42:aff:fe00:2";
    private static final String ALL_NODES = "ff02:0:0:0:0:0:0:1";
    private static final String GATEWAY6 = "fd00:0:0:0:0:0:0:1";
    private static final byte[] PAYLOAD = new byte[4];
    private static final int TUNNEL = 4789;
    private static final boolean OPEN = false;
    private static final boolean INTERNAL = true;

    /** Where a packet ends: null means that it is dropped. */
    private record Way(String name, boolean internal, long mac, byte[] packet, DropReason reason) {
        @Override
        public String toString() {
            return name + (internal ? ", internal" : "") + " -> " + (reason == null ? "host" : reason);
        }
    }

    private static Way way(final String name, final boolean internal, final byte[] packet, final DropReason reason) {
        return new Way(name, internal, MAC_GATEWAY, packet, reason);
    }

    private static Way group(final String name, final boolean internal, final long mac, final byte[] packet,
                             final DropReason reason) {
        return new Way(name + " to a group MAC", internal, mac, packet, reason);
    }

    private static byte[] syn(final String source, final String destination, final int port) {
        return Packets.tcp(source, 1000, destination, port, Packets.SYN, 1, 0, new byte[0]);
    }

    private static byte[] udp(final String source, final String destination, final int port) {
        return Packets.udp(source, 1000, destination, port, PAYLOAD);
    }

    static Stream<Way> ways() {
        return Stream.of(
            way("service at the gateway", OPEN, syn(A, GATEWAY, 22), null),
            way("service at the gateway", INTERNAL, syn(A, GATEWAY, 22), null),
            way("service at the gateway, IPv6", INTERNAL, syn(A6, GATEWAY6, 22), null),
            way("service at another address", OPEN, syn(A, HOST, 22), null),
            way("service at another address", INTERNAL, syn(A, HOST, 22), DropReason.NETWORK_INTERNAL),
            way("service at another address, IPv6", INTERNAL, syn(A6, HOST6, 22), DropReason.NETWORK_INTERNAL),
            way("echo to another address", INTERNAL, Packets.echo(A, HOST, true, 1, 8), DropReason.NETWORK_INTERNAL),
            way("published at the gateway", INTERNAL, syn(A, GATEWAY, 80), DropReason.NETWORK_ISOLATED),
            way("published at another address", INTERNAL, syn(A, HOST, 80), DropReason.NETWORK_ISOLATED),
            way("other network's endpoint", OPEN, syn(A, C, 80), DropReason.NETWORK_ISOLATED),
            way("other network's endpoint", INTERNAL, syn(A, C, 80), DropReason.NETWORK_ISOLATED),

            way("service at a link-local address", OPEN, syn(LINK_LOCAL_A, HOST_LINK_LOCAL, 22), null),
            way("service at a link-local address", INTERNAL, syn(LINK_LOCAL_A, HOST_LINK_LOCAL, 80),
                DropReason.NETWORK_INTERNAL),
            way("service at a link-local address from a global one", INTERNAL, syn(A6, HOST_LINK_LOCAL, 80),
                DropReason.NETWORK_INTERNAL),
            way("datagram to a link-local address", INTERNAL, udp(LINK_LOCAL_A, HOST_LINK_LOCAL, 5353),
                DropReason.NETWORK_INTERNAL),
            way("echo to a link-local address", INTERNAL,
                Packets.echo(LINK_LOCAL_A, HOST_LINK_LOCAL, true, 1, 8), null),

            group("datagram for the gateway", OPEN, MacAddress.BROADCAST, udp(A, GATEWAY, 5353),
                DropReason.GROUP_FRAME_FOR_HOST),
            group("datagram for the gateway", INTERNAL, MAC_ALL_NODES, udp(A, GATEWAY, 5353),
                DropReason.GROUP_FRAME_FOR_HOST),
            group("datagram for another address", INTERNAL, MacAddress.BROADCAST, udp(A, HOST, 53),
                DropReason.GROUP_FRAME_FOR_HOST),
            group("datagram for loopback", OPEN, MacAddress.BROADCAST, udp(A, "127.0.0.1", 53),
                DropReason.GROUP_FRAME_FOR_HOST),
            group("datagram for the gateway, IPv6", INTERNAL, MAC_ALL_NODES, udp(A6, GATEWAY6, 5353),
                DropReason.GROUP_FRAME_FOR_HOST),
            group("datagram for a link-local address", INTERNAL, MAC_ALL_NODES,
                udp(LINK_LOCAL_A, HOST_LINK_LOCAL, 5353), DropReason.GROUP_FRAME_FOR_HOST),
            group("multicast", INTERNAL, MAC_ALL_NODES, udp(LINK_LOCAL_A, ALL_NODES, 5353), null),
            group("broadcast", INTERNAL, MacAddress.BROADCAST, udp(A, "255.255.255.255", 67), null),

            way("error about the host's packet to the sender", OPEN, error(A, GATEWAY, udp(GATEWAY, A, 9)), null),
            way("error about the host's traffic with others", OPEN, error(A, GATEWAY, udp(HOST, WORLD, TUNNEL)),
                DropReason.ICMP_ERROR_UNRELATED),
            way("the same to another address", OPEN, error(A, HOST, udp(HOST, WORLD, TUNNEL)),
                DropReason.ICMP_ERROR_UNRELATED),
            way("the same by IPv6", OPEN, error6(A6, GATEWAY6, udp(HOST6, WORLD6, TUNNEL)),
                DropReason.ICMP_ERROR_UNRELATED),
            way("the same to a link-local address", OPEN,
                error6(LINK_LOCAL_A, HOST_LINK_LOCAL, udp(HOST6, WORLD6, TUNNEL)), DropReason.ICMP_ERROR_UNRELATED),
            group("the same", OPEN, MAC_ALL_NODES, error6(LINK_LOCAL_A, ALL_NODES, udp(HOST6, WORLD6, TUNNEL)),
                DropReason.ICMP_ERROR_UNRELATED),
            way("an error that quotes too little", OPEN,
                error6(LINK_LOCAL_A, HOST_LINK_LOCAL, Arrays.copyOf(udp(HOST6, WORLD6, TUNNEL), 20)),
                DropReason.ICMP_ERROR_UNRELATED),
            way("a redirect", OPEN, Packets.icmpError(A, GATEWAY, 5, 1, 0, udp(HOST, WORLD, 9)),
                DropReason.ICMP_ERROR_UNRELATED),

            way("tunnel packet to the gateway", OPEN, udp(A, GATEWAY, TUNNEL), DropReason.TUNNEL_FORGED),
            way("tunnel packet to another address", OPEN, udp(A, HOST, TUNNEL), DropReason.TUNNEL_FORGED),
            way("tunnel packet to a link-local address", OPEN, udp(LINK_LOCAL_A, HOST_LINK_LOCAL, TUNNEL),
                DropReason.TUNNEL_FORGED),
            group("tunnel packet", OPEN, MacAddress.BROADCAST, udp(A, "255.255.255.255", TUNNEL),
                DropReason.TUNNEL_FORGED),
            way("tunnel packet to another host", OPEN, udp(A, WORLD, TUNNEL), DropReason.TUNNEL_FORGED),
            way("tunnel packet to another host, IPv6", OPEN, udp(A6, WORLD6, TUNNEL), DropReason.TUNNEL_FORGED),
            way("first fragment of one", OPEN, Fragments.of(Packets.udp(A, 1000, WORLD, TUNNEL, new byte[3000]), 7, 0,
                1480), DropReason.TUNNEL_FORGED));
    }

    private static byte[] error(final String source, final String destination, final byte[] about) {
        return Packets.icmpError(source, destination, 3, 4, 552, about);
    }

    private static byte[] error6(final String source, final String destination, final byte[] about) {
        return Packets.icmpError(source, destination, 2, 0, 1280, about);
    }

    @ParameterizedTest
    @MethodSource("ways")
    void shouldDecideTheSameOnEveryWay(final Way way) throws CommandException {
        try (RoutedHost host = new RoutedHost(new DomainPolicy(way.internal(), true, true))) {
            host.publish(Packets.TCP, null, 80, 80, C, 80);
            host.publish(Packets.UDP, null, 5353, 5353, C, 5353);
            host.fixture().execute(new Command.SetTunnelPort(TUNNEL));
            final Map<DropReason, Long> before = host.fixture().allDrops();
            host.a().inject(Packets.frame(way.mac(), MAC_A, way.packet()));
            host.fixture().doWork();
            if (way.reason() == null) {
                assertEquals(1, host.host().takeSent().size(), () -> "drops: " + host.fixture().allDrops());
            } else {
                host.fixture().allDrops().forEach((reason, count) -> assertEquals(
                    before.getOrDefault(reason, 0L) + (reason == way.reason() ? 1 : 0), count, reason::name));
                assertEquals(before.getOrDefault(way.reason(), 0L) + 1, host.fixture().drops(way.reason()));
                host.assertSilence();
            }
        }
    }

    /** Whoever can send from a VTEP's address to a published port would have the endpoint answer the VTEP. */
    @ParameterizedTest
    @MethodSource("families")
    void shouldNotLetAPublishedPortAnswerAVtep(final String outside, final String address, final String endpoint)
        throws CommandException {
        try (RoutedHost host = new RoutedHost()) {
            host.publish(Packets.UDP, null, 5000, 5000, endpoint, 53);
            host.fixture().execute(new Command.SetTunnelPort(TUNNEL));
            host.fromWire(Packets.udp(outside, TUNNEL, address, 5000, PAYLOAD));
            assertEquals(1, host.fixture().drops(DropReason.TUNNEL_FORGED));
            host.assertSilence();
        }
    }

    static Stream<Arguments> families() {
        return Stream.of(Arguments.of(WORLD, HOST, A),
            Arguments.of(WORLD6, HOST6, A6));
    }

    /** Without an overlay, containers may have tunnels of their own, as with docker. */
    @ParameterizedTest
    @MethodSource("families")
    void shouldLetEndpointsHaveTunnelsOfTheirOwn(final String outside, final String address, final String endpoint)
        throws CommandException {
        try (RoutedHost host = new RoutedHost()) {
            host.fixture().execute(new Command.SetTunnelPort(TUNNEL));
            host.fixture().execute(new Command.SetTunnelPort(0));
            host.fromA(udp(endpoint, outside, TUNNEL));
            assertEquals(outside, Packets.destinationOf(host.atWire()));
        }
    }
}
