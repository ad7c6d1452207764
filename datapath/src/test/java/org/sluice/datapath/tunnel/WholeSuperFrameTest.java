package org.sluice.datapath.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static org.sluice.datapath.OverlayHost.A;
import static org.sluice.datapath.OverlayHost.MAC_A;
import static org.sluice.datapath.OverlayHost.MAC_R;
import static org.sluice.datapath.OverlayHost.PORT_VTEP1;
import static org.sluice.datapath.OverlayHost.PORT_VTEP2;
import static org.sluice.datapath.OverlayHost.R;
import static org.sluice.datapath.OverlayHost.VTEP1;
import static org.sluice.datapath.OverlayHost.VTEP2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.DatagramDevice;
import org.sluice.datapath.Frames;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.Wire;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.status.PortCounter;

/** A super-frame that leaves in one piece, behind outer headers that the kernel copies to each segment. */
class WholeSuperFrameTest {
    private static final int LINK = 0x0102;
    private static final String SOURCE4 = "192.0.2.10";
    private static final String SOURCE6 = "2001:db8:0:0:0:0:0:10";
    private static final int SEGMENT = 1000;

    private final OverlayHost host = new OverlayHost(true, true, 65_535);
    private final byte[] frame = superFrame(20_000);

    WholeSuperFrameTest() throws CommandException {
        // The host stands ready.
    }

    @BeforeEach
    void tell() throws CommandException {
        host.putRemote(PORT_VTEP1, OverlayHost.IDENTITY_R);
        host.fixture().execute(
            new Command.SetVtepRoute(PORT_VTEP1, LINK, Packets.high(SOURCE4), Packets.low(SOURCE4)));
        host.fixture().execute(
            new Command.SetVtepRoute(PORT_VTEP2, LINK, Packets.high(SOURCE6), Packets.low(SOURCE6)));
        host.underlay().carryWhole(true);
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldWriteTheOuterHeadersOverIpv4() {
        send(frame);
        final DatagramDevice.Whole whole = host.underlay().takeWhole().getFirst();
        assertArrayEquals(frame, whole.frame());
        assertVirtio(whole.headers(), 0x21, 1, 34, 50);
        assertEthernet(whole.headers(), "0800");
        final byte[] ip = Arrays.copyOfRange(whole.headers(), 38, 58);
        assertEquals(0, Frames.checksum(0, ip));
        assertEquals(20 + 16 + frame.length, Frames.get16(ip, 2));
        assertEquals("45b9", HexFormat.of().formatHex(ip, 0, 2), "DSCP and ECN are the inner header's");
        assertEquals("4000 4011".replace(" ", ""), HexFormat.of().formatHex(ip, 6, 10), "DF, TTL, UDP");
        assertEquals(SOURCE4, Packets.sourceOf(ip));
        assertEquals(VTEP1, Packets.destinationOf(ip));
        assertUdp(Arrays.copyOfRange(whole.headers(), 58, 74), 0);
        assertEquals(List.of(), host.underlay().takeSent());
        assertEquals(1, host.fixture().count(PORT_VTEP1, PortCounter.TX_FRAMES));
    }

    @Test
    void shouldWriteTheOuterHeadersOverIpv6() throws CommandException {
        host.putRemote(PORT_VTEP2, OverlayHost.IDENTITY_R);
        send(frame);
        final DatagramDevice.Whole whole = host.underlay().takeWhole().getFirst();
        assertVirtio(whole.headers(), 0x41, 9, 54, 70);
        assertEthernet(whole.headers(), "86dd");
        final byte[] ip = Arrays.copyOfRange(whole.headers(), 38, 78);
        assertEquals("6b900000", HexFormat.of().formatHex(ip, 0, 4));
        assertEquals(16 + frame.length, Frames.get16(ip, 4));
        assertEquals("1140", HexFormat.of().formatHex(ip, 6, 8));
        assertEquals(SOURCE6, Packets.sourceOf(ip));
        assertEquals(VTEP2, Packets.destinationOf(ip));
        final byte[] outer = Frames.concat(new byte[14], ip);
        assertUdp(Arrays.copyOfRange(whole.headers(), 78, 94), Wire.pseudoHeader(outer, 16 + frame.length));
    }

    private void assertVirtio(final byte[] headers, final int gsoType, final int flags, final int outerL4,
                              final int innerOffset) {
        final ByteBuffer virtio = ByteBuffer.wrap(headers).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(flags, virtio.get(0));
        assertEquals(gsoType, virtio.get(1));
        assertEquals(innerOffset + 54, virtio.getShort(2));
        assertEquals(SEGMENT, virtio.getShort(4));
        assertEquals(innerOffset + 34, virtio.getShort(6));
        assertEquals(16, virtio.getShort(8));
        assertArrayEquals(new byte[10], Arrays.copyOfRange(headers, 10, 20), "buffers and hash");
        assertEquals(outerL4, virtio.getShort(20));
        assertEquals(innerOffset + 14, virtio.getShort(22));
        assertEquals(24 + innerOffset, headers.length);
    }

    private static void assertEthernet(final byte[] headers, final String type) {
        assertEquals("0200", HexFormat.of().formatHex(headers, 24, 26));
        assertEquals(LINK, ByteBuffer.wrap(headers).order(ByteOrder.nativeOrder()).getInt(26));
        assertEquals("0000000000000000".substring(0, 12) + type, HexFormat.of().formatHex(headers, 30, 38));
    }

    private void assertUdp(final byte[] udp, final int checksum) {
        assertTrue(Frames.get16(udp, 0) - DatagramDevice.FIRST_SOURCE_PORT < Datagram.FLOWS);
        assertEquals(4789, Frames.get16(udp, 2));
        assertEquals(16 + frame.length, Frames.get16(udp, 4));
        assertEquals(checksum, Frames.get16(udp, 6));
        assertEquals("0800000004d2c100", HexFormat.of().formatHex(udp, 8, 16));
    }

    @Test
    void shouldSendWhatIsInFrontOfItFirst() {
        final byte[] small = OverlayHost.frame(MAC_A, MAC_R, Packets.udp(A, 1, R, 2, new byte[100]));
        host.a().inject(small);
        host.a().inject(Wire.virtioFor(frame, SEGMENT), frame);
        host.a().inject(small);
        host.fixture().doWork();
        assertEquals(2, host.underlay().takeSent().size(), "the super-frame parts them");
        assertEquals(1, host.underlay().takeWhole().size());
    }

    @Test
    void shouldCutWhatIsNotTakenOrTooLongOrHasNoWay() throws CommandException {
        final byte[] longest = superFrame(65_535 - 40);
        send(longest);
        assertEquals(List.of(), host.underlay().takeWhole());
        assertEquals(66, host.atVtep(VTEP1).size());
        host.underlay().carryWhole(false);
        send(frame);
        assertEquals(20, host.atVtep(VTEP1).size());
        host.underlay().carryWhole(true);
        host.fixture().execute(new Command.SetVtepRoute(PORT_VTEP1, 0, 0, 0));
        send(frame);
        assertEquals(20, host.atVtep(VTEP1).size());
        assertEquals(List.of(), host.underlay().takeWhole());
    }

    private void send(final byte[] bytes) {
        host.a().inject(Wire.virtioFor(bytes, SEGMENT), bytes);
        host.fixture().doWork();
    }

    private static byte[] superFrame(final int payloadBytes) {
        final byte[] packet = Packets.tcp(A, 1, R, 2, Packets.ACK, 1, 1, new byte[payloadBytes]);
        packet[1] = (byte) 0xB9;
        return Wire.withPartialChecksum(OverlayHost.frame(MAC_A, MAC_R, Packets.withHeaderChecksum(packet)));
    }
}
