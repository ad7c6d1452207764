package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.B;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.WORLD;

import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.command.CommandException;

/**
 * Services that many clients ask for a short while, on the injected clock: finished conversations must not keep new
 * ones away, nor established ones end. The share of an endpoint is {@link SwitchFixture#CONNTRACK}'s, far below the
 * number of clients.
 */
class BusyServiceTest {
    private static final int CLIENTS = 65_000;
    private static final long MINUTE_NS = TimeUnit.MINUTES.toNanos(1);
    private static final byte[] PAYLOAD = new byte[16];

    private final RoutedHost host;

    BusyServiceTest() throws CommandException {
        host = new RoutedHost();
        host.publish(Packets.UDP, null, 5000, 5000, B, 53);
        host.publish(Packets.TCP, null, 8000, 8000, B, 80);
        assertTrue(SwitchFixture.CONNTRACK.perPortLimit() < CLIENTS / 10);
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldAnswerEveryQuestionToAPublishedPort() {
        for (int i = 0; i < CLIENTS; i++) {
            host.fromWire(Packets.udp(client(i), port(i), HOST, 5000, PAYLOAD));
            host.atB();
            host.fromB(Packets.udp(B, 53, client(i), port(i), PAYLOAD));
            assertEquals(5000, Packets.sourcePortOf(host.atWire()), "answer to client " + i);
            host.fixture().advanceNanos(MINUTE_NS / CLIENTS);
        }
    }

    @Test
    void shouldServeEveryShortConnectionToAPublishedPort() {
        for (int i = 0; i < CLIENTS; i++) {
            serve(client(i), port(i));
            host.fixture().advanceNanos(MINUTE_NS / CLIENTS);
        }
    }

    /** A resolver is asked from one port for each question; meanwhile another conversation goes on. */
    @Test
    void shouldLetAnEndpointAskOn() {
        host.fromA(Packets.udp(A, 999, WORLD, 9000, PAYLOAD));
        final int kept = Packets.sourcePortOf(host.atWire());
        for (int i = 0; i < 4 * SwitchFixture.CONNTRACK.perPortLimit(); i++) {
            if (i % 100 == 0) {
                host.fromWire(Packets.udp(WORLD, 9000, HOST, kept, PAYLOAD));
                host.atA();
                host.fromA(Packets.udp(A, 999, WORLD, 9000, PAYLOAD));
                assertEquals(kept, Packets.sourcePortOf(host.atWire()), "the stream is not disturbed");
                host.fixture().advanceSeconds(3);
            }
            host.fromA(Packets.udp(A, 1024 + i, WORLD, 53, PAYLOAD));
            final int port = Packets.sourcePortOf(host.atWire());
            host.fromWire(Packets.udp(WORLD, 53, HOST, port, PAYLOAD));
            host.atA();
        }
    }

    private void serve(final String client, final int port) {
        tcp(client, port, true, Packets.SYN, 100, 0);
        tcp(client, port, false, Packets.SYN | Packets.ACK, 500, 101);
        tcp(client, port, true, Packets.ACK, 101, 501);
        tcp(client, port, false, Packets.FIN | Packets.ACK, 501, 101);
        tcp(client, port, true, Packets.FIN | Packets.ACK, 101, 502);
        tcp(client, port, false, Packets.ACK, 502, 102);
    }

    private void tcp(final String client, final int port, final boolean fromClient, final int flags,
                     final int sequence, final int acknowledgement) {
        if (fromClient) {
            host.fromWire(
                Packets.tcp(client, port, HOST, 8000, flags, sequence, acknowledgement, new byte[0]));
            host.atB();
        } else {
            host.fromB(Packets.tcp(B, 80, client, port, flags, sequence, acknowledgement, new byte[0]));
            host.atWire();
        }
    }

    private static String client(final int i) {
        return "203.0." + i % 113 + "." + (1 + i / 113 % 250);
    }

    private static int port(final int i) {
        return 1024 + i % 60_000;
    }
}
