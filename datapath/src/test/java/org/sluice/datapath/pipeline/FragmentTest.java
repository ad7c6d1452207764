package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.A6;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.WORLD;
import static org.sluice.datapath.RoutedHost.WORLD6;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;

/** Which fragments belong together, and what a network does to them that must not lose the packet. */
class FragmentTest {
    private static final int SIZE = 1448;
    private static final int DESTINATION_OPTIONS = 60;

    private final RoutedHost host = new RoutedHost();

    FragmentTest() throws CommandException {
        // The host stands ready.
    }

    @AfterEach
    void close() {
        host.close();
    }

    /** Only the first fragment tells the protocol; the others have the number of the extension header. */
    @Test
    void shouldCarryFragmentsWhoseFragmentablePartBeginsWithAnExtensionHeader() {
        for (final int[] order : new int[][] {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}}) {
            final List<byte[]> parts = Fragments.all(behindDestinationOptions(), 7 + order[0], SIZE);
            for (final byte[] later : parts.subList(1, parts.size())) {
                later[40] = DESTINATION_OPTIONS;
            }
            for (final int part : order) {
                host.fromA(parts.get(part));
            }
            assertEquals(3, host.uplink().takeSent().size(), Arrays.toString(order));
        }
        assertEquals(Map.of(), host.fixture().allDrops());
    }

    /** RFC 8200, 4.5: the next header of later fragments may differ from the first one's, and is ignored. */
    @Test
    void shouldNotAskTheNextHeaderOfLaterFragments() {
        final List<byte[]> parts = Fragments.all(Packets.udp(A6, 1234, WORLD6, 9, new byte[4000]), 7, SIZE);
        parts.get(1)[40] = Packets.TCP;
        parts.forEach(host::fromA);
        assertEquals(3, host.uplink().takeSent().size());
        assertEquals(Map.of(), host.fixture().allDrops());
    }

    @Test
    void shouldDropADuplicateAloneAndCarryItsPacket() {
        for (final byte[] packet : List.of(Packets.udp(A, 1234, WORLD, 9, new byte[4000]),
            Packets.udp(A6, 1234, WORLD6, 9, new byte[4000]))) {
            final List<byte[]> parts = Fragments.all(packet, 7, SIZE);
            for (final int part : new int[] {0, 0, 1, 1, 2}) {
                host.fromA(parts.get(part));
            }
            assertEquals(3, host.uplink().takeSent().size());
        }
        assertEquals(Map.of(DropReason.FRAGMENT_DUPLICATE, 4L), host.fixture().allDrops());
    }

    @Test
    void shouldDropADuplicateOfAFragmentThatWaits() {
        final List<byte[]> parts = Fragments.all(Packets.udp(A, 1234, WORLD, 9, new byte[4000]), 7, SIZE);
        for (final int part : new int[] {2, 2, 1, 2, 0}) {
            host.fromA(parts.get(part));
        }
        assertEquals(3, host.uplink().takeSent().size());
        assertEquals(Map.of(DropReason.FRAGMENT_DUPLICATE, 2L), host.fixture().allDrops());
    }

    /** RFC 5722: a fragment with some bytes that are new and some that are not is no duplicate. */
    @Test
    void shouldStillEndAPacketWithAnOverlap() {
        final byte[] packet = Packets.udp(A, 1234, WORLD, 9, new byte[4000]);
        host.fromA(Fragments.of(packet, 1, 0, 1480));
        host.fromA(Fragments.of(packet, 1, 8, 1488));
        host.fromA(Fragments.of(packet, 1, 1480, 4008));
        assertEquals(1, host.uplink().takeSent().size());
        assertEquals(Map.of(DropReason.FRAGMENT_OVERLAPPING, 1L, DropReason.FRAGMENT_OF_DROPPED_PACKET, 1L),
            host.fixture().allDrops());
    }

    /** The kernel discards a packet whose last fragments disagree (net/ipv4/ip_fragment.c, ip_frag_queue). */
    @Test
    void shouldEndAPacketThatIsToldAnotherEnd() {
        for (final int other : new int[] {3000, 3400}) {
            for (final String from : List.of(A, A6)) {
                final String to = from.equals(A) ? WORLD : WORLD6;
                final byte[] longer = Packets.udp(from, 1234, to, 9, new byte[4000]);
                final byte[] shorter = Packets.udp(from, 1234, to, 9, new byte[other]);
                host.fromA(Fragments.of(longer, other, 0, 1448));
                host.fromA(Fragments.of(longer, other, 3600, 5000));
                host.fromA(Fragments.of(shorter, other, 2896, 5000));
                host.fromA(Fragments.of(longer, other, 1448, 2896));
            }
        }
        assertEquals(8, host.uplink().takeSent().size());
        assertEquals(Map.of(DropReason.FRAGMENT_BEYOND_END, 4L, DropReason.FRAGMENT_OF_DROPPED_PACKET, 4L),
            host.fixture().allDrops());
    }

    @Test
    void shouldDropWhatLiesBehindTheEndOfItsPacket() {
        final byte[] longer = Packets.udp(A, 1234, WORLD, 9, new byte[4000]);
        final byte[] shorter = Packets.udp(A, 1234, WORLD, 9, new byte[2000]);
        host.fromA(Fragments.of(shorter, 7, 0, 1448));
        host.fromA(Fragments.of(longer, 7, 2896, 3600));
        host.fromA(Fragments.of(shorter, 7, 1448, 5000));
        host.fromA(Fragments.of(shorter, 8, 1448, 5000));
        host.fromA(Fragments.of(longer, 8, 2896, 3600));
        assertEquals(2, host.uplink().takeSent().size());
        assertEquals(Map.of(DropReason.FRAGMENT_BEYOND_END, 2L, DropReason.FRAGMENT_OF_DROPPED_PACKET, 1L),
            host.fixture().allDrops());
    }

    /** The reason of the first fragment is the packet's; the later ones have not overlapped anything. */
    @Test
    void shouldNameTheDroppedPacketForTheFragmentsOfADroppedFirst() {
        Fragments.all(Packets.udp(RoutedHost.C, 1234, RoutedHost.B, 9, new byte[4000]), 7, SIZE).forEach(host::fromC);
        assertEquals(Map.of(DropReason.NETWORK_ISOLATED, 1L, DropReason.FRAGMENT_OF_DROPPED_PACKET, 2L),
            host.fixture().allDrops());
    }

    /** The other port's packets in progress are fewer than its share, so they stay through any number of new ones. */
    @Test
    void shouldKeepThePacketsOfAPortThroughAFloodOfFirstFragmentsFromAnother() throws CommandException {
        host.publish(Packets.UDP, null, 5000, 5000, RoutedHost.B, 53);
        final List<byte[]> parts = Fragments.all(Packets.udp(WORLD, 4000, HOST, 5000, new byte[4000]), 7, SIZE);
        final byte[] flood = Packets.udp(A, 1, WORLD, 9, new byte[3000]);
        host.fromWire(parts.get(0));
        for (int id = 0; id < 2000; id++) {
            host.fromA(Fragments.of(flood, id, 0, SIZE));
        }
        host.fromWire(parts.get(1));
        host.fromWire(parts.get(2));
        assertEquals(3, host.b().takeSent().size());
    }

    private static byte[] behindDestinationOptions() {
        final byte[] udp = Packets.udp(A6, 1234, WORLD6, 9, new byte[4000]);
        final byte[] options = Frames.hex("1100010400000000");
        return Packets.rawIp(A6, WORLD6, DESTINATION_OPTIONS,
            Frames.concat(options, Arrays.copyOfRange(udp, Packets.l4Of(udp), udp.length)));
    }
}
