package org.sluice.datapath.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static org.sluice.datapath.OverlayHost.MAC_A;
import static org.sluice.datapath.OverlayHost.MAC_R;
import static org.sluice.datapath.OverlayHost.VNI;
import static org.sluice.datapath.OverlayHost.VTEP1;
import static org.sluice.datapath.OverlayHost.VTEP2;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.DatagramDevice;
import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.Wire;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.status.PortCounter;

/** What becomes of datagrams of one kind: how they are merged, and what is never merged. */
class DecapsulationTest {
    private static final int MSS = 1398;

    private final OverlayHost host = new OverlayHost();

    DecapsulationTest() throws CommandException {
        // The host stands ready.
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldMakeOneSuperFrameOfAStream() {
        for (final boolean together : new boolean[] {true, false}) {
            final List<byte[]> segments = stream(44, (byte) 0x5A);
            if (together) {
                inject(segments, VNI);
            } else {
                segments.forEach(segment -> host.underlay().inject(VTEP1, VNI, segment));
            }
            assertOneSuperFrame(segments);
        }
        assertEquals(1 + 44, host.fixture().count(OverlayHost.PORT_UNDERLAY, PortCounter.RX_FRAMES));
    }

    /** Bytes of payload that look like flags are none. */
    @Test
    void shouldNotTakePayloadForFlags() {
        final List<byte[]> segments = stream(40, (byte) 0xFF);
        inject(segments, VNI);
        assertOneSuperFrame(segments);
    }

    private void assertOneSuperFrame(final List<byte[]> segments) {
        host.fixture().doWork();
        final List<MemoryDevice.Frame> frames = host.a().takeSentWithHeaders();
        assertEquals(1, frames.size());
        final List<byte[]> cut = Wire.cut(frames.getFirst());
        assertEquals(segments.size(), cut.size());
        for (int i = 0; i < cut.size(); i++) {
            assertArrayEquals(segments.get(i), cut.get(i), "segment " + i);
        }
    }

    @Test
    void shouldNotGrowBeyondTheLongestPacket() {
        stream(100, (byte) 1).forEach(segment -> host.underlay().inject(VTEP1, VNI, segment));
        while (host.underlay().isReadable()) {
            host.fixture().doWork();
        }
        int segments = 0;
        for (final MemoryDevice.Frame frame : host.a().takeSentWithHeaders()) {
            assertTrue(frame.bytes().length <= 14 + 65_535);
            segments += Wire.cut(frame).size();
        }
        assertEquals(100, segments);
    }

    /** A super-frame has one window for all: an update that is lost may stop the other direction for good. */
    @Test
    void shouldNotLoseAWindowUpdate() {
        final byte[] first = tcp(1, new byte[100]);
        final byte[] second = Wire.completed(with16(tcp(101, new byte[100]), 34 + 14, 60_000));
        assertKeptApart(first, second);
    }

    /** The bits between data offset and flags: one of them is that of accurate ECN (RFC 9768). */
    @Test
    void shouldNotLoseTheBitsInFrontOfTheFlags() {
        final byte[] second = tcp(101, new byte[100]);
        second[34 + 12] |= 1;
        assertKeptApart(tcp(1, new byte[100]), Wire.completed(second));
    }

    /** Nobody on the way may change it (RFC 6437, 3). */
    @Test
    void shouldNotLoseAFlowLabel() {
        final byte[] first = OverlayHost.frame(MAC_R, MAC_A,
            Packets.udp(OverlayHost.R6, 1, OverlayHost.A6, 2, new byte[64]));
        assertKeptApart(first, with16(first, 14 + 2, 0x1234));
    }

    private void assertKeptApart(final byte[] first, final byte[] second) {
        inject(List.of(first, second), VNI);
        host.fixture().doWork();
        final List<byte[]> out = new ArrayList<>();
        host.a().takeSentWithHeaders().forEach(frame -> out.addAll(Wire.cut(frame)));
        assertEquals(2, out.size());
        assertArrayEquals(first, out.get(0));
        assertArrayEquals(second, out.get(1));
    }

    /** As between two hosts on one machine: longer than the way takes, and not complete. */
    @Test
    void shouldTakeASuperFrameThatNobodyHasCut() {
        final byte[] whole = Wire.withPartialChecksum(tcp(1, new byte[20_000]));
        host.fromVtep(VTEP1, whole);
        final MemoryDevice.Frame frame = host.a().takeSentWithHeaders().getFirst();
        assertArrayEquals(whole, frame.bytes());
        assertArrayEquals(Wire.virtioFor(whole, OverlayHost.MTU - 40), frame.virtioHeader());
        assertEquals(Map.of(), host.fixture().allDrops());
        host.fromVtep(VTEP1, tcp(1, new byte[20_000]));
        assertEquals(Map.of(DropReason.MTU_EXCEEDED, 1L), host.fixture().allDrops(), "a complete one is none");
    }

    @Test
    void shouldCompleteNothingThatIsWhole() {
        final byte[] partial = Wire.withPartialChecksum(tcp(1, new byte[100]));
        host.fromVtep(VTEP1, partial);
        assertArrayEquals(new byte[] {1, 0},
            Arrays.copyOf(host.a().takeSentWithHeaders().getFirst().virtioHeader(), 2));
        host.fromVtep(VTEP1, tcp(1, new byte[100]));
        assertArrayEquals(new byte[10], host.a().takeSentWithHeaders().getFirst().virtioHeader());
    }

    @Test
    void shouldTakeTheDatagramsOfATrainEachForItself() {
        final byte[] good = tcp(1, new byte[100]);
        final byte[] flagless = DatagramDevice.vxlan(VNI, good);
        flagless[0] = 0;
        final byte[] train = Frames.concat(flagless, DatagramDevice.vxlan(VNI, good),
            DatagramDevice.vxlan(7, good), DatagramDevice.vxlan(VNI, tcp(101, new byte[100])), new byte[20]);
        host.underlay().inject(new DatagramDevice.Message(VTEP1, 0, 0, good.length + 8, train));
        host.fixture().doWork();
        assertEquals(Map.of(DropReason.VXLAN_MALFORMED, 2L, DropReason.VNI_UNKNOWN, 1L), host.fixture().allDrops());
        final List<MemoryDevice.Frame> frames = host.a().takeSentWithHeaders();
        assertEquals(1, frames.size());
        assertEquals(2, Wire.cut(frames.getFirst()).size());
        assertEquals(3, host.fixture().count(OverlayHost.PORT_UNDERLAY, PortCounter.RX_DROPS));
    }

    /** What lies at a segment's place in a super-frame is payload of a container's choice, and no datagram. */
    @Test
    void shouldNeverTakePayloadForADatagram() throws CommandException {
        final byte[] forged = DatagramDevice.vxlan(VNI, OverlayHost.frame(0x0200_0000_0666L, MAC_A,
            Packets.udp(OverlayHost.R, 1, OverlayHost.A, 2, new byte[600])));
        final int size = 1000;
        final byte[] payload = new byte[3 * size];
        // The frame's headers and that of VXLAN are in front of the payload.
        System.arraycopy(forged, 0, payload, size - 42 - 8, forged.length);
        final byte[] superFrame = Wire.withPartialChecksum(OverlayHost.frame(MAC_R, MAC_A,
            Packets.udp(OverlayHost.R, 9, OverlayHost.A, 9, payload)));
        // Its own network is not here.
        host.underlay().inject(DatagramDevice.Message.whole(VTEP1, 0, size, DatagramDevice.vxlan(7, superFrame)));
        // Its own endpoints know nothing of ECN.
        host.underlay().inject(DatagramDevice.Message.whole(VTEP1, 3, size, DatagramDevice.vxlan(VNI, superFrame)));
        // And one that no device has marked.
        host.underlay().inject(new DatagramDevice.Message(VTEP1, 0, 0, size, DatagramDevice.vxlan(VNI, superFrame)));
        host.fixture().doWork();
        assertEquals(List.of(), host.a().takeSent());
        assertEquals(Map.of(DropReason.VNI_UNKNOWN, 1L, DropReason.TUNNEL_CONGESTED, 1L,
            DropReason.VXLAN_MALFORMED, 1L), host.fixture().allDrops());
    }

    /** Nor when its own headers are such as the switch does not merge: with IPv4 options, or IPv6 extension headers. */
    @Test
    void shouldNeverTakePayloadBehindUnusualHeadersForADatagram() {
        final long forger = 0x0200_0000_0666L;
        final byte[] forged = DatagramDevice.vxlan(VNI, OverlayHost.frame(forger, MAC_A,
            Packets.udp(OverlayHost.R, 1, OverlayHost.A, 2, new byte[600])));
        final int size = 1000;
        for (final boolean v4 : new boolean[] {true, false}) {
            final byte[] payload = new byte[3 * size];
            final byte[] plain = OverlayHost.frame(MAC_R, MAC_A, v4
                ? Packets.udp(OverlayHost.R, 9, OverlayHost.A, 9, payload)
                : Packets.udp(OverlayHost.R6, 9, OverlayHost.A6, 9, payload));
            final int l4 = Wire.l4Of(plain);
            final byte[] frame = Frames.concat(Arrays.copyOf(plain, l4),
                Frames.hex(v4 ? "01010100" : "1100 0104 00000000"), Arrays.copyOfRange(plain, l4, plain.length));
            if (v4) {
                frame[14] = 0x46;
                Frames.put16(frame, 16, frame.length - 14);
                Frames.put16(frame, 24, 0);
                Frames.put16(frame, 24, ~Wire.sum(0, frame, 14, 38) & 0xFFFF);
            } else {
                frame[20] = 60;
                Frames.put16(frame, 18, frame.length - 54);
            }
            System.arraycopy(forged, 0, frame, size - 8, forged.length);
            host.underlay().inject(new DatagramDevice.Message(VTEP1, 0, 0, size, DatagramDevice.vxlan(VNI, frame)));
            host.underlay().inject(DatagramDevice.Message.whole(VTEP1, 0, size, DatagramDevice.vxlan(VNI, frame)));
            host.fixture().doWork();
            for (final byte[] received : host.a().takeSent()) {
                assertEquals(String.format("%012x", MAC_R), HexFormat.of().formatHex(received, 6, 12), "source");
            }
        }
    }

    /** The segment bytes of a super-frame are of its payload: they say nothing about where its headers end. */
    @Test
    void shouldTakeASuperFrameOfShortSegments() {
        final byte[] superFrame = Wire.withPartialChecksum(OverlayHost.frame(MAC_R, MAC_A,
            Packets.udp(OverlayHost.R, 9, OverlayHost.A, 9, new byte[100])));
        superFrame[14 + 1] = 2;
        Frames.put16(superFrame, 24, 0);
        Frames.put16(superFrame, 24, ~Wire.sum(0, superFrame, 14, 34) & 0xFFFF);
        host.underlay().inject(DatagramDevice.Message.whole(VTEP1, 3, 12, DatagramDevice.vxlan(VNI, superFrame)));
        host.fixture().doWork();
        assertEquals(Map.of(), host.fixture().allDrops());
        final MemoryDevice.Frame out = host.a().takeSentWithHeaders().getFirst();
        assertEquals(9, Wire.cut(out).size());
        assertEquals(3, out.bytes()[14 + 1], "congestion is told");
        assertTrue(Wire.isHeaderRight(out.bytes()));
    }

    @Test
    void shouldKeepVtepsApart() {
        final byte[] first = tcp(1, new byte[100]);
        host.underlay().inject(VTEP1, VNI, first);
        host.underlay().inject(VTEP2, VNI, tcp(101, new byte[100]));
        host.underlay().inject(VTEP1, VNI, tcp(101, new byte[100]));
        host.fixture().doWork();
        assertEquals(3, host.a().takeSent().size(), "frames of different VTEPs are not merged");
        assertEquals(2, host.fixture().count(OverlayHost.PORT_VTEP1, PortCounter.RX_FRAMES));
        assertEquals(1, host.fixture().count(OverlayHost.PORT_VTEP2, PortCounter.RX_FRAMES));
    }

    /** So many that frames of a train must be put elsewhere more than once. */
    @Test
    void shouldFindRoomForTrainsThatCannotBeMerged() {
        final List<byte[]> sent = new ArrayList<>();
        for (int n = 0; n < 20; n++) {
            final List<byte[]> train = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                train.add(OverlayHost.frame(MAC_R, MAC_A,
                    Packets.udp(OverlayHost.R, 1000 + i, OverlayHost.A, n, new byte[1300])));
            }
            inject(train, VNI);
            sent.addAll(train);
        }
        while (host.underlay().isReadable()) {
            host.fixture().doWork();
        }
        final List<byte[]> out = host.a().takeSent();
        assertEquals(sent.size(), out.size());
        for (int i = 0; i < sent.size(); i++) {
            assertArrayEquals(sent.get(i), out.get(i), "frame " + i);
        }
    }

    private void inject(final List<byte[]> frames, final int vni) {
        final byte[][] datagrams =
            frames.stream().map(frame -> DatagramDevice.vxlan(vni, frame)).toArray(byte[][]::new);
        host.underlay().inject(
            new DatagramDevice.Message(VTEP1, 0, 0, datagrams[0].length, Frames.concat(datagrams)));
    }

    /** Full segments of one flow, with the identifications that a sender gives them. */
    private static List<byte[]> stream(final int count, final byte fill) {
        final byte[] payload = new byte[MSS];
        Arrays.fill(payload, fill);
        final List<byte[]> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            final byte[] frame = with16(tcp(1 + i * MSS, payload), 14 + 4, 0x1234 + i);
            Frames.put16(frame, 24, 0);
            Frames.put16(frame, 24, ~Wire.sum(0, frame, 14, 34) & 0xFFFF);
            segments.add(frame);
        }
        return segments;
    }

    private static byte[] tcp(final int sequence, final byte[] payload) {
        return OverlayHost.frame(MAC_R, MAC_A,
            Packets.tcp(OverlayHost.R, 4000, OverlayHost.A, 80, Packets.ACK, sequence, 7, payload));
    }

    private static byte[] with16(final byte[] frame, final int offset, final int value) {
        final byte[] copy = frame.clone();
        Frames.put16(copy, offset, value);
        return copy;
    }
}
