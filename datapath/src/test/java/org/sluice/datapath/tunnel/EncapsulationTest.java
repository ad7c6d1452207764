package org.sluice.datapath.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static org.sluice.datapath.OverlayHost.A;
import static org.sluice.datapath.OverlayHost.IDENTITY_R;
import static org.sluice.datapath.OverlayHost.MAC_A;
import static org.sluice.datapath.OverlayHost.MAC_R;
import static org.sluice.datapath.OverlayHost.PORT_VTEP1;
import static org.sluice.datapath.OverlayHost.R;
import static org.sluice.datapath.OverlayHost.VTEP1;
import static org.sluice.datapath.OverlayHost.VTEP2;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.DatagramDevice;
import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.Wire;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.command.EventChannel;
import org.sluice.datapath.status.PortCounter;

/** What leaves for a VTEP: the datagrams, and how many of them go in one message. */
class EncapsulationTest {
    /** So that frames may be longer than a message takes two of. */
    private final OverlayHost host = new OverlayHost(true, true, 65_535);

    EncapsulationTest() throws CommandException {
        // The host stands ready.
    }

    @BeforeEach
    void tell() throws CommandException {
        host.putRemote(PORT_VTEP1, IDENTITY_R);
        host.fixture().execute(new Command.SetPortMtu(PORT_VTEP1, 60_000));
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldPutTheVxlanHeaderInFront() {
        final byte[] frame = udp(1, 20);
        final DatagramDevice.Message message = sendOne(frame);
        assertEquals(VTEP1, message.peer());
        assertEquals(0, message.segmentBytes());
        assertArrayEquals(Frames.concat(Frames.hex("0800 0000 04d2c1 00"), frame), message.bytes());
        assertEquals(1, host.fixture().count(PORT_VTEP1, PortCounter.TX_FRAMES));
        assertEquals(frame.length, host.fixture().count(PORT_VTEP1, PortCounter.TX_BYTES));
    }

    @Test
    void shouldPutFramesOfOneLengthAndFlowIntoOneMessage() {
        final List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            final byte[] frame = udp(1, 100);
            frame[frame.length - 1] = (byte) i;
            frames.add(frame);
        }
        final byte[] shorter = udp(1, 99);
        frames.add(shorter);
        final List<DatagramDevice.Message> messages = send(frames);
        assertEquals(1, messages.size());
        assertEquals(150, messages.getFirst().segmentBytes());
        assertDatagrams(frames, messages);
        // Behind a shorter one comes another message; and a longer one is never in it.
        final List<byte[]> mixed = List.of(udp(1, 100), shorter, udp(1, 100), udp(1, 100), udp(1, 101), udp(1, 100));
        final List<DatagramDevice.Message> more = send(mixed);
        assertEquals(List.of(150, 150, 151), more.stream().map(DatagramDevice.Message::segmentBytes).toList());
        assertEquals(List.of(2, 2, 2), more.stream().map(message -> message.datagrams().size()).toList());
        assertDatagrams(mixed, more);
    }

    @Test
    void shouldPutFlowsAndTrafficClassesIntoMessagesOfTheirOwn() {
        final byte[] first = udp(1, 100);
        byte[] other = null;
        int port = 1;
        while (other == null) {
            final byte[] candidate = udp(++port, 100);
            other = sendOne(candidate).flow() == sendOne(first).flow() ? null : candidate;
        }
        assertNotEquals(sendOne(first).flow(), sendOne(other).flow());
        assertTrue(sendOne(other).flow() < Datagram.FLOWS);
        final List<byte[]> flows = List.of(first, other, first);
        assertEquals(3, send(flows).size());
        final byte[] urgent = first.clone();
        urgent[14 + 1] = (byte) 0xB9;
        Frames.put16(urgent, 24, 0);
        Frames.put16(urgent, 24, ~Wire.sum(0, urgent, 14, 34) & 0xFFFF);
        final List<DatagramDevice.Message> classes = send(List.of(first, first, urgent, urgent));
        assertEquals(List.of(0, 0xB9), classes.stream().map(DatagramDevice.Message::trafficClass).toList());
        assertEquals(classes.getFirst().flow(), classes.getLast().flow());
        assertDatagrams(List.of(first, first, urgent, urgent), classes);
    }

    /** All fragments of a packet go one way, or they overtake each other. */
    @Test
    void shouldGiveFragmentsOneFlow() {
        final byte[] first = udp(1, 100);
        Frames.put16(first, 20, 0x2000);
        final byte[] later = udp(4711, 100);
        Frames.put16(later, 20, 0x0010);
        assertEquals(sendOne(first).flow(), sendOne(later).flow());
    }

    @Test
    void shouldSplitMessagesThatWouldBeTooMuch() {
        final byte[] small = OverlayHost.frame(MAC_A, MAC_R,
            Packets.tcp(A, 1, R, 2, Packets.ACK, 1, 1, new byte[130 * 8]));
        host.a().inject(Wire.virtioFor(small, 8), Wire.withPartialChecksum(small));
        host.fixture().doAllWork();
        final List<DatagramDevice.Message> messages = host.underlay().takeSent();
        assertEquals(List.of(64, 64, 2), messages.stream().map(message -> message.datagrams().size()).toList());
        final List<byte[]> frames = List.of(udp(1, 20_000), udp(1, 20_000), udp(1, 20_000), udp(1, 20_000));
        final List<DatagramDevice.Message> large = send(frames);
        assertEquals(List.of(3, 1), large.stream().map(message -> message.datagrams().size()).toList());
        assertDatagrams(frames, large);
        // Two of these are just as much as a message takes; two of those are a byte too long each.
        assertEquals(1, send(List.of(udp(1, 32_703), udp(1, 32_703))).size());
        assertEquals(2, send(List.of(udp(1, 32_704), udp(1, 32_704))).size());
    }

    /** More than the memory for one flush, and more messages than a queue takes. */
    @Test
    void shouldSendAnyNumberOfSegments() {
        final byte[] frame = OverlayHost.frame(MAC_A, MAC_R,
            Packets.tcp(A, 1, R, 2, Packets.ACK, 1, 1, new byte[16_000]));
        final byte[] partial = Wire.withPartialChecksum(frame);
        final List<byte[]> expected = new ArrayList<>();
        for (int i = 0; i < 14; i++) {
            host.a().inject(Wire.virtioFor(frame, 8), partial);
            expected.addAll(Wire.cut(new MemoryDevice.Frame(Wire.virtioFor(frame, 8), partial)));
        }
        host.fixture().doWork();
        final List<byte[]> sent = host.atVtep(VTEP1);
        assertEquals(expected.size(), sent.size());
        for (int i = 0; i < sent.size(); i++) {
            assertArrayEquals(expected.get(i), sent.get(i));
        }
        assertEquals(14, host.fixture().count(PORT_VTEP1, PortCounter.TX_FRAMES), "frames as they came");
    }

    @Test
    void shouldCompleteChecksumsInItsCopyOnly() throws CommandException {
        final byte[] frame = OverlayHost.frame(MAC_A, 0x0100_5E00_0001L,
            Packets.udp(A, 1, "224.0.0.1", 2, new byte[33]));
        final byte[] partial = Wire.withPartialChecksum(frame);
        host.a().inject(Wire.virtioFor(frame, 0), partial);
        host.fixture().doWork();
        assertArrayEquals(frame, host.atVtep(VTEP1).getFirst());
        assertArrayEquals(frame, host.atVtep(VTEP2).getFirst());
        final MemoryDevice.Frame local = host.b().takeSentWithHeaders().getFirst();
        assertArrayEquals(partial, local.bytes());
        assertArrayEquals(Wire.virtioFor(frame, 0), local.virtioHeader());
    }

    @Test
    void shouldCountWhatIsRefusedOnceForEachFrame() throws CommandException {
        final byte[] frame = OverlayHost.frame(MAC_A, MAC_R,
            Packets.tcp(A, 1, R, 2, Packets.ACK, 1, 1, new byte[3000]));
        host.underlay().refuse(message -> true, false);
        host.a().inject(Wire.virtioFor(frame, 10), Wire.withPartialChecksum(frame));
        host.a().inject(udp(1, 100));
        host.a().inject(udp(1, 100));
        host.fixture().doWork();
        assertEquals(Map.of(DropReason.EGRESS_REFUSED, 3L), host.fixture().allDrops());
        assertEquals(3, host.fixture().count(PORT_VTEP1, PortCounter.TX_DROPS));
        assertEquals(0, host.fixture().count(PORT_VTEP1, PortCounter.TX_BYTES));
        host.underlay().refuse(message -> message.bytes().length < 1000, false);
        host.a().inject(udp(1, 100));
        host.a().inject(udp(1, 2000));
        host.a().inject(udp(1, 100));
        host.fixture().doWork();
        // The second and the third one went together.
        assertEquals(Map.of(DropReason.EGRESS_REFUSED, 4L), host.fixture().allDrops());
        assertEquals(2, host.fixture().count(PORT_VTEP1, PortCounter.TX_FRAMES));
        assertEquals(0, host.fixture().events().poll((port, high, low) -> { }), "nothing was too big");
    }

    @Test
    void shouldTellWhenTheWayTakesLess() {
        host.underlay().refuse(message -> true, true);
        host.fromA(udp(1, 1400));
        final List<Integer> ports = new ArrayList<>();
        host.fixture().events().poll(new EventChannel.Handler() {
            @Override
            public void onNeighbourWanted(final int portIndex, final long high, final long low) {
                throw new AssertionError("no neighbour is wanted");
            }

            @Override
            public void onPathTooSmall(final int portIndex) {
                ports.add(portIndex);
            }
        });
        assertEquals(List.of(PORT_VTEP1), ports);
    }

    @Test
    void shouldRefuseEverythingWithoutAnUnderlay() throws CommandException {
        host.fixture().execute(new Command.RemovePort(OverlayHost.PORT_UNDERLAY, false));
        host.a().inject(udp(1, 100));
        host.a().inject(udp(1, 100));
        host.fixture().doWork();
        assertEquals(Map.of(DropReason.EGRESS_DOWN, 2L), host.fixture().allDrops());
        assertEquals(List.of(), host.underlay().takeSent());
    }

    private void assertDatagrams(final List<byte[]> expected, final List<DatagramDevice.Message> messages) {
        final List<byte[]> datagrams = messages.stream().flatMap(message -> message.datagrams().stream()).toList();
        assertEquals(expected.size(), datagrams.size());
        for (int i = 0; i < datagrams.size(); i++) {
            assertArrayEquals(DatagramDevice.vxlan(OverlayHost.VNI, expected.get(i)), datagrams.get(i), "frame " + i);
        }
    }

    private List<DatagramDevice.Message> send(final List<byte[]> frames) {
        frames.forEach(host.a()::inject);
        host.fixture().doAllWork();
        return host.underlay().takeSent();
    }

    private DatagramDevice.Message sendOne(final byte[] frame) {
        final List<DatagramDevice.Message> messages = send(List.of(frame));
        assertEquals(1, messages.size());
        return messages.getFirst();
    }

    private static byte[] udp(final int sourcePort, final int payloadBytes) {
        final byte[] payload = new byte[payloadBytes];
        Arrays.fill(payload, (byte) 0x5A);
        return OverlayHost.frame(MAC_A, MAC_R, Packets.udp(A, sourcePort, R, 2, payload));
    }
}
