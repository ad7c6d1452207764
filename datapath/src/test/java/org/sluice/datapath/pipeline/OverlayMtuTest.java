package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static org.sluice.datapath.OverlayHost.IDENTITY_R;
import static org.sluice.datapath.OverlayHost.MAC_A;
import static org.sluice.datapath.OverlayHost.MAC_GATEWAY;
import static org.sluice.datapath.OverlayHost.MAC_R;
import static org.sluice.datapath.OverlayHost.MTU;
import static org.sluice.datapath.OverlayHost.PORT_VTEP1;
import static org.sluice.datapath.OverlayHost.VTEP1;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.Wire;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.status.WorkerCounter;

/** A packet that is too long for the way to its VTEP. */
class OverlayMtuTest {
    private final OverlayHost host = new OverlayHost();

    OverlayMtuTest() throws CommandException {
        // The host stands ready.
    }

    @BeforeEach
    void tell() throws CommandException {
        host.putRemote(PORT_VTEP1, IDENTITY_R);
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldTellTheSenderOfAnIpv4PacketThatMustNotBeCut() throws CommandException {
        host.fromA(ipv4(MTU));
        assertEquals(1, host.atVtep(VTEP1).size());
        assertTold(ipv4(MTU + 1), MTU);
        host.fixture().execute(new Command.SetPortMtu(PORT_VTEP1, 1400));
        assertTold(ipv4(MTU), 1400);
        host.fixture().execute(new Command.SetPortMtu(PORT_VTEP1, 1500));
        host.fromA(ipv4(1500));
        assertEquals(1, host.atVtep(VTEP1).size());
        assertEquals(Map.of(DropReason.FRAGMENTATION_NEEDED, 2L), host.fixture().allDrops());
    }

    private void assertTold(final byte[] frame, final int mtu) {
        host.fromA(frame);
        assertEquals(List.of(), host.atVtep(VTEP1));
        final byte[] error = host.a().takeSent().getFirst();
        assertEquals(String.format("%012x%012x", MAC_A, MAC_GATEWAY), HexFormat.of().formatHex(error, 0, 12));
        final byte[] packet = Packets.packetOf(error);
        Packets.assertChecksumsRight(packet);
        assertEquals(OverlayHost.GATEWAY, Packets.sourceOf(packet));
        assertEquals(OverlayHost.A, Packets.destinationOf(packet));
        assertEquals(0x0304, Frames.get16(packet, 20), "fragmentation needed");
        assertEquals(mtu, Frames.get16(packet, 26));
        final byte[] original = Packets.packetOf(frame);
        assertArrayEquals(Arrays.copyOf(original, packet.length - 28), Arrays.copyOfRange(packet, 28, packet.length));
    }

    @Test
    void shouldTellTheSenderOfAnIpv6Packet() {
        final byte[] frame = OverlayHost.frame(MAC_A, MAC_R,
            Packets.udp(OverlayHost.A6, 1, OverlayHost.R6, 2, new byte[MTU + 1 - 48]));
        host.fromA(frame);
        final byte[] packet = Packets.packetOf(host.a().takeSent().getFirst());
        Packets.assertChecksumsRight(packet);
        assertEquals("fd00:0:0:0:0:0:0:1", Packets.sourceOf(packet));
        assertEquals(0x0200, Frames.get16(packet, 40), "packet too big");
        assertEquals(MTU, Frames.get16(packet, 46));
        assertArrayEquals(Arrays.copyOfRange(frame, 14, 14 + packet.length - 48),
            Arrays.copyOfRange(packet, 48, packet.length));
        assertEquals(List.of(), host.underlay().takeSent());
        assertEquals(1, host.fixture().count(WorkerCounter.ICMP_ERRORS_SENT));
    }

    @Test
    void shouldCutAnIpv4PacketThatMayBeCut() {
        final byte[] frame = ipv4(1500);
        Frames.put16(frame, 14 + 6, 0);
        final byte[] packet = Packets.withHeaderChecksum(Arrays.copyOfRange(frame, 14, frame.length));
        // Partial: nobody can complete it any more once it is cut.
        final byte[] whole = OverlayHost.frame(MAC_A, MAC_R, packet);
        host.a().inject(Wire.virtioFor(whole, 0), Wire.withPartialChecksum(whole));
        host.fixture().doWork();
        final List<byte[]> fragments = host.atVtep(VTEP1);
        assertEquals(2, fragments.size());
        final byte[] payload = new byte[packet.length - 20];
        for (final byte[] fragment : fragments) {
            assertEquals(String.format("%012x%012x0800", MAC_R, MAC_A), HexFormat.of().formatHex(fragment, 0, 14));
            final byte[] part = Packets.packetOf(fragment);
            assertEquals(fragment.length - 14, part.length);
            assertTrue(part.length <= MTU && Wire.isHeaderRight(fragment));
            System.arraycopy(part, 20, payload, (Frames.get16(part, 6) & 0x1FFF) * 8, part.length - 20);
        }
        assertArrayEquals(Arrays.copyOfRange(packet, 20, packet.length), payload);
        assertEquals(Map.of(), host.fixture().allDrops());
    }

    /** The fragments' memory is used again, and the frames around them keep their places. */
    @Test
    void shouldCutWithinABurst() {
        for (int i = 0; i < 20; i++) {
            final byte[] frame = ipv4(i % 3 == 0 ? 1500 : 100 + i);
            frame[14 + 20 + 8] = (byte) i;
            Frames.put16(frame, 14 + 4, i);
            Frames.put16(frame, 14 + 6, 0);
            Frames.put16(frame, 24, 0);
            Frames.put16(frame, 24, ~Wire.sum(0, frame, 14, 34) & 0xFFFF);
            host.a().inject(frame);
        }
        host.fixture().doWork();
        int expected = 0;
        for (final byte[] frame : host.atVtep(VTEP1)) {
            if ((Frames.get16(frame, 14 + 6) & 0x1FFF) == 0) {
                assertEquals(expected, Frames.get16(frame, 14 + 4));
                assertEquals(expected++, frame[14 + 20 + 8]);
            }
        }
        assertEquals(20, expected);
    }

    @Test
    void shouldTellTheSenderOfASuperFrameWhoseSegmentsAreTooLong() {
        final byte[] frame = OverlayHost.frame(MAC_A, MAC_R,
            Packets.tcp(OverlayHost.A, 1, OverlayHost.R, 2, Packets.ACK, 1, 1, new byte[5000]));
        host.a().inject(Wire.virtioFor(frame, MTU - 40), Wire.withPartialChecksum(frame));
        host.fixture().doWork();
        assertEquals(4, host.atVtep(VTEP1).size());
        host.a().inject(Wire.virtioFor(frame, MTU - 39), Wire.withPartialChecksum(frame));
        host.fixture().doWork();
        assertEquals(List.of(), host.atVtep(VTEP1));
        assertEquals(MTU, Frames.get16(Packets.packetOf(host.a().takeSent().getFirst()), 26));
        assertEquals(Map.of(DropReason.FRAGMENTATION_NEEDED, 1L), host.fixture().allDrops());
    }

    /** RFC 1122, 3.2.2: never about an error. */
    @Test
    void shouldTellNobodyOfAnErrorOrOfAnythingButIp() {
        host.fromA(OverlayHost.frame(MAC_A, MAC_R, Packets.icmpError(OverlayHost.A, OverlayHost.R, 3, 3, 0,
            Packets.udp(OverlayHost.R, 1, OverlayHost.A, 2, new byte[1440]))));
        host.fromA(Frames.ethernet(MAC_R, MAC_A, 0x88B5, new byte[1500]));
        assertEquals(List.of(), host.a().takeSent());
        assertEquals(List.of(), host.underlay().takeSent());
        assertEquals(Map.of(DropReason.FRAGMENTATION_NEEDED, 1L, DropReason.MTU_EXCEEDED, 1L),
            host.fixture().allDrops());
    }

    /** Of UDP, with DF. */
    private static byte[] ipv4(final int packetBytes) {
        return OverlayHost.frame(MAC_A, MAC_R,
            Packets.udp(OverlayHost.A, 1, OverlayHost.R, 2, new byte[packetBytes - 28]));
    }
}
