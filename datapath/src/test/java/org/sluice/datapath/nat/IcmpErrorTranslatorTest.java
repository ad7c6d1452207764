package org.sluice.datapath.nat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.WORLD;

import java.util.Arrays;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.command.CommandException;

/** What becomes of the packet that an ICMP error quotes. */
class IcmpErrorTranslatorTest {
    private static final int CLIENT_PORT = 1234;
    private static final int CHECKSUM_OFFSET = 26;

    @Test
    void shouldRestoreAChecksumThatIsZeroHalfWay() throws CommandException {
        try (RoutedHost host = new RoutedHost()) {
            host.fromA(Packets.udp(A, CLIENT_PORT, WORLD, 9, new byte[2]));
            final int natPort = Packets.sourcePortOf(host.atWire());
            assertNotEquals(CLIENT_PORT, natPort);
            // With the client's address, but still the translated port, its checksum is zero.
            final byte[] payload = payloadForZeroChecksum(A, natPort);
            assertRestored(host, payload);
        }
    }

    @Test
    void shouldNotTurnAChecksumIntoNone() throws CommandException {
        try (RoutedHost host = new RoutedHost()) {
            assertRestored(host, payloadForZeroChecksum(A, CLIENT_PORT));
        }
    }

    private static void assertRestored(final RoutedHost host, final byte[] payload) {
        final byte[] sent = Packets.udp(A, CLIENT_PORT, WORLD, 9, payload);
        host.fromA(sent);
        host.fromWire(Packets.icmpError(WORLD, HOST, 3, 3, 0, host.atWire()));
        final byte[] error = host.atA();
        assertArrayEquals(Packets.withTtl(sent, 63), Arrays.copyOfRange(error, 28, error.length));
    }

    private static byte[] payloadForZeroChecksum(final String source, final int port) {
        final byte[] payload = new byte[2];
        for (int value = 0; value < 0x1_0000; value++) {
            Frames.put16(payload, 0, value);
            if (Frames.get16(Packets.udp(source, port, WORLD, 9, payload), CHECKSUM_OFFSET) == 0xFFFF) {
                return payload;
            }
        }
        throw new AssertionError("no payload gives that checksum");
    }
}
