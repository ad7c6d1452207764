package org.sluice.datapath.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static org.sluice.datapath.OverlayHost.A;
import static org.sluice.datapath.OverlayHost.A6;
import static org.sluice.datapath.OverlayHost.MAC_A;
import static org.sluice.datapath.OverlayHost.MAC_B;
import static org.sluice.datapath.OverlayHost.MAC_GATEWAY;
import static org.sluice.datapath.OverlayHost.MAC_R;
import static org.sluice.datapath.OverlayHost.R;
import static org.sluice.datapath.OverlayHost.R6;
import static org.sluice.datapath.OverlayHost.VNI;
import static org.sluice.datapath.OverlayHost.VTEP1;
import static org.sluice.datapath.OverlayHost.VTEP2;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.DatagramDevice;
import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.Wire;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;

/**
 * Hostile datagrams from the underlay, and hostile frames for the tunnel: nothing raises an exception, and every frame
 * is either delivered or counted by a reason. Two switches that see the same with different bytes behind it must agree.
 */
class TunnelFuzzTest {
    private static final int DATAGRAMS = 150_000;
    private static final int BURST = 16;

    private final Random random = new Random(20_261_122);
    private final byte[] payload = new byte[60];
    private final List<byte[]> fromRemote = List.of(
        OverlayHost.frame(MAC_R, MAC_A, Packets.udp(R, 7, A, 7, payload)),
        OverlayHost.frame(MAC_R, MAC_A, Packets.udp(R6, 7, A6, 7, payload)),
        OverlayHost.frame(MAC_R, MAC_A, Packets.tcp(R, 7, A, 7, Packets.ACK, 1, 1, payload)),
        OverlayHost.frame(MAC_R, MAC_A, Packets.tcp(R6, 7, A6, 7, Packets.ACK, 1, 1, payload)),
        OverlayHost.frame(MAC_R, MAC_A, Packets.tcp(R, 7, A, 7, Packets.ACK, 61, 1, payload)),
        OverlayHost.frame(MAC_R, MAC_A, Packets.tcp(R, 7, A, 7, Packets.ACK, 1, 1, 500, new byte[12], payload)),
        OverlayHost.frame(MAC_R, MAC_A, Packets.tcp(R, 7, A, 7, Packets.FIN, 1, 1, new byte[0])),
        Wire.withPartialChecksum(OverlayHost.frame(MAC_R, MAC_A,
            Packets.tcp(R, 7, A, 7, Packets.ACK, 1, 1, new byte[3000]))),
        Wire.withPartialChecksum(OverlayHost.frame(MAC_R, MAC_A, Packets.udp(R6, 7, A6, 7, new byte[500]))),
        OverlayHost.frame(MAC_R, Frames.BROADCAST, Packets.udp(R, 7, "10.0.0.255", 7, payload)),
        OverlayHost.frame(OverlayHost.MAC_S, MAC_B, Packets.echo(OverlayHost.S, OverlayHost.B, true, 1, 20)),
        OverlayHost.frame(MAC_R, MAC_GATEWAY, Packets.echo(R, OverlayHost.GATEWAY, true, 1, 20)),
        OverlayHost.frame(MAC_A, MAC_B, Packets.udp(A, 7, OverlayHost.B, 7, payload)),
        OverlayHost.frame(MAC_R, 0x0242_0A00_0077L, Packets.udp(R, 7, "10.0.0.77", 7, payload)),
        Frames.ethernet(MAC_A, MAC_R, 0x88B5, payload),
        Frames.ethernet(Frames.BROADCAST, MAC_R, 0x0806,
            Frames.arp(1, MAC_R, Packets.ipv4(R), 0, Packets.ipv4(A))),
        Frames.ethernet(0x3333_FF00_0002L, MAC_R, 0x86DD, Frames.ipv6("fd000000000000000000000000000021",
            "ff0200000000000000000001ff000002", 58, 255, Frames.icmpv6("fd000000000000000000000000000021",
            "ff0200000000000000000001ff000002", "87 00 0000 00000000 fd000000000000000000000000000002"))),
        Frames.ethernet(MAC_A, MAC_R, 0x8100,
            Frames.concat(Frames.hex("0064 0800"), Packets.udp(R, 7, A, 7, payload))));

    @Test
    void shouldAccountForEveryDatagram() throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.putRemote(OverlayHost.PORT_VTEP1, OverlayHost.IDENTITY_R);
            long lost = 0;
            long delivered = 0;
            for (int i = 0; i < DATAGRAMS; i++) {
                host.underlay().inject(new DatagramDevice.Message(peer(), random.nextInt(20) == 0 ? 3 : 0, 0, 0,
                    mutated(datagram())));
                host.fixture().doWork();
                final int out = host.a().takeSent().size() + host.b().takeSent().size()
                    + host.host().takeSent().size() + host.underlay().takeSent().size();
                final long lostNow = host.fixture().allDrops().values().stream().mapToLong(Long::longValue).sum();
                assertTrue(out > 0 || lostNow > lost, "neither delivered nor counted");
                delivered += out;
                lost = lostNow;
                assertEquals(List.of(), host.fixture().errors());
            }
            assertTrue(delivered > DATAGRAMS / 10, "delivered " + delivered);
            final Set<DropReason> missed = EnumSet.range(DropReason.VXLAN_MALFORMED, DropReason.OVERLAY_VLAN);
            missed.removeAll(host.fixture().allDrops().keySet());
            assertEquals(Set.of(), missed);
        }
    }

    @Test
    void shouldSurviveTrainsAndAgree() throws CommandException {
        try (OverlayHost first = new OverlayHost(); OverlayHost second = new OverlayHost()) {
            prepare(first, (byte) 0x00);
            prepare(second, (byte) 0xFF);
            long delivered = 0;
            for (int injected = 0; injected < DATAGRAMS; injected += BURST) {
                for (int i = 0; i < BURST; i++) {
                    final DatagramDevice.Message message = train();
                    first.underlay().inject(message);
                    second.underlay().inject(message);
                }
                first.fixture().doWork();
                second.fixture().doWork();
                assertEquals(List.of(), first.fixture().errors());
                delivered += compare(first, second);
            }
            assertEquals(first.fixture().allDrops(), second.fixture().allDrops());
            assertTrue(delivered > DATAGRAMS / 2, "delivered " + delivered);
        }
    }

    /** What an endpoint sends, with a virtio-net header of its own choice, into the tunnel. */
    @Test
    void shouldSurviveWhatAnEndpointSendsAndAgree() throws CommandException {
        final List<byte[]> seeds = List.of(
            OverlayHost.frame(MAC_A, MAC_R, Packets.udp(A, 7, R, 7, payload)),
            OverlayHost.frame(MAC_A, MAC_R, Packets.udp(A6, 7, R6, 7, new byte[1500])),
            OverlayHost.frame(MAC_A, MAC_R, Packets.udp(A, 7, R, 7, new byte[1460])),
            Wire.withPartialChecksum(OverlayHost.frame(MAC_A, MAC_R,
                Packets.tcp(A, 7, R, 7, Packets.ACK, 1, 1, new byte[6000]))),
            Wire.withPartialChecksum(OverlayHost.frame(MAC_A, MAC_R,
                Packets.tcp(A6, 7, R6, 7, Packets.ACK, 1, 1, new byte[3000]))),
            Frames.ethernet(Frames.BROADCAST, MAC_A, 0x0806,
                Frames.arp(1, MAC_A, Packets.ipv4(A), 0, Packets.ipv4(OverlayHost.S))));
        try (OverlayHost first = new OverlayHost(); OverlayHost second = new OverlayHost()) {
            prepare(first, (byte) 0x00);
            prepare(second, (byte) 0xFF);
            long datagrams = 0;
            for (int injected = 0; injected < DATAGRAMS; injected += BURST) {
                for (int i = 0; i < BURST; i++) {
                    final byte[] seed = seeds.get(random.nextInt(seeds.size()));
                    final byte[] frame = mutated(seed);
                    final byte[] virtio = random.nextInt(3) == 0 || Wire.protocol(seed) == 0
                        ? new byte[10] : virtioFor(seed);
                    first.a().inject(virtio, frame);
                    second.a().inject(virtio, frame);
                }
                first.fixture().doWork();
                second.fixture().doWork();
                assertEquals(List.of(), first.fixture().errors());
                datagrams += compareMessages(first, second);
                compare(first, second);
            }
            assertEquals(first.fixture().allDrops(), second.fixture().allDrops());
            assertTrue(datagrams > DATAGRAMS / 2, "datagrams " + datagrams);
        }
    }

    private byte[] virtioFor(final byte[] seed) {
        if (seed[12] == 8 && seed[13] == 6) {
            return new byte[10];
        }
        final byte[] virtio = Wire.virtioFor(seed, random.nextInt(3) * (1 + random.nextInt(1450)));
        if (random.nextInt(4) == 0) {
            virtio[random.nextInt(10)] = (byte) random.nextInt();
        }
        return virtio;
    }

    private static void prepare(final OverlayHost host, final byte tail) throws CommandException {
        host.putRemote(OverlayHost.PORT_VTEP1, OverlayHost.IDENTITY_R);
        host.underlay().tail(tail);
        host.a().tail(tail);
    }

    private String peer() {
        return switch (random.nextInt(20)) {
            case 0 -> "192.0.2.99";
            case 1, 2 -> VTEP2;
            default -> VTEP1;
        };
    }

    private byte[] datagram() {
        return DatagramDevice.vxlan(random.nextInt(20) == 0 ? random.nextInt(10) : VNI,
            fromRemote.get(random.nextInt(fromRemote.size())));
    }

    /** Several datagrams, or a super-frame, that say of themselves what may not be so. */
    private DatagramDevice.Message train() {
        final byte[] first = datagram();
        final List<byte[]> train = new ArrayList<>(List.of(first));
        final boolean stream = random.nextBoolean();
        for (int n = random.nextInt(12); n > 0; n--) {
            final byte[] next = stream ? first : datagram();
            train.add(next.length == first.length || random.nextInt(4) == 0 ? next : first);
        }
        if (stream && first[20] == 8 && first[31] == Packets.TCP) {
            for (int i = 0; i < train.size(); i++) {
                final byte[] segment = Arrays.copyOfRange(first, 8, first.length);
                Frames.put16(segment, 34 + 6, i * (segment.length - Wire.headerBytes(segment)));
                train.set(i, Frames.concat(Arrays.copyOf(first, 8), Wire.completed(segment)));
            }
        }
        final byte[] bytes = random.nextInt(3) == 0 ? Frames.concat(train.toArray(byte[][]::new))
            : mutated(Frames.concat(train.toArray(byte[][]::new)));
        final int segmentBytes = switch (random.nextInt(8)) {
            case 0 -> random.nextInt(200) - 10;
            case 1 -> first.length + random.nextInt(5) - 2;
            case 2 -> 0;
            default -> first.length;
        };
        return new DatagramDevice.Message(peer(), random.nextInt(10) == 0 ? random.nextInt(256) : 0, 0, segmentBytes,
            random.nextInt(4) == 0,
            bytes);
    }

    private byte[] mutated(final byte[] original) {
        byte[] bytes = original.clone();
        switch (random.nextInt(8)) {
            case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
            case 1 -> bytes = Arrays.copyOf(bytes, bytes.length + random.nextInt(100));
            default -> { }
        }
        for (int flips = random.nextInt(4); flips > 0 && bytes.length > 0; flips--) {
            // Mostly in the headers, and seldom in the MAC addresses.
            final int from = random.nextInt(6) == 0 ? 0 : Math.min(20, bytes.length - 1);
            final int to = random.nextInt(3) == 0 ? bytes.length : Math.min(bytes.length, 90);
            final int at = from + random.nextInt(Math.max(1, to - from));
            bytes[at] = random.nextBoolean() ? (byte) random.nextInt() : (byte) (bytes[at] ^ 1 << random.nextInt(8));
        }
        return bytes;
    }

    private static int compare(final OverlayHost first, final OverlayHost second) {
        int count = compareMessages(first, second);
        final MemoryDevice[] left = {first.a(), first.b(), first.host()};
        final MemoryDevice[] right = {second.a(), second.b(), second.host()};
        for (int port = 0; port < left.length; port++) {
            final List<MemoryDevice.Frame> frames = left[port].takeSentWithHeaders();
            final List<MemoryDevice.Frame> others = right[port].takeSentWithHeaders();
            assertEquals(frames.size(), others.size());
            for (int i = 0; i < frames.size(); i++) {
                assertArrayEquals(frames.get(i).bytes(), others.get(i).bytes());
                assertArrayEquals(frames.get(i).virtioHeader(), others.get(i).virtioHeader());
            }
            count += frames.size();
        }
        return count;
    }

    private static int compareMessages(final OverlayHost first, final OverlayHost second) {
        final List<DatagramDevice.Message> messages = first.underlay().takeSent();
        final List<DatagramDevice.Message> others = second.underlay().takeSent();
        assertEquals(messages.size(), others.size());
        int datagrams = 0;
        for (int i = 0; i < messages.size(); i++) {
            assertArrayEquals(messages.get(i).bytes(), others.get(i).bytes());
            assertEquals(messages.get(i).segmentBytes(), others.get(i).segmentBytes());
            final List<byte[]> cut = messages.get(i).datagrams();
            assertTrue(cut.size() <= Datagram.MAX_SEGMENTS);
            for (final byte[] datagram : cut) {
                assertTrue(datagram.length <= 8 + 14 + OverlayHost.MTU, "length " + datagram.length);
            }
            datagrams += cut.size();
        }
        return datagrams;
    }
}
