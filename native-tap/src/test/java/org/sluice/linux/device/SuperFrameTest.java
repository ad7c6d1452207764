package org.sluice.linux.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import org.agrona.CloseHelper;
import org.agrona.concurrent.status.CountersReader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.tunnel.Encapsulator;
import org.sluice.datapath.tunnel.Vtep;
import org.sluice.linux.bpf.TunnelSteering;
import org.sluice.linux.socket.PathMtu;
import org.sluice.linux.testbed.RequiresRoot;

/** Super-frames that go through the tunnel in one piece, as the switch sends them, and what the other host gets. */
@RequiresRoot
class SuperFrameTest {
    private static final String[][] FAMILIES = {{TunnelHost.NEAR4, TunnelHost.FAR4},
        {TunnelHost.NEAR6, TunnelHost.FAR6}};
    private static final String[][] INNER = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};
    private static final int SEGMENT = 1300;
    private static final int PAYLOAD = 30_000;
    private static final int SEGMENTS = 24;
    private static final int VNI = 0xABCDEF;
    private static final int TRAFFIC_CLASS = 0xB8;
    private static final int COUNTERS = PortCounter.values().length;

    private final TunnelHost[] hosts = TunnelHost.pair();
    private final TunnelHost near = hosts[0];
    private final TunnelHost far = hosts[1];
    private final Outbox outbox = new Outbox();
    private final FrameBatch batch = new FrameBatch();
    private final Encapsulator encapsulator = new Encapsulator(portIndex -> { });
    private final OffHeapRegion counterValues = OffHeapRegion.anonymous(COUNTERS * CountersReader.COUNTER_LENGTH);
    private final CounterGroup<PortCounter> counters = new CounterGroup<>(
        counterValues.slice(0, COUNTERS * CountersReader.COUNTER_LENGTH), IntStream.range(0, COUNTERS).toArray());
    private UdpTunnelDevice sender;
    private UdpTunnelDevice sockets;
    private TunnelSteering steering;
    private TunnelTap tap;

    @BeforeEach
    void open() throws IOException {
        sender = near.openTunnel();
        encapsulator.underlay(sender, counters);
        sockets = far.openTunnel();
        assumeTunnelOffload();
        tap = sockets.tap().orElseThrow();
        steering = new TunnelSteering(TunnelHost.PORT, new int[] {tap.linkIndex()});
        steering.addresses(Set.of(InetAddress.getByName(TunnelHost.FAR4), InetAddress.getByName(TunnelHost.FAR6)));
        final int link = far.link().index();
        far.call(() -> {
            steering.attach(Set.of(link));
            return null;
        });
    }

    @AfterEach
    void clean() {
        CloseHelper.closeAll(steering, encapsulator, sender, sockets, outbox, batch, counterValues, near, far);
    }

    private void assumeTunnelOffload() {
        assumeTrue(sender.carriesWhole(), "the kernel has no TUN_F_UDP_TUNNEL_GSO (Linux 6.17)");
    }

    private Vtep vtep(final String[] family) {
        final long[] peer = TunnelMessage.halves(family[1]);
        final long[] source = TunnelMessage.halves(family[0]);
        final Vtep vtep = new Vtep(encapsulator, 1, VNI, peer[0], peer[1]);
        vtep.route(near.link().index(), source[0], source[1]);
        return vtep;
    }

    private static byte[] tcp(final String[] inner, final int payloadBytes) {
        final byte[] packet = TunnelPackets.tcp(inner[0], inner[1], 1000, TunnelPackets.pattern(payloadBytes));
        return superFrame(packet);
    }

    private static byte[] udp(final String[] inner, final int payloadBytes) {
        final byte[] packet = TunnelPackets.udp(inner[0], inner[1], 53, 5353, TunnelPackets.pattern(payloadBytes));
        return superFrame(packet);
    }

    /** Of a class of service, for the outer header to have it too. */
    private static byte[] superFrame(final byte[] packet) {
        if (TunnelPackets.isIpv4(packet)) {
            packet[1] = (byte) TRAFFIC_CLASS;
        } else {
            TunnelPackets.put16(packet, 0, 0x6000 | TRAFFIC_CLASS << 4);
        }
        return TunnelPackets.withPartialChecksum(TunnelPackets.frame(0x0200_0000_0002L, 0x0200_0000_0001L,
            TunnelPackets.withHeaderChecksum(packet)));
    }

    private void send(final String[] family, final byte[]... frames) {
        outbox.clear();
        for (final byte[] frame : frames) {
            outbox.frame(TunnelPackets.virtio(frame, SEGMENT), frame);
        }
        outbox.sendBy(vtep(family));
        assertEquals(0, outbox.queue().refusedFrames());
    }

    /** The kernel may have to ask for the neighbour first: nobody has spoken before. */
    @Test
    void shouldArriveWhole() {
        for (final String[] family : FAMILIES) {
            for (final String[] inner : INNER) {
                for (final byte[] frame : List.of(tcp(inner, PAYLOAD), udp(inner, PAYLOAD))) {
                    send(family, frame);
                    final List<TunnelMessage> messages = TunnelMessage.receive(tap, batch, 1);
                    assertEquals(1, messages.size());
                    assertArrayEquals(frame, messages.getFirst().frame(), family[0] + " " + inner[0]);
                    assertEquals(VNI, messages.getFirst().vni());
                    assertTrue(messages.getFirst().whole());
                    assertEquals(SEGMENT, messages.getFirst().segmentBytes());
                    assertEquals(TRAFFIC_CLASS, messages.getFirst().trafficClass());
                    assertEquals(family[0], messages.getFirst().peer());
                }
            }
        }
        assertEquals(8, counters.get(PortCounter.TX_FRAMES));
        assertEquals(List.of(), TunnelMessage.receive(sockets, batch, 0));
    }

    /** The kernel takes super-frames in one piece below 64 KiB, the outer Ethernet header among them. */
    @Test
    void shouldCarryLongOnesAndKeepTheOrder() {
        near.meet(TunnelHost.FAR4, TunnelHost.FAR6);
        for (final String[] family : FAMILIES) {
            final byte[] longer = tcp(INNER[0], 65_535 - 54 - 16 - 54);
            final byte[] shorter = tcp(INNER[0], PAYLOAD);
            send(family, shorter, longer, shorter, longer);
            final List<TunnelMessage> messages = TunnelMessage.receive(tap, batch, 4);
            assertEquals(4, messages.size());
            for (int i = 0; i < 4; i++) {
                assertTrue(messages.get(i).whole());
                assertArrayEquals((i & 1) == 0 ? shorter : longer, messages.get(i).frame(), "frame " + i);
            }
        }
    }

    @Test
    void shouldLoseNothingOfTheLongest() {
        near.meet(TunnelHost.FAR4, TunnelHost.FAR6);
        for (final String[] family : FAMILIES) {
            for (final int payloadBytes : new int[] {65_535 - 40 - 16 - 54, 65_535 - 40}) {
                final byte[] frame = tcp(INNER[0], payloadBytes);
                send(family, frame);
                final ByteArrayOutputStream payload = new ByteArrayOutputStream();
                while (payload.size() < payloadBytes) {
                    final List<TunnelMessage> messages = TunnelMessage.receive(tap, batch, 1);
                    assertFalse(messages.isEmpty());
                    messages.forEach(message -> payload.writeBytes(payloadOf(message)));
                }
                assertArrayEquals(TunnelPackets.payload(TunnelPackets.packetOf(frame)), payload.toByteArray());
            }
        }
    }

    private static byte[] payloadOf(final TunnelMessage message) {
        final ByteArrayOutputStream payload = new ByteArrayOutputStream();
        message.datagrams().forEach(datagram -> payload.writeBytes(
            TunnelPackets.payload(Arrays.copyOfRange(datagram, 8 + 14, datagram.length))));
        return payload.toByteArray();
    }

    /** Nobody has room for more than a packet on the wire: the near host's kernel cuts. */
    @Test
    void shouldArriveAsPacketsWithRightChecksumsWhereTheInterfaceCutsNothing() {
        near.exec("ethtool", "-K", TunnelHost.LINK, "tso", "off", "gso", "off", "tx", "off",
            "tx-udp_tnl-segmentation", "off", "tx-udp_tnl-csum-segmentation", "off");
        for (final String[] family : FAMILIES) {
            for (final String[] inner : INNER) {
                for (final byte[] frame : List.of(tcp(inner, PAYLOAD), udp(inner, PAYLOAD))) {
                    send(family, frame);
                    final List<TunnelMessage> messages = TunnelMessage.receive(tap, batch, SEGMENTS);
                    assertCut(frame, messages);
                    messages.forEach(m -> assertTrue(TunnelPackets.isRight(TunnelPackets.packetOf(m.frame()))));
                }
            }
        }
        assertEquals(List.of(), TunnelMessage.receive(tap, batch, 0));
    }

    /** A veth then still takes checksums for later, and it never comes to that between hosts on one machine. */
    @Test
    void shouldArriveAsPacketsWhereTheInterfaceDoesOnlyChecksums() {
        near.exec("ethtool", "-K", TunnelHost.LINK, "tso", "off", "gso", "off", "tx-udp_tnl-segmentation", "off");
        for (final String[] family : FAMILIES) {
            for (final String[] inner : INNER) {
                final byte[] frame = tcp(inner, PAYLOAD);
                send(family, frame);
                final List<TunnelMessage> messages = TunnelMessage.receive(tap, batch, SEGMENTS);
                assertCut(frame, messages);
                for (final TunnelMessage message : messages) {
                    final byte[] packet = TunnelPackets.packetOf(message.frame());
                    assertTrue(TunnelPackets.isRight(packet) || TunnelPackets.isPartial(packet), inner[0]);
                }
            }
        }
    }

    /** The host's stack looks at the outer checksum, which IPv6 must have. */
    @Test
    void shouldPassTheStackOfTheOtherHost() {
        near.exec("ethtool", "-K", TunnelHost.LINK, "tso", "off", "gso", "off", "tx", "off",
            "tx-udp_tnl-segmentation", "off", "tx-udp_tnl-csum-segmentation", "off");
        steering.addresses(Set.of());
        for (final String[] family : FAMILIES) {
            for (final byte[] frame : List.of(tcp(INNER[0], PAYLOAD), udp(INNER[1], PAYLOAD))) {
                send(family, frame);
                assertCut(frame, TunnelMessage.receive(sockets, batch, SEGMENTS));
            }
        }
        final String errors = far.exec("nstat", "-asz", "UdpInCsumErrors", "Udp6InCsumErrors");
        assertFalse(errors.matches("(?s).*CsumErrors +[1-9].*"), errors);
    }

    /** What arrives whole where no TAP takes it, the kernel of the other host does not cut for its sockets. */
    @Test
    void shouldPassTheStackOfTheOtherHostWhole() {
        steering.addresses(Set.of());
        for (final String[] family : FAMILIES) {
            final byte[] frame = tcp(INNER[0], PAYLOAD);
            send(family, frame);
            final List<TunnelMessage> messages = TunnelMessage.receive(sockets, batch, SEGMENTS);
            final ByteArrayOutputStream payload = new ByteArrayOutputStream();
            messages.forEach(message -> payload.writeBytes(payloadOf(message)));
            assertArrayEquals(TunnelPackets.payload(TunnelPackets.packetOf(frame)), payload.toByteArray(), family[0]);
        }
    }

    @Test
    void shouldCutWhereThereIsNoWayOrNoOffload() {
        near.meet(TunnelHost.FAR4, TunnelHost.FAR6);
        for (final String[] family : FAMILIES) {
            final byte[] frame = tcp(INNER[0], PAYLOAD);
            final long[] peer = TunnelMessage.halves(family[1]);
            outbox.clear().frame(TunnelPackets.virtio(frame, SEGMENT), frame)
                .sendBy(new Vtep(encapsulator, 1, VNI, peer[0], peer[1]));
            assertEquals(0, outbox.queue().refusedFrames());
            final List<TunnelMessage> messages = TunnelMessage.receive(tap, batch, SEGMENTS);
            assertTrue(messages.stream().noneMatch(TunnelMessage::whole));
            assertEquals(SEGMENTS, messages.stream().mapToInt(m -> m.datagrams().size()).sum());
        }
    }

    /** The segments come from the ports of the sockets: so what a router says of one is heard. */
    @Test
    void shouldHearOfAShorterWay() throws IOException {
        far.exec("ip", "link", "add", "short0", "type", "veth", "peer", "name", "short1");
        far.exec("ip", "link", "set", "short0", "mtu", "1330", "up");
        far.exec("ip", "link", "set", "short1", "up");
        far.exec("ip", "addr", "add", "198.51.100.1/24", "dev", "short0");
        far.exec("ip", "addr", "add", "2001:db8:1::1/64", "dev", "short0", "nodad");
        far.exec("bash", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        far.exec("bash", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
        near.exec("ip", "route", "add", "198.51.100.0/24", "via", TunnelHost.FAR4);
        near.exec("ip", "route", "add", "2001:db8:1::/64", "via", TunnelHost.FAR6);
        near.meet(TunnelHost.FAR4, TunnelHost.FAR6);
        for (final String[] way : new String[][] {{TunnelHost.NEAR4, "198.51.100.9"},
            {TunnelHost.NEAR6, "2001:db8:1::9"}}) {
            final InetAddress peer = InetAddress.getByName(way[1]);
            assertEquals(1500, near.call(() -> PathMtu.to(peer)));
            send(way, tcp(INNER[0], PAYLOAD));
            int mtu = 1500;
            for (final long start = System.nanoTime(); mtu == 1500 && System.nanoTime() - start < 3e9;) {
                mtu = near.call(() -> PathMtu.to(peer));
            }
            assertEquals(1330, mtu, way[1]);
        }
    }

    @Test
    void shouldNotTroubleTheHost() {
        final String name = "sl-vxlan0";
        assertTrue(near.link(name).up());
        assertFalse(near.exec("ip", "addr", "show", "dev", name).contains("inet"), "no address");
        assertEquals("0", near.exec("cat", "/sys/class/net/" + name + "/statistics/tx_packets").strip());
        sender.close();
        assertFalse(near.exec("ip", "link").contains(name));
        sender = near.openTunnel();
        encapsulator.underlay(sender, counters);
    }

    private static void assertCut(final byte[] frame, final List<TunnelMessage> messages) {
        assertEquals(SEGMENTS, messages.size());
        final byte[] whole = TunnelPackets.packetOf(frame);
        final ByteArrayOutputStream payload = new ByteArrayOutputStream();
        for (final TunnelMessage message : messages) {
            assertFalse(message.whole());
            assertEquals(0, message.segmentBytes());
            assertEquals(VNI, message.vni());
            assertEquals(TRAFFIC_CLASS, message.trafficClass());
            final byte[] packet = TunnelPackets.packetOf(message.frame());
            if (TunnelPackets.protocol(packet) == TunnelPackets.TCP) {
                assertEquals(1000 + payload.size(), TunnelPackets.sequence(packet));
            }
            payload.writeBytes(TunnelPackets.payload(packet));
        }
        assertArrayEquals(TunnelPackets.payload(whole), payload.toByteArray());
    }
}
