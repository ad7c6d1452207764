package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.WORLD;

import java.util.Map;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.command.CommandException;

/** What frames of one burst do to each other. */
class BurstTest {
    private static final byte[] PAYLOAD = new byte[16];

    @Test
    void shouldCarryAnErrorBesideAPacketThatEndsAnotherConnection() throws CommandException {
        try (RoutedHost host = new RoutedHost()) {
            host.publish(Packets.UDP, null, 5000, 5000, A, 53);
            host.fromWire(Packets.udp(WORLD, 4000, HOST, 5000, PAYLOAD));
            host.atA();
            host.fixture().advanceSeconds(29);
            host.fromA(Packets.udp(A, 50_001, WORLD, 9, PAYLOAD));
            final byte[] out = host.atWire();
            // The first connection's time is up; it is still in the table, and is made anew.
            host.fixture().advanceSeconds(2);
            host.uplink().inject(Packets.frame(RoutedHost.MAC_NIC, RoutedHost.MAC_ROUTER,
                Packets.icmpError(WORLD, HOST, 3, 3, 0, out)));
            host.fromWire(Packets.udp(WORLD, 4000, HOST, 5000, PAYLOAD));
            assertEquals(2, host.a().takeSent().size());
            assertEquals(Map.of(), host.fixture().allDrops());
        }
    }
}
