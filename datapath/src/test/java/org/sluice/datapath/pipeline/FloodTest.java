package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.B;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.WORLD;

import java.util.List;
import java.util.Random;
import java.util.function.IntConsumer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.nat.PortsExhaustedException;

/** Floods from an endpoint and from the wire: tables stay bounded, an established connection of another goes on. */
class FloodTest {
    private static final int PACKETS = 30_000;
    private static final byte[] PAYLOAD = new byte[8];

    private final Random random = new Random(20);
    private final RoutedHost host;
    private int port;

    FloodTest() throws CommandException {
        host = new RoutedHost();
    }

    /** B has a connection to the world that has been answered. */
    @BeforeEach
    void establish() throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        host.publish(Packets.TCP, null, 8000, 8000, B, 80);
        host.fromB(Packets.udp(B, 1234, WORLD, 53, PAYLOAD));
        port = Packets.sourcePortOf(host.atWire());
        host.fromWire(Packets.udp(WORLD, 53, HOST, port, PAYLOAD));
        host.atB();
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldStandSyns() {
        flood(i -> host.fromA(Packets.tcp(A, i & 0xFFFF, address(), 80, Packets.SYN, i, 0, new byte[0])));
        flood(i -> host.fromWire(Packets.tcp(address(), i & 0xFFFF, HOST, 8000, Packets.SYN, i, 0, new byte[0])));
    }

    @Test
    void shouldStandDatagramsAndEchoes() {
        flood(i -> host.fromA(Packets.udp(A, i & 0xFFFF, address(), random.nextInt(65_536), PAYLOAD)));
        flood(i -> host.fromWire(Packets.udp(address(), i & 0xFFFF, HOST, 5000, PAYLOAD)));
        flood(i -> host.fromA(Packets.echo(A, address(), true, i & 0xFFFF, 8)));
        flood(i -> host.fromWire(Packets.echo(address(), HOST, false, i & 0xFFFF, 8)));
    }

    @Test
    void shouldStandFragments() {
        final byte[] packet = Packets.udp(A, 1, WORLD, 9, new byte[3000]);
        flood(i -> host.fromA(Fragments.of(packet, i, 1480, 2960)));
        flood(i -> host.fromWire(Fragments.of(Packets.udp(address(), 1, HOST, 5000, new byte[3000]), i, 1480, 2960)));
        flood(i -> host.fromA(Fragments.of(packet, i, 0, 1480)));
        assertTrue(host.fixture().drops(DropReason.FRAGMENT_TABLE_FULL)
            + host.fixture().drops(DropReason.FRAGMENT_EXPIRED) > 0);
    }

    /** Sends packets of one kind. Each is sent on, held, or lost for a reason that is counted. */
    private void flood(final IntConsumer packet) {
        for (int i = 0; i < PACKETS; i++) {
            packet.accept(i);
            if (i % 64 == 0) {
                host.uplink().takeSent();
                host.a().takeSent();
                host.b().takeSent();
                host.host().takeSent();
                host.fixture().events().poll((portIndex, high, low) -> { });
            }
        }
        host.uplink().takeSent();
        host.b().takeSent();
        assertTrue(host.fixture().connections().size() <= SwitchFixture.CONNTRACK.capacity());
        host.fromB(Packets.udp(B, 1234, WORLD, 53, PAYLOAD));
        assertEquals(port, Packets.sourcePortOf(host.atWire()), "the established connection goes on");
        host.fromWire(Packets.udp(WORLD, 53, HOST, port, PAYLOAD));
        host.atB();
        // That ports have run out is told once; nothing else is wrong.
        host.fixture().errors().removeIf(PortsExhaustedException.class::isInstance);
        assertEquals(List.of(), host.fixture().errors());
    }

    private String address() {
        return "203." + random.nextInt(113) + "." + random.nextInt(256) + "." + (1 + random.nextInt(250));
    }
}
