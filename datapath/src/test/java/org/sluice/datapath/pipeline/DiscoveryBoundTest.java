package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;

/** Endpoints that must not talk to each other still find each other, in frames too short to carry much else. */
class DiscoveryBoundTest {
    private static final int LONGEST = 96;
    private static final String A6 = "fd00000000000000 0000000000000002";
    private static final String B6 = "fd00000000000000 0000000000000003";

    private final RoutedHost host = new RoutedHost(new DomainPolicy(false, false, true));

    DiscoveryBoundTest() throws CommandException {
        // The host stands ready.
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldCarryArpBetweenEndpointsInShortFramesAlone() {
        assertBound(Frames.ethernet(RoutedHost.MAC_B, RoutedHost.MAC_A, 0x0806, Frames.arp(1, RoutedHost.MAC_A,
            Packets.ipv4(RoutedHost.A), 0, Packets.ipv4(RoutedHost.B))));
    }

    @Test
    void shouldCarryNeighbourDiscoveryBetweenEndpointsInShortFramesAlone() {
        final byte[] solicitation = Frames.icmpv6(A6, B6, "87 00 0000 00000000" + B6
            + String.format("0101%012x", RoutedHost.MAC_A));
        assertBound(Frames.ethernet(RoutedHost.MAC_B, RoutedHost.MAC_A, 0x86DD,
            Frames.ipv6(A6, B6, 58, 255, solicitation)));
    }

    private void assertBound(final byte[] frame) {
        send(Arrays.copyOf(frame, LONGEST));
        assertEquals(1, host.b().takeSent().size());
        send(Arrays.copyOf(frame, LONGEST + 1));
        assertEquals(0, host.b().takeSent().size());
        assertEquals(1, host.fixture().drops(DropReason.ICC_DISABLED), host.fixture().allDrops()::toString);
    }

    private void send(final byte[] frame) {
        host.a().inject(frame);
        host.fixture().doWork();
    }
}
