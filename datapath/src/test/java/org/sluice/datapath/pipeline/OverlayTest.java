package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import static org.sluice.datapath.OverlayHost.DOMAIN;
import static org.sluice.datapath.OverlayHost.IDENTITY_A;
import static org.sluice.datapath.OverlayHost.IDENTITY_R;
import static org.sluice.datapath.OverlayHost.MAC_A;
import static org.sluice.datapath.OverlayHost.MAC_B;
import static org.sluice.datapath.OverlayHost.MAC_GATEWAY;
import static org.sluice.datapath.OverlayHost.MAC_R;
import static org.sluice.datapath.OverlayHost.PORT_VTEP1;
import static org.sluice.datapath.OverlayHost.PORT_VTEP2;
import static org.sluice.datapath.OverlayHost.VNI;
import static org.sluice.datapath.OverlayHost.VTEP1;
import static org.sluice.datapath.OverlayHost.VTEP2;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.DatagramDevice;
import org.sluice.datapath.Frames;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.command.CommandResult;
import org.sluice.datapath.status.PortCounter;

/** Who talks to whom in an overlay network, and what is known of where somebody is. */
class OverlayTest {
    private static final byte[] TO_ALL = broadcast(MAC_A);

    @Test
    void shouldFloodToAllVtepsButNotFromOneToAnother() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.fromA(TO_ALL);
            assertOne(TO_ALL, host.atVtep(VTEP1));
            assertOne(TO_ALL, host.atVtep(VTEP2));
            assertOne(TO_ALL, host.b().takeSent());
            assertOne(TO_ALL, host.host().takeSent());
            final byte[] fromRemote = broadcast(MAC_R);
            host.fromVtep(VTEP1, fromRemote);
            assertOne(fromRemote, host.a().takeSent());
            assertOne(fromRemote, host.b().takeSent());
            assertSilence(host);
            final byte[] fromHost = broadcast(MAC_GATEWAY);
            host.fromHost(fromHost);
            assertOne(fromHost, host.a().takeSent());
            assertOne(fromHost, host.b().takeSent());
            assertSilence(host);
            assertEquals(Map.of(), host.fixture().allDrops());
        }
    }

    @Test
    void shouldCountAFloodThatReachesNobody() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.fixture().execute(new Command.RemovePort(OverlayHost.PORT_A, false));
            host.fixture().execute(new Command.RemovePort(OverlayHost.PORT_B, false));
            host.fromVtep(VTEP1, broadcast(MAC_R));
            assertEquals(Map.of(DropReason.NO_EGRESS, 1L), host.fixture().allDrops());
        }
    }

    @Test
    void shouldLearnWhereARemoteIs() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.fromVtep(VTEP1, udp(MAC_R, MAC_A));
            assertOne(udp(MAC_R, MAC_A), host.a().takeSent());
            host.fromA(udp(MAC_A, MAC_R));
            assertOne(udp(MAC_A, MAC_R), host.atVtep(VTEP1));
            assertSilence(host);
            host.fromVtep(VTEP2, udp(MAC_R, MAC_A));
            host.a().takeSent();
            host.fromA(udp(MAC_A, MAC_R));
            assertOne(udp(MAC_A, MAC_R), host.atVtep(VTEP2));
            assertSilence(host);
            assertEquals(1, host.fixture().count(PORT_VTEP1, PortCounter.TX_FRAMES));
            assertEquals(1, host.fixture().count(PORT_VTEP2, PortCounter.RX_FRAMES));
        }
    }

    @Test
    void shouldLearnNothingWhereItIsTold() throws CommandException {
        try (OverlayHost host = new OverlayHost(true, false, 1500)) {
            host.fromVtep(VTEP1, udp(MAC_R, MAC_A));
            assertOne(udp(MAC_R, MAC_A), host.a().takeSent());
            host.fromA(udp(MAC_A, MAC_R));
            assertEquals(1, host.atVtep(VTEP1).size());
            assertEquals(1, host.atVtep(VTEP2).size(), "unknown: flooded");
        }
    }

    @Test
    void shouldForgetWithAVtepWhatWasLearnedBehindIt() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.fromVtep(VTEP1, udp(MAC_R, MAC_A));
            host.fixture().execute(new Command.RemovePort(PORT_VTEP1, false));
            host.fromA(udp(MAC_A, MAC_R));
            assertEquals(0, host.atVtep(VTEP1).size());
            assertEquals(1, host.atVtep(VTEP2).size(), "unknown: flooded");
            host.fromVtep(VTEP1, udp(MAC_R, MAC_A));
            assertEquals(1, host.fixture().drops(DropReason.VTEP_UNKNOWN));
        }
    }

    /** Its number may be used again, in another network. */
    @Test
    void shouldForgetWithAVtepWhoWasPinnedToIt() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            final SwitchFixture fixture = host.fixture();
            host.putRemote(PORT_VTEP1, IDENTITY_R);
            fixture.execute(new Command.RemovePort(PORT_VTEP1, false));
            host.fromA(udp(MAC_A, MAC_R));
            assertEquals(List.of(), fixture.errors());
            assertEquals(1, host.atVtep(VTEP2).size(), "unknown: flooded");
            fixture.addDomain(2, SwitchFixture.GATEWAY, DomainPolicy.OPEN);
            final var stranger = fixture.addPort(PORT_VTEP1, 2, 1500, PortKind.ENDPOINT, false,
                new PortIdentity(MAC_R, 0, 0, 0));
            host.fromA(udp(MAC_A, MAC_R));
            assertEquals(0, stranger.takeSent().size(), "of another network");
        }
    }

    @Test
    void shouldHaveNothingPinnedInANetworkThatIsMadeAnew() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.putRemote(PORT_VTEP1, IDENTITY_R);
            for (final int port : new int[] {0, 1, 3, PORT_VTEP1, PORT_VTEP2}) {
                host.fixture().execute(new Command.RemovePort(port, false));
            }
            host.fixture().execute(new Command.RemoveDomain(DOMAIN));
            assertEquals(-1, host.fixture().fdb().pinnedTo(DOMAIN, MAC_R));
        }
    }

    @Test
    void shouldNotLetVtepsAndTheHostExchange() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.putRemote(PORT_VTEP1, IDENTITY_R);
            host.fromHost(udp(MAC_GATEWAY, MAC_R));
            host.fromVtep(VTEP2, udp(OverlayHost.MAC_S, MAC_R));
            host.fromVtep(VTEP1, udp(MAC_R, MAC_GATEWAY));
            host.fromVtep(VTEP1, OverlayHost.frame(MAC_R, MAC_GATEWAY,
                Packets.echo(OverlayHost.R, OverlayHost.GATEWAY, true, 1, 20)));
            host.fromVtep(VTEP1, Frames.ethernet(Frames.BROADCAST, MAC_R, 0x0806, Frames.arp(1, MAC_R,
                Packets.ipv4(OverlayHost.R), 0, Packets.ipv4(OverlayHost.GATEWAY))));
            assertEquals(Map.of(DropReason.TUNNEL_NOT_RELAYED, 4L), host.fixture().allDrops());
            assertEquals(List.of(), host.host().takeSent());
            assertEquals(1, host.a().takeSent().size(), "the question, as to everybody");
            assertEquals(1, host.b().takeSent().size());
            assertSilence(host);
        }
    }

    @Test
    void shouldBelieveWhatItIsToldMoreThanWhatItSees() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.putRemote(PORT_VTEP1, IDENTITY_R);
            host.fromVtep(VTEP2, udp(MAC_R, MAC_A));
            host.fromVtep(VTEP1, udp(MAC_A, MAC_B));
            host.fromVtep(VTEP1, udp(MAC_GATEWAY, MAC_B));
            assertEquals(Map.of(DropReason.REMOTE_MAC_SPOOFED, 3L), host.fixture().allDrops());
            host.fromA(udp(MAC_A, MAC_R));
            assertOne(udp(MAC_A, MAC_R), host.atVtep(VTEP1));
            host.fromVtep(VTEP1, udp(MAC_R, MAC_A));
            assertOne(udp(MAC_R, MAC_A), host.a().takeSent());
            assertSilence(host);
        }
    }

    /** In one burst, behind a frame that is right and one of the same MAC that is not. */
    @Test
    void shouldGuardEveryFrameOfABurst() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            for (final long source : new long[] {MAC_R, MAC_B, MAC_B, MAC_R, MAC_B}) {
                host.underlay().inject(VTEP1, VNI, broadcast(source));
            }
            host.fixture().doWork();
            assertEquals(Map.of(DropReason.REMOTE_MAC_SPOOFED, 3L), host.fixture().allDrops());
            assertEquals(2, host.a().takeSent().size());
        }
    }

    @Test
    void shouldFollowARemoteThatMoves() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.putRemote(PORT_VTEP1, IDENTITY_R);
            host.putRemote(PORT_VTEP2, IDENTITY_R);
            host.fromA(udp(MAC_A, MAC_R));
            assertOne(udp(MAC_A, MAC_R), host.atVtep(VTEP2));
            host.fromVtep(VTEP1, udp(MAC_R, MAC_A));
            assertEquals(Map.of(DropReason.REMOTE_MAC_SPOOFED, 1L), host.fixture().allDrops());
            host.putRemote(Command.PutRemote.GONE, IDENTITY_R);
            host.fromA(udp(MAC_A, MAC_R));
            assertEquals(1, host.atVtep(VTEP1).size(), "unknown: flooded");
        }
    }

    @Test
    void shouldFollowAnEndpointThatMovesHereAndAway() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.putRemote(PORT_VTEP1, IDENTITY_R);
            final var here = host.fixture().addPort(7, DOMAIN, 1500, PortKind.ENDPOINT, true, IDENTITY_R);
            assertAnnounced(host);
            host.fromA(udp(MAC_A, MAC_R));
            assertOne(udp(MAC_A, MAC_R), here.takeSent());
            host.fromVtep(VTEP1, udp(MAC_R, MAC_A));
            assertEquals(Map.of(DropReason.REMOTE_MAC_SPOOFED, 1L), host.fixture().allDrops());
            assertEquals(CommandResult.MAC_IS_LOCAL,
                host.refusal(new Command.PutRemote(DOMAIN, PORT_VTEP1, IDENTITY_R)));
            host.putRemote(Command.PutRemote.GONE, IDENTITY_R);
            host.fromA(udp(MAC_A, MAC_R));
            assertOne(udp(MAC_A, MAC_R), here.takeSent());
            assertSilence(host);
            host.fixture().execute(new Command.RemovePort(7, false));
            host.putRemote(PORT_VTEP2, IDENTITY_R);
            host.fromA(udp(MAC_A, MAC_R));
            assertOne(udp(MAC_A, MAC_R), host.atVtep(VTEP2));
            assertSilence(host);
        }
    }

    /** To every VTEP: an ARP request for its own address, and an advertisement to all nodes. */
    private static void assertAnnounced(final OverlayHost host) {
        final List<DatagramDevice.Message> told = host.underlay().takeSent();
        assertEquals(4, told.size());
        final byte[] arp = told.getFirst().bytes();
        assertArrayEquals(Frames.hex("ffffffffffff"), Arrays.copyOfRange(arp, 8, 14));
        assertArrayEquals(Frames.hex("0806 0001 0800 06 04 0001"), Arrays.copyOfRange(arp, 20, 30));
        assertArrayEquals(Arrays.copyOfRange(arp, 36, 40), Arrays.copyOfRange(arp, 46, 50), "sender and target");
        final byte[] advertisement = told.get(1).bytes();
        assertArrayEquals(Frames.hex("333300000001"), Arrays.copyOfRange(advertisement, 8, 14));
        assertEquals((byte) 136, advertisement[8 + 54], "type");
    }

    @Test
    void shouldKeepEndpointsApartWithoutIcc() throws CommandException {
        try (OverlayHost host = new OverlayHost(false, true, 1500)) {
            host.putRemote(PORT_VTEP1, IDENTITY_R);
            host.fromA(udp(MAC_A, MAC_R));
            host.fromVtep(VTEP1, udp(MAC_R, MAC_A));
            assertEquals(Map.of(DropReason.ICC_DISABLED, 2L), host.fixture().allDrops());
            host.fromVtep(VTEP1, broadcast(MAC_R));
            assertEquals(1, host.fixture().drops(DropReason.TUNNEL_NOT_RELAYED));
            host.fromA(TO_ALL);
            assertOne(TO_ALL, host.host().takeSent());
            assertEquals(List.of(), host.a().takeSent());
            assertSilence(host);
        }
    }

    @Test
    void shouldRefuseWhatCannotBe() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            assertEquals(CommandResult.PORT_EXISTS, host.refusal(new Command.AddVtep(8, DOMAIN, 1450,
                Packets.high(VTEP1), Packets.low(VTEP1), new int[PortCounter.values().length])));
            assertEquals(CommandResult.DOMAIN_UNKNOWN, host.refusal(new Command.AddVtep(8, 9, 1450,
                0, 1, new int[PortCounter.values().length])), "not an overlay network");
            assertEquals(CommandResult.VNI_TAKEN, host.refusal(new Command.AddDomain(5, SwitchFixture.GATEWAY,
                new DomainPolicy(false, true, true, VNI, true), new int[4])));
            assertEquals(CommandResult.PORT_UNKNOWN, host.refusal(new Command.PutRemote(DOMAIN, 0, IDENTITY_R)));
            assertEquals(CommandResult.PORT_UNKNOWN, host.refusal(new Command.PutRemote(DOMAIN, 77, IDENTITY_R)));
            assertEquals(CommandResult.DOMAIN_UNKNOWN,
                host.refusal(new Command.PutRemote(9, PORT_VTEP1, IDENTITY_R)));
            assertEquals(CommandResult.MAC_IS_LOCAL,
                host.refusal(new Command.PutRemote(DOMAIN, PORT_VTEP1, IDENTITY_A)));
            assertEquals(CommandResult.PORT_UNKNOWN, host.refusal(new Command.SetPortMtu(77, 1400)));
            assertEquals(CommandResult.PORT_UNKNOWN, host.refusal(new Command.SetVtepRoute(0, 1, 0, 0)));
        }
    }

    private static byte[] udp(final long source, final long destination) {
        final String from = source == MAC_A ? OverlayHost.A
            : source == MAC_GATEWAY ? OverlayHost.GATEWAY : OverlayHost.R;
        return OverlayHost.frame(source, destination, Packets.udp(from, 7, OverlayHost.B, 7, new byte[20]));
    }

    private static byte[] broadcast(final long source) {
        return Frames.ethernet(Frames.BROADCAST, source, 0x88B5, new byte[46]);
    }

    private static void assertOne(final byte[] expected, final List<byte[]> frames) {
        assertEquals(1, frames.size());
        assertArrayEquals(expected, frames.getFirst());
    }

    /** Nothing has gone to other hosts. */
    private static void assertSilence(final OverlayHost host) {
        assertEquals(List.of(), host.underlay().takeSent());
    }
}
