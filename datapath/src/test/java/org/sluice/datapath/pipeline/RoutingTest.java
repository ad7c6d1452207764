package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.datapath.Packets.assertChecksumsRight;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.A6;
import static org.sluice.datapath.RoutedHost.B;
import static org.sluice.datapath.RoutedHost.C;
import static org.sluice.datapath.RoutedHost.GATEWAY;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.HOST6;
import static org.sluice.datapath.RoutedHost.PORT_B;
import static org.sluice.datapath.RoutedHost.ROUTER;
import static org.sluice.datapath.RoutedHost.WORLD;
import static org.sluice.datapath.RoutedHost.WORLD6;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.route.Route;
import org.sluice.datapath.route.RouteKey;
import org.sluice.datapath.status.NetworkCounter;

/** Packets through the whole layer-3 path: out, in, across, and what becomes of those that may not. */
class RoutingTest {
    private static final byte[] PAYLOAD = {1, 2, 3, 4, 5};

    private RoutedHost host;

    RoutingTest() throws CommandException {
        host = new RoutedHost();
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldMasqueradeOutAndBack() {
        host.fromA(Packets.udp(A, 50_123, WORLD, 53, PAYLOAD));
        final byte[] out = host.atWire();
        assertChecksumsRight(out);
        assertArrayEquals(Packets.withTtl(Packets.udp(HOST, 50_123, WORLD, 53, PAYLOAD), 63), out, "port kept");

        host.fromWire(Packets.udp(WORLD, 53, HOST, 50_123, PAYLOAD));
        assertArrayEquals(Packets.withTtl(Packets.udp(WORLD, 53, A, 50_123, PAYLOAD), 63), host.atA());
        assertEquals(Map.of(), host.fixture().allDrops());
    }

    @Test
    void shouldChooseAPortOfTheReservedRangeAndKeepTwoEndpointsApart() {
        host.fromA(Packets.udp(A, 1234, WORLD, 53, PAYLOAD));
        final int portOfA = Packets.sourcePortOf(host.atWire());
        host.fromB(Packets.udp(B, 1234, WORLD, 53, PAYLOAD));
        final int portOfB = Packets.sourcePortOf(host.atWire());
        assertTrue(portOfA >= SwitchFixture.NAT_PORTS.first() && portOfA <= SwitchFixture.NAT_PORTS.last(), "range");
        assertTrue(portOfA != portOfB);
        host.fromWire(Packets.udp(WORLD, 53, HOST, portOfB, PAYLOAD));
        assertEquals(1234, Packets.destinationPortOf(host.atB()));
    }

    @Test
    void shouldMasqueradeIpv6() {
        host.fromA(Packets.tcp(A6, 50_200, WORLD6, 80, Packets.SYN, 1, 0, new byte[0]));
        final byte[] out = host.atWire();
        assertChecksumsRight(out);
        assertEquals(HOST6, Packets.sourceOf(out));
        host.fromWire(Packets.tcp(WORLD6, 80, HOST6, 50_200, Packets.SYN | Packets.ACK, 7, 2, new byte[0]));
        final byte[] in = host.atA();
        assertChecksumsRight(in);
        assertEquals(A6, Packets.destinationOf(in));
    }

    @Test
    void shouldMapEchoIdentifiers() {
        host.fromA(Packets.echo(A, WORLD, true, 7, 32));
        final byte[] out = host.atWire();
        assertChecksumsRight(out);
        final int id = Packets.l4Of(out) + 4;
        final int mapped = (out[id] & 0xFF) << 8 | out[id + 1] & 0xFF;
        host.fromWire(Packets.echo(WORLD, HOST, false, mapped, 32));
        final byte[] in = host.atA();
        assertArrayEquals(Packets.withTtl(Packets.echo(WORLD, A, false, 7, 32), 63), in);
    }

    @Test
    void shouldLeadAPublishedPortToItsEndpoint() throws CommandException {
        host.publish(Packets.TCP, null, 8000, 8010, B, 80);
        host.fromWire(Packets.tcp(WORLD, 4000, HOST, 8003, Packets.SYN, 1, 0, new byte[0]));
        final byte[] in = host.atB();
        assertArrayEquals(
            Packets.withTtl(Packets.tcp(WORLD, 4000, B, 83, Packets.SYN, 1, 0, new byte[0]), 63), in);
        host.fromB(Packets.tcp(B, 83, WORLD, 4000, Packets.SYN | Packets.ACK, 9, 2, new byte[0]));
        assertArrayEquals(Packets.withTtl(
            Packets.tcp(HOST, 8003, WORLD, 4000, Packets.SYN | Packets.ACK, 9, 2, new byte[0]), 63), host.atWire());
    }

    @Test
    void shouldHairpinToTheOwnNetworkAndTheOwnSelf() throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        for (final String address : new String[] {HOST, GATEWAY}) {
            host.fromA(Packets.udp(A, 50_300, address, 5000, PAYLOAD));
            final byte[] atB = host.atB();
            assertArrayEquals(
                Packets.withTtl(Packets.udp(GATEWAY, Packets.sourcePortOf(atB), B, 53, PAYLOAD), 63), atB);
            host.fromB(Packets.udp(B, 53, GATEWAY, Packets.sourcePortOf(atB), PAYLOAD));
            assertArrayEquals(Packets.withTtl(Packets.udp(address, 5000, A, 50_300, PAYLOAD), 63), host.atA());
        }
        host.fromB(Packets.udp(B, 50_301, HOST, 5000, PAYLOAD));
        final byte[] own = host.atB();
        assertEquals(GATEWAY, Packets.sourceOf(own));
        assertChecksumsRight(own);
    }

    @Test
    void shouldHandToTheHostWhatIsForTheHost() {
        host.fromA(Packets.tcp(A, 50_400, HOST, 22, Packets.SYN, 1, 0, new byte[0]));
        assertArrayEquals(Packets.tcp(A, 50_400, HOST, 22, Packets.SYN, 1, 0, new byte[0]), host.atHost(), "untouched");
        host.fromA(Packets.udp(A, 1, GATEWAY, 53, PAYLOAD));
        assertEquals(GATEWAY, Packets.destinationOf(host.atHost()));
        host.fromA(Packets.echo(A, HOST, true, 1, 8));
        host.atHost();
    }

    @Test
    void shouldHandAnswersToTheHostAlsoWhenTheirPortIsPublished() throws CommandException {
        host.publish(Packets.TCP, null, 20_000, 60_000, B, 20_000);
        host.fromA(Packets.tcp(A, 80, GATEWAY, 40_000, Packets.SYN | Packets.ACK, 1, 1, new byte[0]));
        assertEquals(40_000, Packets.destinationPortOf(host.atHost()));
        host.fromA(Packets.tcp(A, 80, GATEWAY, 40_000, Packets.ACK, 2, 1, PAYLOAD));
        assertEquals(40_000, Packets.destinationPortOf(host.atHost()));
    }

    @Test
    void shouldKeepNetworksApartButForPublishedPorts() throws CommandException {
        host.publish(Packets.TCP, null, 80, 80, B, 80);
        host.publish(Packets.TCP, null, 81, 81, "10.2.0.9", 80);
        host.fromC(Packets.tcp(C, 1, B, 80, Packets.SYN, 1, 0, new byte[0]));
        assertEquals(Map.of(DropReason.NETWORK_ISOLATED, 1L), host.fixture().allDrops());
        host.fromC(Packets.tcp(C, 1, HOST, 80, Packets.SYN, 1, 0, new byte[0]));
        assertArrayEquals(Packets.withTtl(Packets.tcp(C, 1, B, 80, Packets.SYN, 1, 0, new byte[0]), 63), host.atB());
        host.fromA(Packets.tcp(A, 1, HOST, 81, Packets.SYN, 1, 0, new byte[0]));
        assertEquals(81, Packets.destinationPortOf(host.atHost()), "another worker's: by the host's proxy");
    }

    @Test
    void shouldLetNothingInThatIsNotPublished() throws CommandException {
        host.publish(Packets.TCP, HOST, 80, 80, B, 80);
        host.fromWire(Packets.tcp(WORLD, 1, HOST, 81, Packets.SYN, 1, 0, new byte[0]));
        host.fromWire(Packets.udp(WORLD, 1, HOST, 80, PAYLOAD));
        host.fromWire(Packets.tcp(WORLD, 1, B, 80, Packets.SYN, 1, 0, new byte[0]));
        host.fromWire(Packets.tcp(A, 1, HOST, 80, Packets.SYN, 1, 0, new byte[0]));
        host.assertSilence();
        assertEquals(Map.of(DropReason.NOT_PUBLISHED, 3L, DropReason.MARTIAN_ADDRESS, 1L), host.fixture().allDrops());
    }

    @Test
    void shouldCloseAnInternalNetwork() throws CommandException {
        host.close();
        host = new RoutedHost(new DomainPolicy(true, true, true));
        final Map<DropReason, Long> before = host.fixture().allDrops();
        host.fromA(Packets.udp(A, 1, WORLD, 53, PAYLOAD));
        host.fromA(Packets.udp(A, 1, HOST, 53, PAYLOAD));
        host.assertSilence();
        assertEquals(before.get(DropReason.NETWORK_INTERNAL) + 2,
            host.fixture().drops(DropReason.NETWORK_INTERNAL));
        host.fromA(Packets.udp(A, 1, GATEWAY, 53, PAYLOAD));
        host.atHost();
    }

    @Test
    void shouldLetOnlyPublishedPortsThroughWithoutIcc() throws CommandException {
        host.close();
        host = new RoutedHost(new DomainPolicy(false, false, true));
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        host.a().inject(Packets.frame(RoutedHost.MAC_B, RoutedHost.MAC_A, Packets.udp(A, 1, B, 53, PAYLOAD)));
        host.fixture().doWork();
        host.fromA(Packets.udp(A, 1, B, 53, PAYLOAD));
        host.assertSilence();
        assertEquals(2, host.fixture().drops(DropReason.ICC_DISABLED));
        host.a().inject(Frames.ethernet(RoutedHost.MAC_B, RoutedHost.MAC_A, 0x88B5, new byte[46]));
        host.fixture().doWork();
        host.assertSilence();
        assertEquals(3, host.fixture().drops(DropReason.ICC_DISABLED), "nor what is no IP");
        host.fromA(Packets.udp(A, 1, HOST, 5000, PAYLOAD));
        assertEquals(53, Packets.destinationPortOf(host.atB()));
    }

    @Test
    void shouldKeepTheSourceWithoutMasquerade() throws CommandException {
        host.close();
        host = new RoutedHost(new DomainPolicy(false, true, false));
        host.fromA(Packets.udp(A, 1, WORLD, 53, PAYLOAD));
        assertEquals(A, Packets.sourceOf(host.atWire()));
        host.fromWire(Packets.udp(WORLD, 53, A, 1, PAYLOAD));
        host.atA();
    }

    @Test
    void shouldTellOfAnExpiredTtl() {
        for (final String[] pair : new String[][] {{A, WORLD, GATEWAY}, {A6, WORLD6, "fd00:0:0:0:0:0:0:1"}}) {
            final byte[] packet = Packets.withTtl(Packets.udp(pair[0], 50_500, pair[1], 33_434, PAYLOAD), 1);
            host.fromA(packet);
            final byte[] error = host.atA();
            assertChecksumsRight(error);
            assertEquals(pair[2], Packets.sourceOf(error));
            assertEquals(pair[0], Packets.destinationOf(error));
            final int icmp = Packets.l4Of(error);
            assertEquals(pair[0].equals(A) ? 11 : 3, error[icmp]);
            assertArrayEquals(packet, Arrays.copyOfRange(error, icmp + 8, icmp + 8 + packet.length));
        }
        assertEquals(Map.of(DropReason.TTL_EXPIRED, 2L), host.fixture().allDrops());
        assertEquals(2, host.fixture().countNetwork(1, NetworkCounter.DROPS));
    }

    @Test
    void shouldTellHowLongAPacketMayBe() throws CommandException {
        host.close();
        host = new RoutedHost();
        final byte[] long4 = Packets.udp(A, 50_500, WORLD, 1, new byte[1600]);
        host.fromA(long4);
        final byte[] error = host.atA();
        final int icmp = Packets.l4Of(error);
        assertEquals(3, error[icmp]);
        assertEquals(4, error[icmp + 1]);
        assertEquals(1500, (error[icmp + 6] & 0xFF) << 8 | error[icmp + 7] & 0xFF);
        assertEquals(576, error.length);
        assertChecksumsRight(error);
        host.fromA(Packets.udp(A6, 50_500, WORLD6, 1, new byte[1600]));
        final byte[] error6 = host.atA();
        assertEquals(2, error6[40]);
        assertEquals(1280, error6.length);
        assertChecksumsRight(error6);
    }

    @Test
    void shouldCutWhatMayBeCut() throws CommandException {
        final byte[] payload = new byte[2000];
        Arrays.fill(payload, (byte) 0x5A);
        final byte[] packet = Packets.udp(A, 50_500, WORLD, 1, payload);
        packet[6] = 0;
        host.fromA(Packets.withHeaderChecksum(packet));
        final List<byte[]> frames = host.uplink().takeSent();
        assertEquals(2, frames.size());
        final byte[] first = Packets.packetOf(frames.get(0));
        final byte[] second = Packets.packetOf(frames.get(1));
        assertEquals(1500, first.length);
        final byte[] whole = new byte[2008];
        System.arraycopy(first, 20, whole, 0, 1480);
        System.arraycopy(second, 20, whole, 1480, second.length - 20);
        assertEquals(0x20, first[6]);
        assertEquals(185, (second[6] & 0xFF) << 8 | second[7] & 0xFF);
        assertChecksumsRight(Packets.rawIp(HOST, WORLD, 17, whole));
    }

    @Test
    void shouldTellOfAMissingRoute() throws CommandException {
        host.fixture().execute(new Command.RemoveRoute(new RouteKey(RouteKey.MAIN, 0, Packets.low("0.0.0.0"), 96)));
        host.fromA(Packets.udp(A, 50_500, WORLD, 1, PAYLOAD));
        final byte[] error = host.atA();
        assertEquals(3, error[20]);
        assertEquals(0, error[21]);
        assertEquals(1, host.fixture().drops(DropReason.NO_ROUTE));
    }

    @Test
    void shouldLimitTheRateOfErrors() {
        for (int i = 0; i < 200; i++) {
            host.fromA(Packets.withTtl(Packets.udp(A, 50_500, WORLD, 33_434, PAYLOAD), 1));
        }
        assertEquals(51, host.a().takeSent().size());
        assertEquals(200, host.fixture().drops(DropReason.TTL_EXPIRED));
    }

    @Test
    void shouldTranslateErrorsOfTheWorld() {
        host.fromA(Packets.udp(A, 1234, WORLD, 33_434, PAYLOAD));
        final byte[] out = host.atWire();
        host.fromWire(Packets.icmpError("203.0.113.9", HOST, 11, 0, 0, Arrays.copyOf(out, 28)));
        final byte[] error = host.atA();
        assertChecksumsRight(error);
        assertEquals("203.0.113.9", Packets.sourceOf(error));
        assertEquals(A, Packets.destinationOf(error));
        final byte[] about = Arrays.copyOfRange(error, 28, error.length);
        assertArrayEquals(
            Arrays.copyOf(Packets.withTtl(Packets.udp(A, 1234, WORLD, 33_434, PAYLOAD), 63), 28), about);
    }

    @Test
    void shouldTranslateErrorsOfEndpoints() throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        host.fromWire(Packets.udp(WORLD, 4000, HOST, 5000, PAYLOAD));
        final byte[] in = host.atB();
        host.fromB(Packets.icmpError(B, WORLD, 3, 3, 0, in));
        final byte[] error = host.atWire();
        assertChecksumsRight(error);
        assertEquals(HOST, Packets.sourceOf(error));
        assertArrayEquals(Packets.withTtl(Packets.udp(WORLD, 4000, HOST, 5000, PAYLOAD), 63),
            Arrays.copyOfRange(error, 28, error.length));
    }

    @Test
    void shouldNotPassErrorsOnThatAreAboutNothing() {
        final byte[] other = Packets.udp(HOST, 9, WORLD, 9, PAYLOAD);
        host.fromWire(Packets.icmpError(WORLD, HOST, 3, 3, 0, other));
        host.fromWire(Packets.icmpError(WORLD, HOST, 3, 3, 0, Arrays.copyOf(other, 21)));
        host.fromWire(Packets.icmpError(WORLD, HOST, 3, 3, 0, new byte[40]));
        host.fromWire(Packets.icmpError(WORLD, HOST, 13, 0, 0, new byte[12]));
        final byte[] broken = Packets.icmpError(WORLD, HOST, 3, 3, 0, other);
        broken[40]++;
        host.fromWire(broken);
        host.assertSilence();
        assertEquals(Map.of(DropReason.ICMP_ERROR_UNRELATED, 1L, DropReason.ICMP_ERROR_MALFORMED, 2L,
            DropReason.ICMP_NOT_TRACKED, 1L, DropReason.L4_CHECKSUM_WRONG, 1L), host.fixture().allDrops());
    }

    @Test
    void shouldHoldPacketsForANeighbourAndSendThemOnceItIsKnown() throws CommandException {
        host.fromA(Packets.udp(A, 50_600, "192.0.2.77", 9, PAYLOAD));
        host.fromA(Packets.udp(A, 50_600, "192.0.2.77", 9, PAYLOAD));
        host.assertSilence();
        final long[] wanted = new long[2];
        while (host.fixture().events().poll((port, high, low) -> wanted[1] = low) > 0) {
            wanted[0]++;
        }
        assertEquals(Packets.low("192.0.2.77"), wanted[1]);
        host.fixture().execute(new Command.PutNeighbour(RoutedHost.PORT_UPLINK, 0, Packets.low("192.0.2.77"),
            0x0200_0000_0077L));
        assertEquals(2, host.uplink().takeSent().size());
        host.fromA(Packets.udp(A, 50_600, "192.0.2.78", 9, PAYLOAD));
        host.fixture().execute(new Command.PutNeighbour(RoutedHost.PORT_UPLINK, 0, Packets.low("192.0.2.78"), 0));
        assertEquals(Map.of(DropReason.NEIGHBOUR_UNREACHABLE, 1L), host.fixture().allDrops());
        final byte[] error = host.atA();
        assertChecksumsRight(error);
        assertEquals(HOST, Packets.sourceOf(error));
        assertEquals(0x0301, (error[20] & 0xFF) << 8 | error[21], "host unreachable");
        assertEquals(A, Packets.sourceOf(Arrays.copyOfRange(error, 28, error.length)), "about what A has sent");
        for (int i = 0; i < 49; i++) {
            host.fromA(Packets.udp(A, 50_600, "192.0.2.79", 9, PAYLOAD));
        }
        assertEquals(1, host.fixture().drops(DropReason.NEIGHBOUR_QUEUE_FULL));
    }

    @Test
    void shouldCutWhatHasWaitedForANeighbour() throws CommandException {
        final byte[] packet = Packets.udp(A, 50_600, "192.0.2.77", 9, new byte[3000]);
        packet[6] = 0;
        host.fromA(Packets.withHeaderChecksum(packet));
        host.assertSilence();
        host.fixture().execute(new Command.PutNeighbour(RoutedHost.PORT_UPLINK, 0, Packets.low("192.0.2.77"),
            0x0200_0000_0077L));
        assertEquals(3, host.uplink().takeSent().size());
        assertEquals(Map.of(), host.fixture().allDrops());
    }

    @Test
    void shouldNotLetOnePortsPacketsCrowdOutAnothersThatWait() throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        for (int i = 0; i < 100; i++) {
            host.fromA(Packets.udp(A, 50_600, "192.0.2." + (100 + i), 9, PAYLOAD));
        }
        host.fromB(Packets.udp(B, 50_700, "192.0.2.77", 9, PAYLOAD));
        host.fixture().execute(new Command.PutNeighbour(RoutedHost.PORT_UPLINK, 0, Packets.low("192.0.2.77"),
            0x0200_0000_0077L));
        assertEquals(1, host.uplink().takeSent().size());
    }

    @Test
    void shouldFindTheWayAgainWhenNeighboursAreTooMany() throws CommandException {
        host.route("10.99.0.0", 16, null, HOST);
        host.fromA(Packets.udp(A, 50_600, WORLD, 9, PAYLOAD));
        host.atWire();
        host.fromWire(Packets.udp(WORLD, 9, HOST, 50_600, PAYLOAD));
        host.atA();
        for (int i = 0; i < 10_000; i++) {
            host.fromA(Packets.udp(A, 50_601, "10.99." + i / 200 + "." + (1 + i % 200), 9, PAYLOAD));
            host.fixture().events().poll((port, high, low) -> { });
        }
        host.uplink().takeSent();
        host.fromA(Packets.udp(A, 50_600, WORLD, 9, PAYLOAD));
        host.atWire();
    }

    @Test
    void shouldNotMasqueradeWithoutAnAddress() throws CommandException {
        host.fixture().execute(new Command.PutRoute(new Route(0, Packets.low("203.0.113.0"), 96 + 24,
            new Route.Hop[] {new Route.Hop(RoutedHost.PORT_UPLINK, 0, Packets.low(ROUTER), 0, 0)})));
        host.fromA(Packets.udp(A, 50_600, "203.0.113.9", 9, PAYLOAD));
        host.assertSilence();
        assertEquals(Map.of(DropReason.NAT_NO_ADDRESS, 1L), host.fixture().allDrops());
    }

    @Test
    void shouldTakeNoMappedAddressForIpv4() {
        host.fromA(Packets.udp(A, 1234, WORLD, 33_434, PAYLOAD));
        host.atWire();
        final byte[] mapped = Packets.udp(WORLD6, 33_434, HOST6, 1234, PAYLOAD);
        Arrays.fill(mapped, 8, 18, (byte) 0);
        Frames.put16(mapped, 18, 0xFFFF);
        System.arraycopy(Packets.address(WORLD), 0, mapped, 20, 4);
        Arrays.fill(mapped, 24, 34, (byte) 0);
        Frames.put16(mapped, 34, 0xFFFF);
        System.arraycopy(Packets.address(HOST), 0, mapped, 36, 4);
        host.fromWire(mapped);
        host.assertSilence();
        assertEquals(1, host.fixture().drops(DropReason.MARTIAN_ADDRESS));
    }

    @Test
    void shouldNotLetOnePortsFragmentsCrowdOutAnothers() throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        final List<byte[]> parts = Fragments.all(Packets.udp(WORLD, 4000, HOST, 5000, new byte[5000]), 7, 1480);
        host.fromWire(parts.get(2));
        // Fragments whose beginning never comes: each is kept, as long as there is room.
        for (int i = 0; i < 1000; i++) {
            host.fromA(Fragments.of(Packets.udp(A, 1, WORLD, 9, new byte[3000]), i, 1480, 2960));
        }
        host.fromWire(parts.get(1));
        host.fromWire(parts.get(3));
        host.fromWire(parts.get(0));
        assertEquals(4, host.b().takeSent().size());
    }

    @Test
    void shouldKeepTheTranslatedPortWhenAConnectionFollowsOnTheSame() {
        final int[] ports = new int[2];
        for (int round = 0; round < 2; round++) {
            host.fromA(Packets.tcp(A, 1234, WORLD, 80, Packets.SYN, 1000 * round, 0, new byte[0]));
            ports[round] = Packets.sourcePortOf(host.atWire());
            host.fromWire(Packets.tcp(WORLD, 80, HOST, ports[round], Packets.RST | Packets.ACK, 0, 1000 * round + 1,
                new byte[0]));
            host.atA();
        }
        assertEquals(ports[0], ports[1], "the other end may still remember the one before");
    }

    @Test
    void shouldFlushOnlyWhatIsPublishedNoLonger() throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        host.publish(Packets.UDP, null, 6000, 6000, B, 54);
        host.fromWire(Packets.udp(WORLD, 4000, HOST, 5000, PAYLOAD));
        host.fromWire(Packets.udp(WORLD, 4000, HOST, 6000, PAYLOAD));
        final int before = host.fixture().connections().size();
        host.fixture().execute(new Command.RemovePortMap(
            RoutedHost.portMap(Packets.UDP, null, 5000, 5000, B, 53)));
        host.fixture().execute(
            new Command.FlushConntrack(ConntrackFilter.withStatus(Connection.DNAT), 0, true));
        assertEquals(before - 1, host.fixture().connections().size());
        host.b().takeSent();
        host.fromWire(Packets.udp(WORLD, 4000, HOST, 6000, PAYLOAD));
        host.atB();
    }

    @Test
    void shouldEndConnectionsWithTheirEndpoint() throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        host.fromWire(Packets.udp(WORLD, 4000, HOST, 5000, PAYLOAD));
        host.atB();
        host.fixture().execute(new Command.RemovePort(PORT_B, false));
        host.fromWire(Packets.udp(WORLD, 4000, HOST, 5000, PAYLOAD));
        host.assertSilence();
    }

    @Test
    void shouldRefuseWhatIsDamaged() {
        final byte[] wrongHeader = Packets.udp(A, 1, WORLD, 9, PAYLOAD);
        wrongHeader[10]++;
        host.fromA(wrongHeader);
        final byte[] wrongSum = Packets.tcp(A, 1, WORLD, 9, Packets.SYN, 1, 0, new byte[0]);
        wrongSum[36]++;
        host.fromA(wrongSum);
        host.fromA(Packets.tcp(A, 1, WORLD, 9, Packets.SYN | Packets.FIN, 1, 0, new byte[0]));
        host.fromA(Packets.tcp(A, 1, WORLD, 9, Packets.RST, 1, 0, new byte[0]));
        host.fromA(Packets.udp(A, 1, "127.0.0.1", 9, PAYLOAD));
        host.assertSilence();
        assertEquals(Map.of(DropReason.IPV4_CHECKSUM_WRONG, 1L, DropReason.L4_CHECKSUM_WRONG, 1L,
            DropReason.TCP_FLAGS_INVALID, 1L, DropReason.TCP_NO_CONNECTION, 1L, DropReason.MARTIAN_ADDRESS, 1L),
            host.fixture().allDrops());
    }
}
