package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.A6;
import static org.sluice.datapath.RoutedHost.B;
import static org.sluice.datapath.RoutedHost.GATEWAY;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.HOST6;
import static org.sluice.datapath.RoutedHost.WORLD;
import static org.sluice.datapath.RoutedHost.WORLD6;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;

/**
 * Hostile packets through the layer-3 path, from an endpoint and from the wire, in two switches that must agree
 * although different bytes lie behind each frame: what is not the packet's must not matter.
 */
class RoutingFuzzTest {
    private static final int PACKETS = 600_000;
    private static final int BURST = 32;

    private final Random random = new Random(20_261_121);
    private final byte[] payload = new byte[24];
    private final List<byte[]> fromEndpoint = List.of(
        Packets.tcp(A, 50_001, WORLD, 80, Packets.SYN, 100, 0, payload),
        Packets.tcp(A, 50_001, WORLD, 80, Packets.ACK, 125, 501, payload),
        Packets.tcp(A, 50_001, WORLD, 80, Packets.FIN | Packets.ACK, 149, 501, payload),
        Packets.tcp(A, 50_001, WORLD, 80, Packets.RST, 149, 0, new byte[0]),
        Packets.tcp(A6, 50_001, WORLD6, 80, Packets.SYN, 100, 0, payload),
        Packets.udp(A, 1234, WORLD, 53, payload),
        Packets.udp(A6, 1234, WORLD6, 53, payload),
        Packets.udp(A, 1234, HOST, 5000, payload),
        Packets.udp(A, 1234, GATEWAY, 5000, payload),
        Packets.udp(A, 1234, "10.1.0.2", 53, payload),
        Packets.echo(A, WORLD, true, 9, 24),
        Packets.echo(A6, WORLD6, true, 9, 24),
        Packets.icmpError(A, WORLD, 3, 3, 0, Packets.udp(WORLD, 53, A, 1234, payload)),
        Packets.icmpError(A, WORLD, 13, 0, 0, payload),
        Packets.withTtl(Packets.udp(A, 1234, WORLD, 33_434, payload), 1),
        Packets.udp(A, 7, WORLD, 7, new byte[1600]),
        Packets.rawIp(A, WORLD, 47, payload),
        Packets.rawIp(A, WORLD, 132, payload),
        Fragments.of(Packets.udp(A, 1234, WORLD, 53, new byte[64]), 7, 0, 40),
        Fragments.of(Packets.udp(A, 1234, WORLD, 53, new byte[64]), 7, 40, 72));
    private final List<byte[]> fromWire = List.of(
        Packets.tcp(WORLD, 80, HOST, 50_001, Packets.SYN | Packets.ACK, 500, 125, new byte[0]),
        Packets.tcp(WORLD, 80, HOST, 50_001, Packets.ACK, 501, 125, payload),
        Packets.tcp(WORLD, 80, HOST, 50_001, Packets.RST | Packets.ACK, 501, 125, new byte[0]),
        Packets.tcp(WORLD6, 80, HOST6, 50_001, Packets.SYN | Packets.ACK, 500, 125, new byte[0]),
        Packets.tcp(WORLD, 4000, HOST, 8080, Packets.SYN, 1, 0, new byte[0]),
        Packets.udp(WORLD, 4000, HOST, 5000, payload),
        Packets.udp(WORLD, 4000, B, 5000, payload),
        Packets.udp(A, 4000, HOST, 5000, payload),
        Packets.icmpError("203.0.113.9", HOST, 11, 0, 0, Packets.tcp(HOST, 50_001, WORLD, 80, Packets.ACK, 125, 501,
            new byte[0])),
        Packets.icmpError(WORLD, HOST, 3, 4, 1400, Packets.tcp(HOST, 50_001, WORLD, 80, Packets.ACK, 125, 501,
            payload)),
        Packets.icmpError(WORLD6, HOST6, 2, 0, 1280, Packets.tcp(HOST6, 50_001, WORLD6, 80, Packets.SYN, 100, 0,
            payload)),
        Fragments.of(Packets.udp(WORLD, 4000, HOST, 5000, new byte[64]), 9, 0, 40),
        Fragments.of(Packets.udp(WORLD, 4000, HOST, 5000, new byte[64]), 9, 40, 72));

    @Test
    void shouldSurviveAndAgree() throws CommandException {
        try (RoutedHost first = new RoutedHost(); RoutedHost second = new RoutedHost()) {
            prepare(first, (byte) 0x00);
            prepare(second, (byte) 0xFF);
            long sent = 0;
            for (int injected = 0; injected < PACKETS; injected += BURST) {
                final boolean wire = random.nextBoolean();
                for (int i = 0; i < BURST; i++) {
                    final byte[] frame = frame(wire);
                    (wire ? first.uplink() : first.a()).inject(frame);
                    (wire ? second.uplink() : second.a()).inject(frame);
                }
                first.fixture().doWork();
                second.fixture().doWork();
                sent += compare(first.a(), second.a()) + compare(first.b(), second.b())
                    + compare(first.uplink(), second.uplink()) + compare(first.host(), second.host());
                if (random.nextInt(100) == 0) {
                    first.fixture().advanceSeconds(20);
                    second.fixture().advanceSeconds(20);
                }
                assertEquals(List.of(), first.fixture().errors());
            }
            assertEquals(first.fixture().allDrops(), second.fixture().allDrops());
            assertEquals(first.fixture().connections().size(), second.fixture().connections().size());
            assertTrue(sent > PACKETS / 20, "sent " + sent);
            assertReached(first);
        }
    }

    /** The fuzz must have reached what it is for. */
    private static void assertReached(final RoutedHost host) {
        final Set<DropReason> missed = EnumSet.range(DropReason.VLAN_NOT_ROUTED, DropReason.NEIGHBOUR_UNREACHABLE);
        // These need another topology, or a table that is full, or a neighbour that is not there.
        missed.removeAll(EnumSet.of(DropReason.VLAN_NOT_ROUTED, DropReason.CONNTRACK_CLASH,
            DropReason.NETWORK_INTERNAL, DropReason.ICC_DISABLED, DropReason.NEIGHBOUR_QUEUE_FULL,
            DropReason.NEIGHBOUR_UNREACHABLE, DropReason.NAT_PORTS_EXHAUSTED, DropReason.CONNTRACK_FULL,
            DropReason.CONNTRACK_PORT_LIMIT, DropReason.NAT_NO_ADDRESS, DropReason.FRAGMENT_TABLE_FULL,
            DropReason.INGRESS_MISMATCH, DropReason.NAT_UPLINK_CHANGED));
        missed.removeAll(host.fixture().allDrops().keySet());
        assertEquals(Set.of(), missed);
    }

    private static void prepare(final RoutedHost host, final byte tail) throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        host.publish(Packets.TCP, HOST, 8000, 8100, B, 80);
        for (final MemoryDevice device : new MemoryDevice[] {host.a(), host.b(), host.uplink(), host.host()}) {
            device.tail(tail);
            device.takeSent();
        }
    }

    private static int compare(final MemoryDevice first, final MemoryDevice second) {
        final List<byte[]> left = first.takeSent();
        final List<byte[]> right = second.takeSent();
        assertEquals(left.size(), right.size());
        for (int i = 0; i < left.size(); i++) {
            assertArrayEquals(left.get(i), right.get(i));
        }
        return left.size();
    }

    private byte[] frame(final boolean wire) {
        final List<byte[]> seeds = wire ? fromWire : fromEndpoint;
        byte[] packet = seeds.get(random.nextInt(seeds.size())).clone();
        for (int flips = random.nextInt(4); flips > 0; flips--) {
            final int at = random.nextInt(packet.length);
            packet[at] = random.nextBoolean() ? (byte) random.nextInt() : (byte) (packet[at] ^ 1 << random.nextInt(8));
        }
        if (random.nextInt(8) == 0) {
            packet = Arrays.copyOf(packet, 1 + random.nextInt(packet.length));
        }
        if (packet.length >= 20 && packet[0] == 0x45 && random.nextInt(8) != 0) {
            // Otherwise hardly any would get past the header's checksum.
            Packets.withHeaderChecksum(packet);
        }
        final long source = wire ? RoutedHost.MAC_ROUTER : RoutedHost.MAC_A;
        final long destination = wire ? RoutedHost.MAC_NIC : RoutedHost.MAC_GATEWAY;
        final int type = packet[0] >>> 4 == 6 ? 0x86DD : 0x0800;
        return Frames.ethernet(destination, source, type, packet);
    }
}
