package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.A6;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.HOST6;
import static org.sluice.datapath.RoutedHost.MAC_ROUTER;
import static org.sluice.datapath.RoutedHost.PORT_UPLINK;
import static org.sluice.datapath.RoutedHost.ROUTER;
import static org.sluice.datapath.RoutedHost.ROUTER6;
import static org.sluice.datapath.RoutedHost.WORLD;
import static org.sluice.datapath.RoutedHost.WORLD6;

import java.util.Arrays;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.command.CommandResult;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.datapath.route.PolicyRule;
import org.sluice.datapath.route.Route;
import org.sluice.datapath.route.RouteKey;
import org.sluice.datapath.route.RouteType;
import org.sluice.datapath.route.SourceAddress;

/** What the host's rules, routes and addresses do to an endpoint's packets. */
class HostRoutingTest {
    private static final byte[] PAYLOAD = new byte[100];
    private static final int OTHER_UPLINK = 11;

    private final RoutedHost host = new RoutedHost();

    HostRoutingTest() throws CommandException {
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldTellTheSenderWhatTheKernelWould() throws CommandException {
        refused(RouteType.UNREACHABLE, DropReason.ROUTE_UNREACHABLE, 1, 0);
        refused(RouteType.PROHIBIT, DropReason.ROUTE_PROHIBITED, 13, 1);
        refused(RouteType.UNICAST, DropReason.ROUTE_BY_NO_UPLINK, 0, 0);
        refused(RouteType.BLACKHOLE, DropReason.ROUTE_BLACKHOLE, -1, -1);
    }

    /** @param ipv4Code of the ICMP error; -1 for none. */
    private void refused(final RouteType type, final DropReason reason, final int ipv4Code, final int ipv6Code)
        throws CommandException {
        for (final String[] ends : new String[][] {{A, WORLD}, {A6, WORLD6}}) {
            final boolean ipv4 = A.equals(ends[0]);
            host.fixture().execute(new Command.PutRoute(new Route(new RouteKey(RouteKey.MAIN, Packets.high(ends[1]),
                Packets.low(ends[1]), 128), type, 0, 7, 0, new Route.Hop[0])));
            final long before = host.fixture().drops(reason);
            host.fromA(Packets.udp(ends[0], 40_000 + reason.ordinal(), ends[1], 9, PAYLOAD));
            if (ipv4Code < 0) {
                host.assertSilence();
            } else {
                final byte[] error = host.atA();
                assertEquals(ipv4 ? 3 : 1, error[ipv4 ? 20 : 40], "type");
                assertEquals(ipv4 ? ipv4Code : ipv6Code, error[ipv4 ? 21 : 41], "code");
            }
            assertEquals(before + 1, host.fixture().drops(reason));
        }
    }

    @Test
    void shouldInstallRulesOnlyWhenAllAreThere() throws CommandException {
        host.fixture().execute(new Command.AddRule(
            new PolicyRule(true, PolicyRule.Match.ALL, PolicyRule.Action.PROHIBIT, 0, -1, -1)));
        final CommandException refused = assertThrows(CommandException.class,
            () -> host.fixture().execute(new Command.InstallRules(true, 2)));
        assertEquals(CommandResult.LIST_INCOMPLETE, refused.result());
        host.fromA(Packets.udp(A, 1000, WORLD, 9, PAYLOAD));
        host.atWire();

        host.fixture().execute(new Command.AddRule(
            new PolicyRule(true, PolicyRule.Match.ALL, PolicyRule.Action.UNREACHABLE, 0, -1, -1)));
        host.fixture().execute(new Command.InstallRules(true, 1));
        host.fromA(Packets.udp(A, 1000, WORLD, 9, PAYLOAD));
        assertEquals(0, host.atA()[21], "an open connection is asked again");
        assertEquals(Map.of(DropReason.RULE_UNREACHABLE, 1L), host.fixture().allDrops());
    }

    @Test
    void shouldHeedARoutesMtu() throws CommandException {
        host.fixture().execute(new Command.PutRoute(new Route(new RouteKey(RouteKey.MAIN, Packets.high(WORLD6),
            Packets.low(WORLD6), 128), RouteType.UNICAST, 1300, 0, 0, new Route.Hop[] {new Route.Hop(PORT_UPLINK,
                Packets.high(ROUTER6), Packets.low(ROUTER6), Packets.high(HOST6), Packets.low(HOST6))})));
        host.neighbour(ROUTER6, MAC_ROUTER);
        host.fromA(Packets.udp(A6, 1000, WORLD6, 9, new byte[1200]));
        host.atWire();
        host.fromA(Packets.udp(A6, 1000, WORLD6, 9, new byte[1300]));
        final byte[] error = host.atA();
        assertEquals(2, error[40], "too big");
        assertEquals(1300, (error[46] & 0xFF) << 8 | error[47] & 0xFF);
        host.fromA(Packets.udp(A6, 1000, "2001:db8:ffff:0:0:0:0:8", 9, new byte[1300]));
        host.atWire();
    }

    @Test
    void shouldHandTheHostItsBroadcastsAndItsNetworks() throws CommandException {
        host.fixture().execute(new Command.SetLocalAddress(0, Packets.low("192.0.2.255"), true));
        host.fixture().execute(new Command.SetLocalAddress(0, Packets.low("10.123.0.0"), 96 + 24, true));
        for (final String address : new String[] {"192.0.2.255", "10.123.0.9"}) {
            host.fromA(Packets.udp(A, 1000, address, 9, PAYLOAD));
            assertArrayEquals(Packets.address(address), Arrays.copyOfRange(host.atHost(), 16, 20));
        }
        host.assertSilence();
    }

    @Test
    void shouldNeverSendOneHostsPacketsToAGroup() throws CommandException {
        host.fromA(Packets.udp(A, 1000, "192.0.2.254", 9, PAYLOAD));
        host.fixture().execute(new Command.PutNeighbour(PORT_UPLINK, 0, Packets.low("192.0.2.254"),
            MacAddress.BROADCAST));
        assertEquals(1, host.atA()[21], "the host is unreachable");
        host.assertSilence();
    }

    @Test
    void shouldEndWhatIsMasqueradedWhenItsUplinkChanges() throws CommandException {
        final PortIdentity nic = new PortIdentity(RoutedHost.MAC_NIC + 1, 0, 0, 0);
        host.fixture().addDomain(4, nic, DomainPolicy.OPEN);
        final MemoryDevice other = host.fixture().addPort(OTHER_UPLINK, 4, 1500, PortKind.UPLINK, false, nic);
        host.fromA(Packets.udp(A, 1000, WORLD, 9, PAYLOAD));
        host.atWire();
        host.fixture().execute(new Command.PutRoute(new Route(0, Packets.low("198.51.100.0"), 96 + 24, new Route.Hop[] {
            new Route.Hop(OTHER_UPLINK, 0, Packets.low("203.0.113.1"), 0, Packets.low("203.0.113.10"))})));
        host.fromA(Packets.udp(A, 1000, WORLD, 9, PAYLOAD));
        host.assertSilence();
        assertEquals(Map.of(DropReason.NAT_UPLINK_CHANGED, 1L), host.fixture().allDrops());

        host.fromA(Packets.udp(A, 1000, WORLD, 9, PAYLOAD));
        host.fixture().execute(new Command.PutNeighbour(OTHER_UPLINK, 0, Packets.low("203.0.113.1"), MAC_ROUTER));
        final byte[] packet = Packets.packetOf(other.takeSent().getFirst());
        assertArrayEquals(Packets.address("203.0.113.10"), Arrays.copyOfRange(packet, 12, 16));
        host.assertSilence();
    }

    @Test
    void shouldChooseTheSourceThatSuitsTheDestination() throws CommandException {
        sources(false, "2001:db8:1:0:0:0:0:10", "fd00:1:0:0:0:0:0:10", "2002:c000:201:0:0:0:0:10");
        host.fixture().execute(new Command.PutRoute(new Route(0, 0, 0, new Route.Hop[] {
            new Route.Hop(PORT_UPLINK, Packets.high(ROUTER6), Packets.low(ROUTER6), 0, 0)})));
        final Map<String, String> expected = Map.of("2001:db8:2:0:0:0:0:7", "2001:db8:1:0:0:0:0:10",
            "fd12:0:0:0:0:0:0:7", "fd00:1:0:0:0:0:0:10", "2002:a00:1:0:0:0:0:7", "2002:c000:201:0:0:0:0:10",
            "2606:4700:0:0:0:0:0:7", "2001:db8:1:0:0:0:0:10");
        for (final Map.Entry<String, String> pair : expected.entrySet()) {
            host.fromA(Packets.udp(A6, 1000, pair.getKey(), 9, PAYLOAD));
            assertArrayEquals(Packets.address(pair.getValue()), Arrays.copyOfRange(host.atWire(), 8, 24),
                pair.getKey());
        }

        sources(true, HOST, "10.55.0.10");
        host.fixture().execute(new Command.PutRoute(new Route(0, Packets.low("0.0.0.0"), 96, new Route.Hop[] {
            new Route.Hop(PORT_UPLINK, 0, Packets.low(ROUTER), 0, 0)})));
        for (final String[] pair : new String[][] {{WORLD, HOST}, {"10.55.0.7", "10.55.0.10"}}) {
            host.fromA(Packets.udp(A, 1001, pair[0], 9, PAYLOAD));
            assertArrayEquals(Packets.address(pair[1]), Arrays.copyOfRange(host.atWire(), 12, 16), pair[0]);
        }
    }

    private void sources(final boolean ipv4, final String... addresses) throws CommandException {
        for (final String address : addresses) {
            final long high = Packets.high(address);
            final long low = Packets.low(address);
            host.fixture().execute(new Command.AddSource(
                new SourceAddress(high, low, ipv4 ? 96 + 24 : 64, high, low, true)));
        }
        host.fixture().execute(new Command.InstallSources(PORT_UPLINK, ipv4, addresses.length));
    }
}
