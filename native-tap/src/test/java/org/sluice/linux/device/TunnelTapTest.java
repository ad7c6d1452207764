package org.sluice.linux.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.linux.bpf.TunnelSteering;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.testbed.RequiresRoot;

/** The tunnels' TAPs and their steering on a veth: what the switch gets, and what the host keeps. */
@RequiresRoot
class TunnelTapTest {
    private static final String[][] FAMILIES = {{TunnelHost.NEAR4, TunnelHost.FAR4, TunnelHost.OTHER_FAR4},
        {TunnelHost.NEAR6, TunnelHost.FAR6, TunnelHost.OTHER_FAR6}};
    private static final int PORT = TunnelHost.PORT;
    private static final int MAX_ADDRESSES = 1024;

    private final TunnelHost[] hosts = TunnelHost.pair();
    private final TunnelHost near = hosts[0];
    private final TunnelHost far = hosts[1];
    private final Outbox outbox = new Outbox();
    private final FrameBatch batch = new FrameBatch();
    private final List<TunnelTap> taps = new ArrayList<>();
    private final DatagramSocket sender = near.socket(0);
    private final DatagramSocket hostSocket = far.socket(PORT);
    private Link farLink;
    private TunnelSteering steering;

    @BeforeEach
    void meet() {
        near.meet(TunnelHost.FAR4, TunnelHost.FAR6, TunnelHost.OTHER_FAR4, TunnelHost.OTHER_FAR6);
        farLink = far.link();
    }

    @AfterEach
    void clean() {
        CloseHelper.closeAll(taps);
        CloseHelper.close(steering);
        sender.close();
        hostSocket.close();
        outbox.close();
        batch.close();
        near.close();
        far.close();
    }

    private void steer(final int workers) throws IOException {
        for (int worker = 0; worker < workers; worker++) {
            final Optional<TunnelTap> tap = far.call(TunnelTap::open);
            assumeTrue(tap.isPresent(), "the kernel has no TUN_F_UDP_TUNNEL_GSO (Linux 6.17)");
            taps.add(tap.get());
        }
        steering = new TunnelSteering(PORT, taps.stream().mapToInt(TunnelTap::linkIndex).toArray());
        steering.addresses(Set.of(InetAddress.getByName(TunnelHost.FAR4), InetAddress.getByName(TunnelHost.FAR6)));
        attach(farLink.index());
    }

    private void attach(final Integer... links) {
        far.call(() -> {
            steering.attach(Set.of(links));
            return null;
        });
    }

    @Test
    void shouldTakeTunnelPacketsAwayFromTheHostAndNoOthers() throws IOException {
        steer(1);
        try (DatagramSocket otherPort = far.socket(PORT + 1)) {
            int vni = 0;
            for (final String[] family : FAMILIES) {
                TunnelHost.send(sender, family[1], PORT, TunnelPackets.vxlan(++vni, 50));
                TunnelHost.send(sender, family[1], PORT, TunnelPackets.vxlan(++vni, 0));
                TunnelHost.send(sender, family[1], PORT + 1, TunnelPackets.vxlan(100, 50));
                TunnelHost.send(sender, family[1], PORT, new byte[7]); // has no VNI
                TunnelHost.send(sender, family[2], PORT, TunnelPackets.vxlan(200, 50));
            }
            final List<TunnelMessage> taken = taken(4);
            assertEquals(List.of(1, 2, 3, 4), vnis(taken));
            assertEquals(List.of(TunnelHost.NEAR4, TunnelHost.NEAR4, TunnelHost.NEAR6, TunnelHost.NEAR6),
                taken.stream().map(TunnelMessage::peer).toList());
            assertArrayEquals(TunnelPackets.vxlan(3, 50), taken.get(2).bytes());
            assertEquals(List.of(-1, 200, -1, 200), hostGot(4));
            assertEquals(2, TunnelHost.receive(otherPort, 2).size());
            assertNothingMore();
        }
    }

    @Test
    void shouldFollowTheAddressesOfTheHost() throws IOException {
        steer(1);
        steering.addresses(Set.of(InetAddress.getByName(TunnelHost.OTHER_FAR4),
            InetAddress.getByName(TunnelHost.FAR6)));
        int vni = 0;
        for (final String[] family : FAMILIES) {
            TunnelHost.send(sender, family[1], PORT, TunnelPackets.vxlan(++vni, 50));
            TunnelHost.send(sender, family[2], PORT, TunnelPackets.vxlan(++vni, 50));
        }
        assertEquals(List.of(2, 3), vnis(taken(2)));
        assertEquals(List.of(1, 4), hostGot(2));
        steering.addresses(Set.of());
        TunnelHost.send(sender, TunnelHost.FAR6, PORT, TunnelPackets.vxlan(5, 50));
        assertEquals(List.of(5), hostGot(1));
        assertNothingMore();
    }

    @Test
    void shouldTakeOtherAddressesAlsoWhereThereIsNoRoomForAll() throws IOException {
        steer(1);
        final Set<InetAddress> many = new LinkedHashSet<>();
        for (int i = 0; i < MAX_ADDRESSES; i++) {
            many.add(address(10, 1, i));
        }
        steering.addresses(many);
        final Set<InetAddress> more = new LinkedHashSet<>();
        more.add(InetAddress.getByName(TunnelHost.FAR4));
        more.addAll(many);
        steering.addresses(more);
        TunnelHost.send(sender, TunnelHost.FAR6, PORT, TunnelPackets.vxlan(2, 50));
        assertEquals(List.of(2), hostGot(1), "not one of them any more");
        steering.addresses(Set.of(InetAddress.getByName(TunnelHost.FAR4)));
        TunnelHost.send(sender, TunnelHost.FAR4, PORT, TunnelPackets.vxlan(3, 50));
        assertEquals(List.of(3), vnis(taken(1)));
    }

    private static InetAddress address(final int a, final int b, final int rest) throws UnknownHostException {
        return InetAddress.getByAddress(new byte[] {(byte) a, (byte) b, (byte) (rest >> 8), (byte) rest});
    }

    @Test
    void shouldLeaveFragmentsAndOptionsToTheHost() throws IOException {
        steer(1);
        for (final String[] family : FAMILIES) {
            TunnelHost.send(sender, family[1], PORT, TunnelPackets.vxlan(7, 4000));
        }
        assertEquals(List.of(7, 7), hostGot(2));
        final byte[] packet = TunnelPackets.udp(TunnelHost.NEAR4, TunnelHost.FAR4, 999, PORT,
            TunnelPackets.vxlan(8, 400));
        final byte[][] fragments = TunnelPackets.fragments(packet, 208);
        sendRaw(TunnelPackets.withOptions(packet), fragments[0], fragments[1]);
        assertEquals(List.of(8, 8), hostGot(2));
        sendRaw(packet);
        assertEquals(List.of(8), vnis(taken(1)), "but for that it is taken");
        assertNothingMore();
    }

    @Test
    void shouldLeaveTaggedPacketsToTheHost() throws IOException {
        steer(1);
        for (final String[] family : FAMILIES) {
            final byte[] frame = TunnelPackets.frame(farLink.mac(), near.link().mac(),
                TunnelPackets.udp(family[0], family[1], 999, PORT, TunnelPackets.vxlan(9, 50)));
            try (UplinkDevice wire = wire()) {
                outbox.clear().frame(TunnelPackets.withTag(frame, 0)).frame(TunnelPackets.withTag(frame, 7))
                    .frame(frame).sendBy(wire);
            }
            assertEquals(1, taken(1).size(), "that without a tag");
            assertEquals(List.of(9), hostGot(1), "that of no VLAN; the host is in no VLAN 7");
        }
        assertNothingMore();
    }

    /** Not what is for another host, and not what the host itself sends. */
    @Test
    void shouldTakeOnlyWhatIsForTheHost() throws IOException {
        steer(1);
        final byte[] packet = TunnelPackets.udp(TunnelHost.NEAR4, TunnelHost.FAR4, 999, PORT,
            TunnelPackets.vxlan(11, 50));
        try (UplinkDevice wire = wire()) {
            outbox.clear().frame(TunnelPackets.frame(0x0200_0000_0099L, near.link().mac(), packet)).sendBy(wire);
        }
        steering.addresses(Set.of(InetAddress.getByName(TunnelHost.NEAR4), InetAddress.getByName(TunnelHost.FAR4)));
        TunnelHost.send(hostSocket, TunnelHost.NEAR4, PORT, TunnelPackets.vxlan(12, 50));
        TunnelHost.send(sender, TunnelHost.FAR4, PORT, TunnelPackets.vxlan(13, 50));
        assertEquals(List.of(13), vnis(taken(1)));
        assertNothingMore();
    }

    @Test
    void shouldKeepTheOrderOfSmallAndLarge() throws IOException {
        try (UdpTunnelDevice device = near.openTunnel()) {
            steer(1);
            for (final String[] family : FAMILIES) {
                outbox.clear();
                final List<byte[]> sent = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    sent.add(TunnelPackets.vxlan(i, i % 3 == 1 ? 64_000 - 8 : i % 3 == 2 ? 1400 : 10));
                    outbox.message(family[1], 5, 0xB8, i % 3 == 1 ? 1000 : 0, sent.getLast());
                }
                outbox.sendBy(device);
                assertEquals(0, outbox.queue().refusedFrames());
                final List<TunnelMessage> taken = taken(13 * 64 + 27);
                assertEquals(40, taken.size(), "in one piece each");
                for (int i = 0; i < 40; i++) {
                    final TunnelMessage message = taken.get(i);
                    assertEquals(i, message.vni());
                    assertArrayEquals(sent.get(i), message.bytes());
                    assertEquals(i % 3 == 1 ? 1000 : 0, message.segmentBytes());
                    assertEquals(new TunnelMessage(family[0], 0xB8, message.segmentBytes(), false, message.bytes()),
                        message);
                }
            }
            assertNothingMore();
        }
    }

    @Test
    void shouldTakeManyBursts() throws IOException {
        try (UdpTunnelDevice device = near.openTunnel()) {
            steer(1);
            final byte[] large = TunnelPackets.vxlan(1, 60_000 - 8);
            int received = 0;
            for (int round = 0; round < 60; round++) {
                outbox.clear();
                for (int i = 0; i < 32; i++) {
                    outbox.message(TunnelHost.FAR4, 5, 0, 1000, large).message(TunnelHost.FAR4, 5, 0, 0,
                        Arrays.copyOf(large, 900));
                }
                outbox.sendBy(device);
                received += taken(32 * 61).size();
            }
            assertEquals(60 * 64, received);
        }
    }

    @Test
    void shouldGiveAllBackToTheHost() throws IOException {
        steer(1);
        attach();
        TunnelHost.send(sender, TunnelHost.FAR4, PORT, TunnelPackets.vxlan(1, 50));
        assertEquals(List.of(1), hostGot(1));
        assertNothingMore();
        attach(farLink.index());
        TunnelHost.send(sender, TunnelHost.FAR4, PORT, TunnelPackets.vxlan(2, 50));
        assertEquals(List.of(2), vnis(taken(1)));
        assertNothingMore();
        steering.close();
        steering = null;
        CloseHelper.closeAll(taps);
        taps.clear();
        for (final String[] family : FAMILIES) {
            TunnelHost.send(sender, family[1], PORT, TunnelPackets.vxlan(3, 50));
        }
        assertEquals(List.of(3, 3), hostGot(2));
    }

    @Test
    void shouldGiveEachWorkerItsNetworks() throws IOException {
        steer(2);
        for (final String[] family : FAMILIES) {
            for (final int vni : new int[] {0, 1, 2, 255, 256, 65_537, 0xFF_FFFE, 0xFF_FFFF}) {
                TunnelHost.send(sender, family[1], PORT, TunnelPackets.vxlan(vni, 50));
            }
            assertEquals(List.of(0, 2, 256, 0xFF_FFFE), vnis(TunnelMessage.receive(taps.get(0), batch, 4)));
            assertEquals(List.of(1, 255, 65_537, 0xFF_FFFF), vnis(TunnelMessage.receive(taps.get(1), batch, 4)));
        }
        assertNothingMore();
    }

    @Test
    void shouldPassOnWhatIsNoDatagramAsAnEmptyOne() throws IOException {
        steer(1);
        final byte[] packet = TunnelPackets.udp(TunnelHost.NEAR4, TunnelHost.FAR4, 999, PORT,
            TunnelPackets.vxlan(8, 100));
        final byte[] tooLong = packet.clone();
        TunnelPackets.put16(tooLong, 2, packet.length + 1);
        final byte[] wrongSum = packet.clone();
        wrongSum[8]--;
        sendRaw(TunnelPackets.withHeaderChecksum(tooLong), wrongSum, packet);
        assertEquals(List.of(0, 0, 108), taken(3).stream().map(m -> m.bytes().length).toList());
        assertNothingMore();
    }

    @Test
    void shouldWakeUpThePollerAndNotSpinWhenTheInterfaceGoesDown() throws IOException {
        steer(1);
        try (UdpTunnelDevice device = near.openTunnel(); EpollPoller poller = new EpollPoller()) {
            poller.add(3, taps.getFirst());
            final int[] ready = new int[4];
            assertEquals(0, poller.poll(ready, 0));
            for (final int segmentBytes : new int[] {0, 1000}) {
                outbox.clear().message(TunnelHost.FAR4, 0, 0, segmentBytes,
                    TunnelPackets.vxlan(1, segmentBytes == 0 ? 10 : 9000)).sendBy(device);
                assertTrue(poller.poll(ready, 3000) > 0);
                assertEquals(3, ready[0]);
                assertEquals(1, taken(1).size());
                taken(0);
            }
            far.exec("ip", "link", "set", "up0", "down");
            int spins = 0;
            while (poller.poll(ready, 50) > 0 && spins < 10) {
                taken(0);
                spins++;
            }
            assertTrue(spins < 10, "still ready");
        }
    }

    private UplinkDevice wire() {
        return near.wire();
    }

    private void sendRaw(final byte[]... packets) {
        try (UplinkDevice wire = wire()) {
            outbox.clear();
            for (final byte[] packet : packets) {
                outbox.frame(TunnelPackets.frame(farLink.mac(), near.link().mac(), packet));
            }
            assertEquals(0, outbox.sendBy(wire).queue().refusedFrames());
        }
    }

    private List<TunnelMessage> taken(final int datagrams) {
        return TunnelMessage.receive(taps.getFirst(), batch, datagrams);
    }

    private static List<Integer> vnis(final List<TunnelMessage> messages) {
        return messages.stream().map(TunnelMessage::vni).toList();
    }

    /** The VNIs of what the host's own socket has. */
    private List<Integer> hostGot(final int count) throws IOException {
        return TunnelHost.receive(hostSocket, count).stream().map(TunnelHost::content).map(TunnelPackets::vni)
            .toList();
    }

    private void assertNothingMore() throws IOException {
        assertEquals(List.of(), hostGot(0));
        for (final TunnelTap tap : taps) {
            assertEquals(List.of(), TunnelMessage.receive(tap, batch, 0));
        }
    }
}
