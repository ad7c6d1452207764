package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.datapath.Packets.assertChecksumsRight;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.A6;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.HOST6;
import static org.sluice.datapath.RoutedHost.WORLD;
import static org.sluice.datapath.RoutedHost.WORLD6;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.MemoryPoller;
import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.nat.NatPorts;

/** What holds for any packet: out and back it is what it was, checksums are right, no tuple is used twice. */
class NatPropertyTest {
    private final Random random = new Random(42);
    private final RoutedHost host = new RoutedHost();

    NatPropertyTest() throws CommandException {
        // The host stands ready.
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldGiveBackAnyPacketAsItWasWithRightChecksums() throws CommandException {
        for (int round = 0; round < 20_000; round++) {
            if (round % 100 == 0) {
                host.fixture().execute(new Command.FlushConntrack(ConntrackFilter.ALL, 0, false));
            }
            final boolean v4 = random.nextBoolean();
            final String inside = v4 ? A : A6;
            final String outside = v4 ? WORLD : WORLD6;
            final byte[] payload = new byte[random.nextInt(64)];
            random.nextBytes(payload);
            final int port = 1 + random.nextInt(65_535);
            final int kind = random.nextInt(3);
            host.fromA(packet(kind, inside, port, outside, 1 + random.nextInt(1024), payload, true));
            final byte[] out = host.atWire();
            assertChecksumsRight(out);
            assertEquals(v4 ? HOST : HOST6, Packets.sourceOf(out));
            final int translated = kind == 2 ? Frames.get16(out, Packets.l4Of(out) + 4) : Packets.sourcePortOf(out);
            final int remotePort = Packets.destinationPortOf(out);
            host.fromWire(packet(kind, outside, remotePort, v4 ? HOST : HOST6, translated, payload, false));
            final byte[] in = host.atA();
            assertChecksumsRight(in);
            assertArrayEquals(Packets.withTtl(packet(kind, outside, remotePort, inside, port, payload, false), 63), in);
        }
        assertEquals(Map.of(), host.fixture().allDrops());
    }

    private static byte[] packet(final int kind, final String from, final int sourcePort, final String to,
                                 final int destinationPort, final byte[] payload, final boolean opening) {
        return switch (kind) {
            case 0 -> Packets.udp(from, sourcePort, to, destinationPort, payload);
            case 1 -> Packets.tcp(from, sourcePort, to, destinationPort,
                opening ? Packets.SYN : Packets.SYN | Packets.ACK, 7, opening ? 0 : 8 + payload.length, payload);
            default -> Packets.echo(from, to, opening, opening ? sourcePort : destinationPort, payload.length);
        };
    }

    @Test
    void shouldNeverUseATranslatedTupleTwice() {
        final Set<Integer> ports = new HashSet<>();
        int opened = 0;
        for (int port = 1; port <= 100; port++) {
            host.fromA(Packets.udp(A, port, WORLD, 53, new byte[1]));
            host.fromB(Packets.udp(RoutedHost.B, port, WORLD, 53, new byte[1]));
            for (final byte[] frame : host.uplink().takeSent()) {
                opened++;
                assertTrue(ports.add(Packets.sourcePortOf(Packets.packetOf(frame))), "used twice");
            }
        }
        assertEquals(200, opened);
    }

    @Test
    void shouldRunOutOfPortsForOneDestinationOnlyAndCountIt() throws CommandException {
        final SwitchFixture small =
            new SwitchFixture(new MemoryPoller(), new NatPorts(60_000, 60_031));
        try (RoutedHost scarce = new RoutedHost(small, DomainPolicy.OPEN)) {
            for (int port = 1; port <= 60; port++) {
                scarce.fromA(Packets.udp(A, port, WORLD, 53, new byte[1]));
            }
            assertTrue(small.drops(DropReason.NAT_PORTS_EXHAUSTED) > 20);
            assertEquals(1, small.errors().size(), "told once");
            small.errors().clear();
            scarce.uplink().takeSent();
            scarce.fromA(Packets.udp(A, 1, "198.51.100.8", 53, new byte[1]));
            scarce.atWire();
            // Another endpoint takes a port from the one that has them all.
            scarce.fromB(Packets.udp(RoutedHost.B, 1, WORLD, 53, new byte[1]));
            scarce.atWire();
        }
    }

    @Test
    void shouldTranslatePartialChecksumsByTheAddressesAlone() {
        final byte[] packet = Packets.tcp(A, 1234, WORLD, 80, Packets.SYN, 1, 0, new byte[100]);
        // As a kernel leaves it: the sum of the pseudo-header, not complemented.
        Frames.put16(packet, 36, ~Frames.checksum(pseudoHeader(A, WORLD, 120), new byte[0]) & 0xFFFF);
        host.a().inject(Frames.hex("01 01 3600 6400 2200 1000"),
            Packets.frame(RoutedHost.MAC_GATEWAY, RoutedHost.MAC_A, packet));
        host.fixture().doWork();
        final MemoryDevice.Frame sent = host.uplink().takeSentWithHeaders().getFirst();
        assertArrayEquals(Frames.hex("01 01 3600 6400 2200 1000"), sent.virtioHeader());
        final byte[] out = Packets.packetOf(sent.bytes());
        assertEquals(~Frames.checksum(pseudoHeader(HOST, WORLD, 120), new byte[0]) & 0xFFFF, Frames.get16(out, 36));
    }

    private static long pseudoHeader(final String source, final String destination, final int length) {
        long sum = 6 + length;
        for (final String address : new String[] {source, destination}) {
            final UnsafeBuffer bytes = new UnsafeBuffer(Packets.address(address));
            sum += (bytes.getShort(0, ByteOrder.BIG_ENDIAN) & 0xFFFF)
                + (bytes.getShort(2, ByteOrder.BIG_ENDIAN) & 0xFFFF);
        }
        return sum;
    }

    @Test
    void shouldCarryFragmentsInAnyOrder() throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, RoutedHost.B, 53);
        final byte[] payload = new byte[20_000];
        random.nextBytes(payload);
        for (int round = 0; round < 200; round++) {
            final List<byte[]> out =
                new ArrayList<>(Fragments.all(Packets.udp(A, 1234, WORLD, 9, payload), round, 1480));
            Collections.shuffle(out, random);
            out.forEach(host::fromA);
            assertReassembled(host.uplink(), out.size(), HOST, WORLD, payload);
            final List<byte[]> in =
                new ArrayList<>(Fragments.all(Packets.udp(WORLD, 4000, HOST, 5000, payload), round, 1480));
            Collections.shuffle(in, random);
            in.forEach(host::fromWire);
            assertReassembled(host.b(), in.size(), WORLD, RoutedHost.B, payload);
            final List<byte[]> six =
                new ArrayList<>(Fragments.all(Packets.udp(A6, 1234, WORLD6, 9, payload), round, 1448));
            Collections.shuffle(six, random);
            six.forEach(host::fromA);
            assertEquals(six.size(), host.uplink().takeSent().size());
        }
        assertEquals(Map.of(), host.fixture().allDrops());
    }

    private static void assertReassembled(final MemoryDevice device, final int count, final String source,
                                          final String destination, final byte[] payload) {
        final List<byte[]> frames = device.takeSent();
        assertEquals(count, frames.size());
        final byte[] whole = new byte[payload.length + 8];
        for (final byte[] frame : frames) {
            final byte[] fragment = Packets.packetOf(frame);
            assertEquals(source, Packets.sourceOf(fragment));
            final int offset = (Frames.get16(fragment, 6) & 0x1FFF) * 8;
            System.arraycopy(fragment, 20, whole, offset, fragment.length - 20);
        }
        assertChecksumsRight(Packets.rawIp(source, destination, 17, whole));
        assertArrayEquals(payload, Arrays.copyOfRange(whole, 8, whole.length));
    }

    @Test
    void shouldDropOverlappingFragmentsAndBoundThoseThatWait() {
        final byte[] packet = Packets.udp(A, 1234, WORLD, 9, new byte[3000]);
        host.fromA(Fragments.of(packet, 1, 0, 1480));
        host.fromA(Fragments.of(packet, 1, 1472, 2960));
        host.fromA(Fragments.of(packet, 1, 2960, 4000));
        assertEquals(1, host.uplink().takeSent().size(), "only the one that came before the overlap");
        assertEquals(1, host.fixture().drops(DropReason.FRAGMENT_OVERLAPPING));
        assertEquals(1, host.fixture().drops(DropReason.FRAGMENT_OF_DROPPED_PACKET));
        for (int id = 100; id < 300; id++) {
            host.fromA(Fragments.of(packet, id, 1480, 2960));
        }
        host.assertSilence();
        assertEquals(200 - 64, host.fixture().drops(DropReason.FRAGMENT_TABLE_FULL));
        host.fixture().advanceSeconds(31);
        host.fixture().doWork();
        assertEquals(64, host.fixture().drops(DropReason.FRAGMENT_EXPIRED));
        host.fromA(Packets.udp(A, 1234, WORLD, 9, new byte[1]));
        host.atWire();
    }

    @Test
    void shouldKeepEstablishedConnectionsThroughAFlood() throws CommandException {
        host.publish(Packets.TCP, null, 80, 80, RoutedHost.B, 80);
        host.fromA(Packets.tcp(A, 50_001, WORLD, 80, Packets.SYN, 1, 0, new byte[0]));
        host.fromWire(Packets.tcp(WORLD, 80, HOST, 50_001, Packets.SYN | Packets.ACK, 1, 2, new byte[0]));
        host.fromA(Packets.tcp(A, 50_001, WORLD, 80, Packets.ACK, 2, 2, new byte[0]));
        host.uplink().takeSent();
        host.a().takeSent();
        for (int i = 0; i < 20_000; i++) {
            host.fromWire(Packets.tcp("198.18." + (i >>> 8 & 0xFF) + "." + (i & 0xFF), 1024 + i % 60_000, HOST, 80,
                Packets.SYN, i, 0, new byte[0]));
            host.fromA(Packets.udp(A, 1 + i, "198.18.0.1", 9, new byte[1]));
        }
        assertTrue(host.fixture().connections().size() <= SwitchFixture.CONNTRACK.capacity());
        host.uplink().takeSent();
        host.fromA(Packets.tcp(A, 50_001, WORLD, 80, Packets.ACK, 2, 2, new byte[10]));
        assertEquals(50_001, Packets.sourcePortOf(host.atWire()));
        host.fromWire(Packets.tcp(WORLD, 80, HOST, 50_001, Packets.ACK, 2, 12, new byte[10]));
        host.atA();
    }
}
