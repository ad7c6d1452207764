package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import static org.sluice.datapath.OverlayHost.IDENTITY_R;
import static org.sluice.datapath.OverlayHost.MAC_A;
import static org.sluice.datapath.OverlayHost.MAC_B;
import static org.sluice.datapath.OverlayHost.MAC_R;
import static org.sluice.datapath.OverlayHost.PORT_VTEP1;
import static org.sluice.datapath.OverlayHost.PORT_VTEP2;
import static org.sluice.datapath.OverlayHost.VTEP1;
import static org.sluice.datapath.OverlayHost.VTEP2;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.status.WorkerCounter;

/** Questions for neighbours are answered where that can be, and do not go to every host. */
class OverlayNeighbourTest {
    private static final String A6 = "fd000000000000000000000000000002";
    private static final String B6 = "fd000000000000000000000000000003";
    private static final String R6 = "fd000000000000000000000000000021";
    private static final String UNSPECIFIED = "00000000000000000000000000000000";

    private final OverlayHost host = new OverlayHost();

    OverlayNeighbourTest() throws CommandException {
        // The host stands ready.
    }

    @BeforeEach
    void tell() throws CommandException {
        host.putRemote(PORT_VTEP1, IDENTITY_R);
    }

    @AfterEach
    void close() {
        assertEquals(Map.of(), host.fixture().allDrops());
        host.close();
    }

    @Test
    void shouldAnswerArpForARemoteAndForALocalEndpoint() {
        host.fromA(question(OverlayHost.R));
        assertAnswer(reply(MAC_R, OverlayHost.R, MAC_A, OverlayHost.A), host.a().takeSent());
        host.fromA(question(OverlayHost.B));
        assertAnswer(reply(MAC_B, OverlayHost.B, MAC_A, OverlayHost.A), host.a().takeSent());
        assertEquals(2, host.fixture().count(WorkerCounter.NEIGHBOUR_REPLIES));
    }

    @Test
    void shouldAnswerArpForALocalEndpointToARemote() {
        host.fromVtep(VTEP1, arp(1, MAC_R, OverlayHost.R, OverlayHost.A));
        assertAnswer(reply(MAC_A, OverlayHost.A, MAC_R, OverlayHost.R), host.atVtep(VTEP1));
    }

    /** Its own host must do that: here, R may be known to have gone there. */
    @Test
    void shouldNotAnswerARemoteForAnotherRemote() {
        final byte[] question = arp(1, OverlayHost.MAC_S, OverlayHost.S, OverlayHost.R);
        host.fromVtep(VTEP2, question);
        assertFlooded(question, true, false);
    }

    @Test
    void shouldNotAnswerForSomebodyUnknownOrGone() throws CommandException {
        host.fromA(question(OverlayHost.S));
        assertFlooded(question(OverlayHost.S), false, true);
        host.putRemote(Command.PutRemote.GONE, IDENTITY_R);
        host.fromA(question(OverlayHost.R));
        assertFlooded(question(OverlayHost.R), false, true);
    }

    /** RFC 5227: a probe asks whether somebody has the address, and only who has it may say so. */
    @Test
    void shouldNotAnswerWhatTestsOrAnnouncesAnAddress() {
        for (final byte[] frame : new byte[][] {
            arp(1, MAC_A, "0.0.0.0", OverlayHost.R), arp(1, MAC_A, "0.0.0.0", OverlayHost.A),
            arp(1, MAC_A, OverlayHost.A, OverlayHost.A), arp(2, MAC_A, OverlayHost.A, OverlayHost.R)}) {
            host.fromA(frame);
            assertFlooded(frame, false, true);
        }
    }

    @Test
    void shouldNotAnswerTheHost() {
        final byte[] question = arp(1, OverlayHost.MAC_GATEWAY, OverlayHost.GATEWAY, OverlayHost.A);
        host.fromHost(question);
        assertAnswer(question, host.a().takeSent());
        assertEquals(1, host.b().takeSent().size());
        assertEquals(List.of(), host.host().takeSent());
    }

    @Test
    void shouldAnswerForTheMacThatARemoteHasNow() throws CommandException {
        host.putRemote(PORT_VTEP2, OverlayHost.identity(0x0242_0A00_0099L, OverlayHost.R, OverlayHost.R6));
        // What was there before goes; who has the addresses now stays.
        host.putRemote(Command.PutRemote.GONE, IDENTITY_R);
        host.fromA(question(OverlayHost.R));
        assertAnswer(reply(0x0242_0A00_0099L, OverlayHost.R, MAC_A, OverlayHost.A), host.a().takeSent());
    }

    @Test
    void shouldAnswerSolicitations() {
        host.fromA(solicitation(MAC_A, A6, R6));
        assertAnswer(advertisement(MAC_R, R6, MAC_A, A6), host.a().takeSent());
        host.fromA(solicitation(MAC_A, A6, B6));
        assertAnswer(advertisement(MAC_B, B6, MAC_A, A6), host.a().takeSent());
        host.fromVtep(VTEP1, solicitation(MAC_R, R6, A6));
        assertAnswer(advertisement(MAC_A, A6, MAC_R, R6), host.atVtep(VTEP1));
    }

    /** RFC 4862, 5.4.3: duplicate address detection. */
    @Test
    void shouldNotAnswerSolicitationsThatTestAnAddress() {
        final byte[] frame = solicitation(MAC_A, UNSPECIFIED, A6);
        host.fromA(frame);
        assertFlooded(frame, false, true);
    }

    @Test
    void shouldNotAnswerSolicitationsThatAreForgedOrForTheAsker() {
        final byte[] broken = solicitation(MAC_A, A6, R6);
        broken[14 + 40 + 2] ^= 1;
        final byte[] routed = solicitation(MAC_A, A6, R6);
        routed[14 + 7] = (byte) 254;
        for (final byte[] frame : new byte[][] {broken, routed, solicitation(MAC_A, A6, A6)}) {
            host.fromA(frame);
            assertFlooded(frame, false, true);
        }
    }

    private static byte[] question(final String target) {
        return arp(1, MAC_A, OverlayHost.A, target);
    }

    private static byte[] arp(final int operation, final long mac, final String sender, final String target) {
        return Frames.ethernet(Frames.BROADCAST, mac, 0x0806,
            Frames.arp(operation, mac, Packets.ipv4(sender), 0, Packets.ipv4(target)));
    }

    private static byte[] reply(final long mac, final String owner, final long askerMac, final String asker) {
        return Frames.ethernet(askerMac, mac, 0x0806,
            Frames.arp(2, mac, Packets.ipv4(owner), askerMac, Packets.ipv4(asker)));
    }

    private static byte[] solicitation(final long mac, final String source, final String target) {
        final String group = "ff0200000000000000000001ff" + target.substring(26);
        final String option = UNSPECIFIED.equals(source) ? "" : String.format("0101%012x", mac);
        return Frames.ethernet(0x3333_FF00_0000L | Long.parseLong(target.substring(26), 16), mac, 0x86DD,
            Frames.ipv6(source, group, 58, 255, Frames.icmpv6(source, group, "87 00 0000 00000000" + target + option)));
    }

    /** Solicited, and to override what was known; not a router's. */
    private static byte[] advertisement(final long mac, final String owner, final long askerMac, final String asker) {
        return Frames.ethernet(askerMac, mac, 0x86DD, Frames.ipv6(owner, asker, 58, 255,
            Frames.icmpv6(owner, asker, "88 00 0000 60000000" + owner + String.format("0201%012x", mac))));
    }

    private void assertAnswer(final byte[] expected, final List<byte[]> frames) {
        assertEquals(1, frames.size());
        assertArrayEquals(expected, frames.getFirst());
        assertEquals(List.of(), host.underlay().takeSent());
    }

    private void assertFlooded(final byte[] frame, final boolean toA, final boolean toVteps) {
        assertEquals(toA ? 1 : 0, host.a().takeSent().size());
        assertEquals(1, host.b().takeSent().size());
        for (final String vtep : new String[] {VTEP1, VTEP2}) {
            final List<byte[]> frames = host.atVtep(vtep);
            assertEquals(toVteps ? 1 : 0, frames.size());
            if (toVteps) {
                assertArrayEquals(frame, frames.getFirst());
            }
        }
        host.host().takeSent();
        assertEquals(0, host.fixture().count(WorkerCounter.NEIGHBOUR_REPLIES));
    }
}
