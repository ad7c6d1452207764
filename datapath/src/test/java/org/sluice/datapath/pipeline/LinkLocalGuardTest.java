package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.sluice.datapath.RoutedHost.MAC_A;
import static org.sluice.datapath.RoutedHost.MAC_B;
import static org.sluice.datapath.RoutedHost.MAC_GATEWAY;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.bridge.LinkLocalOwners;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;

/** Whom an endpoint may speak for at IPv6 link-local addresses: itself. Addresses are written as 32 hex digits. */
class LinkLocalGuardTest {
    private static final long MAC_ALL_NODES = 0x3333_0000_0001L;
    private static final String ALL_NODES = "ff020000000000000000000000000001";
    private static final String UNSPECIFIED = "0".repeat(32);
    private static final String OF_A = ofMac(MAC_A);
    private static final String OF_B = ofMac(MAC_B);
    private static final String OF_HOST = ofMac(MAC_GATEWAY);
    private static final String STABLE = linkLocal(0x1234_5678_9ABC_DEF0L);

    private final RoutedHost host;

    LinkLocalGuardTest() throws CommandException {
        host = new RoutedHost();
    }

    @AfterEach
    void close() {
        host.close();
    }

    private static String linkLocal(final long low) {
        return String.format("fe80000000000000%016x", low);
    }

    private static String ofMac(final long mac) {
        return linkLocal(LinkLocalOwners.ofMac(mac));
    }

    private static byte[] advertisement(final long mac, final String owner) {
        return Frames.ethernet(MAC_ALL_NODES, mac, 0x86DD, Frames.ipv6(owner, ALL_NODES, 58, 255,
            Frames.icmpv6(owner, ALL_NODES, "88 00 0000 20000000" + owner + String.format("0201%012x", mac))));
    }

    /** Duplicate address detection, RFC 4862, 5.4. */
    private static byte[] test(final long mac, final String target) {
        return Frames.ethernet(MAC_ALL_NODES, mac, 0x86DD, Frames.ipv6(UNSPECIFIED, ALL_NODES, 58, 255,
            Frames.icmpv6(UNSPECIFIED, ALL_NODES, "87 00 0000 00000000" + target)));
    }

    private void fromA(final byte[] frame) {
        host.a().inject(frame);
        host.fixture().doWork();
    }

    private void fromB(final byte[] frame) {
        host.b().inject(frame);
        host.fixture().doWork();
    }

    @Test
    void shouldKnowTheAddressOfAMac() {
        assertEquals(0x0042_0AFF_FE00_0002L, LinkLocalOwners.ofMac(0x0242_0A00_0002L));
    }

    @Test
    void shouldLetAnEndpointSpeakForItsMacsAddressAndOneThatItUsesFirst() {
        fromA(test(MAC_A, OF_A));
        fromA(advertisement(MAC_A, OF_A));
        fromA(test(MAC_A, STABLE));
        fromA(advertisement(MAC_A, STABLE));
        assertEquals(Map.of(), host.fixture().allDrops());
    }

    @Test
    void shouldNotLetItSpeakForNeighboursNorTheHost() {
        fromB(test(MAC_B, STABLE));
        for (final String other : List.of(OF_B, STABLE, OF_HOST)) {
            fromA(advertisement(MAC_A, other));
            fromA(test(MAC_A, other));
        }
        assertEquals(Map.of(DropReason.SOURCE_IPV6_SPOOFED, 3L, DropReason.ND_SPOOFED, 3L),
            host.fixture().allDrops());
    }

    @Test
    void shouldLetTheHostTakeWhatIsItsOwn() {
        fromA(advertisement(MAC_A, STABLE));
        host.host().inject(advertisement(MAC_GATEWAY, STABLE));
        host.fixture().doWork();
        assertEquals(Map.of(), host.fixture().allDrops());
        fromA(advertisement(MAC_A, STABLE));
        assertEquals(Map.of(DropReason.SOURCE_IPV6_SPOOFED, 1L), host.fixture().allDrops());
    }

    @Test
    void shouldBoundWhatAnEndpointClaims() {
        for (int i = 0; i < 100; i++) {
            fromA(advertisement(MAC_A, linkLocal(1000 + i)));
        }
        assertEquals(Map.of(DropReason.SOURCE_IPV6_SPOOFED, 96L), host.fixture().allDrops());
        fromA(advertisement(MAC_A, linkLocal(1000)));
        fromA(advertisement(MAC_A, OF_A));
        assertEquals(96, host.fixture().drops(DropReason.SOURCE_IPV6_SPOOFED));
    }

    /** The standard knows no other link-local addresses than fe80::/64. */
    @Test
    void shouldRefuseOtherLinkLocalPrefixes() {
        fromA(advertisement(MAC_A, "fe80000000000001" + OF_A.substring(16)));
        assertEquals(Map.of(DropReason.SOURCE_IPV6_SPOOFED, 1L), host.fixture().allDrops());
    }
}
