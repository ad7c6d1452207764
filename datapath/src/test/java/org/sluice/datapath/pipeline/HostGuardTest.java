package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.A6;
import static org.sluice.datapath.RoutedHost.GATEWAY;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.HOST6;
import static org.sluice.datapath.RoutedHost.WORLD;
import static org.sluice.datapath.RoutedHost.WORLD6;

import java.util.Map;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;

/** What comes from the host into a network. */
class HostGuardTest {
    private static final byte[] PAYLOAD = {1, 2, 3};

    @Test
    void shouldTakeTheHostsOwnPacketsAndNoneThatItForwards() throws CommandException {
        try (RoutedHost host = new RoutedHost()) {
            for (final byte[] own : new byte[][] {Packets.udp(HOST, 1, A, 2, PAYLOAD),
                Packets.udp(GATEWAY, 1, A, 2, PAYLOAD), Packets.udp(HOST6, 1, A6, 2, PAYLOAD)}) {
                host.fromHostToA(own);
                assertArrayEquals(own, host.atA());
            }
            host.fromHostToA(Packets.udp(WORLD, 1, A, 2, PAYLOAD));
            host.fromHostToA(Packets.udp(WORLD6, 1, A6, 2, PAYLOAD));
            assertEquals(Map.of(DropReason.SOURCE_NOT_HOST, 2L), host.fixture().allDrops());
        }
    }

    @Test
    void shouldTakeWhatTheHostForwardsIntoANetworkThatTheWorldKnows() throws CommandException {
        try (RoutedHost host = new RoutedHost(new DomainPolicy(false, true, false))) {
            host.fromHostToA(Packets.udp(WORLD, 1, A, 2, PAYLOAD));
            assertEquals(A, Packets.destinationOf(host.atA()));
        }
    }
}
