package org.sluice.linux.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.StandardSocketOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.tunnel.Datagram;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.testbed.RequiresRoot;

/** The tunnels' sockets on two hosts: what one sends, the other one gets, and anybody's socket too. */
@RequiresRoot
class UdpTunnelDeviceTest {
    private static final String[][] FAMILIES = {{TunnelHost.NEAR4, TunnelHost.FAR4},
        {TunnelHost.NEAR6, TunnelHost.FAR6}};
    private static final int PORT = TunnelHost.PORT;
    private static final int[] VNIS = {0, 1, 2, 3, 100, 4097, 65_536, 0xFF_FFFD, 0xFF_FFFE, 0xFF_FFFF};

    private final TunnelHost[] hosts = TunnelHost.pair();
    private final TunnelHost near = hosts[0];
    private final TunnelHost far = hosts[1];
    private final Outbox outbox = new Outbox();
    private final FrameBatch batch = new FrameBatch();

    @AfterEach
    void clean() {
        outbox.close();
        batch.close();
        near.close();
        far.close();
    }

    @Test
    void shouldCarryAMessageOfManyDatagrams() {
        try (UdpTunnelDevice sender = near.openTunnel(); UdpTunnelDevice receiver = far.openTunnel()) {
            for (final String[] family : FAMILIES) {
                final byte[] bytes = TunnelPackets.pattern(10_300);
                outbox.clear().message(family[1], 3, 0, 1000, bytes).sendBy(sender);
                assertEquals(0, outbox.queue().refusedFrames());
                final List<TunnelMessage> messages = TunnelMessage.receive(receiver, batch, 11);
                assertArrayEquals(bytes, joined(messages));
                final List<byte[]> datagrams = messages.stream().flatMap(m -> m.datagrams().stream()).toList();
                assertEquals(11, datagrams.size());
                assertEquals(300, datagrams.getLast().length);
                assertTrue(messages.stream().allMatch(m -> m.peer().equals(family[0])));
                assertTrue(messages.stream().noneMatch(m -> m.whole()));
                outbox.clear().message(family[0], 3, 0, 0, bytes(7)).sendBy(receiver);
                assertArrayEquals(bytes(7), joined(TunnelMessage.receive(sender, batch, 1)), "the other way");
            }
        }
    }

    @Test
    void shouldSendDatagramsThatAnybodyUnderstands() throws Exception {
        try (UdpTunnelDevice sender = near.openTunnel(); DatagramSocket receiver = far.socket(PORT)) {
            for (final String[] family : FAMILIES) {
                final byte[] bytes = TunnelPackets.pattern(64 * 1000);
                outbox.clear().message(family[1], 0, 0, 1000, bytes).message(family[1], 0, 0, 0, bytes(1))
                    .sendBy(sender);
                final List<DatagramPacket> packets = TunnelHost.receive(receiver, 65);
                assertEquals(65, packets.size());
                for (int i = 0; i < 64; i++) {
                    assertArrayEquals(Arrays.copyOfRange(bytes, i * 1000, i * 1000 + 1000),
                        TunnelHost.content(packets.get(i)), "datagram " + i);
                }
                assertArrayEquals(bytes(1), TunnelHost.content(packets.getLast()));
            }
        }
    }

    @Test
    void shouldGiveEachFlowItsSourcePort() throws Exception {
        try (UdpTunnelDevice sender = near.openTunnel(); DatagramSocket receiver = far.socket(PORT)) {
            assertEquals(PORT, sender.tunnelPort());
            for (final String[] family : FAMILIES) {
                outbox.clear();
                for (int flow = 0; flow < Datagram.FLOWS; flow++) {
                    outbox.message(family[1], flow, 0, 0, new byte[] {(byte) flow});
                }
                outbox.sendBy(sender);
                final Set<Integer> ports = new HashSet<>();
                for (final DatagramPacket packet : TunnelHost.receive(receiver, Datagram.FLOWS)) {
                    assertEquals(sender.sourcePort(packet.getData()[0]), packet.getPort());
                    ports.add(packet.getPort());
                    TunnelHost.send(receiver, family[0], packet.getPort(), new byte[100]);
                }
                assertEquals(Datagram.FLOWS, ports.size());
                assertEquals(List.of(), TunnelMessage.receive(sender, batch, 0), "nobody has business with them");
            }
        }
    }

    @Test
    void shouldCarryTheTrafficClassBothWays() throws Exception {
        try (UdpTunnelDevice sender = near.openTunnel(); UdpTunnelDevice receiver = far.openTunnel();
             DatagramSocket anybody = near.socket(0); UplinkDevice wire = far.wire(TunnelHost.FAR4, TunnelHost.FAR6)) {
            for (final String[] family : FAMILIES) {
                outbox.clear();
                final int[] classes = {0, 0xB9, 0x03, 0xFF};
                for (final int trafficClass : classes) {
                    outbox.message(family[1], 0, trafficClass, 0, TunnelPackets.vxlan(trafficClass, 10))
                        .message(family[1], 1, trafficClass, 30, TunnelPackets.vxlan(trafficClass, 60));
                }
                outbox.sendBy(sender);
                final List<TunnelMessage> messages = TunnelMessage.receive(receiver, batch, 4 + 3 * 4);
                assertEquals(16, messages.stream().mapToInt(m -> m.datagrams().size()).sum());
                messages.forEach(m -> assertEquals(m.vni(), m.trafficClass()));
                final List<byte[]> frames = frames(wire, 8);
                for (final byte[] frame : frames) {
                    final byte[] packet = TunnelPackets.packetOf(frame);
                    final boolean ipv4 = TunnelPackets.isIpv4(packet);
                    assertEquals(TunnelPackets.vni(TunnelPackets.payload(packet)),
                        ipv4 ? packet[1] & 0xFF : TunnelPackets.get16(packet, 0) >>> 4 & 0xFF);
                    assertEquals(ipv4 ? 0x4000 : 0, ipv4 ? TunnelPackets.get16(packet, 6) : 0, "DF, no fragment");
                }
                anybody.setOption(StandardSocketOptions.IP_TOS, 0xB8);
                TunnelHost.send(anybody, family[1], PORT, bytes(10));
                assertEquals(0xB8, TunnelMessage.receive(receiver, batch, 1).getFirst().trafficClass());
                frames(wire, 1);
            }
        }
    }

    @Test
    void shouldRefuseWhatIsLongerThanTheWayTakes() {
        near.meet(TunnelHost.FAR4, TunnelHost.FAR6);
        try (UdpTunnelDevice sender = near.openTunnel(); UdpTunnelDevice receiver = far.openTunnel()) {
            for (final String[] family : FAMILIES) {
                final int longest = 1500 - (family[1].equals(TunnelHost.FAR4) ? 28 : 48);
                final long before = near.transmitted();
                outbox.clear().message(family[1], 0, 0, 0, bytes(longest + 1)).sendBy(sender);
                assertEquals(1, outbox.queue().refusedFrames());
                assertTrue(outbox.isTooBig(0));
                assertEquals(before, near.transmitted());
                outbox.clear().message(family[1], 0, 0, 0, bytes(50)).message(family[1], 0, 0, 0, bytes(longest + 1))
                    .message(family[1], 0, 0, 0, bytes(longest)).message(family[1], 1, 0, 0, bytes(51)).sendBy(sender);
                final List<Boolean> refused = List.of(false, true, false, false);
                for (int i = 0; i < refused.size(); i++) {
                    assertEquals(refused.get(i), outbox.queue().isRefused(i));
                    assertEquals(refused.get(i), outbox.isTooBig(i));
                }
                assertEquals(50 + longest + 51, joined(TunnelMessage.receive(receiver, batch, 3)).length);
            }
            outbox.clear().message("198.51.100.1", 0, 0, 0, bytes(50)).sendBy(sender);
            assertTrue(outbox.queue().isRefused(0), "there is no way there");
            assertFalse(outbox.isTooBig(0));
        }
    }

    /** Kernels before 6.14 call it EINVAL. */
    @Test
    void shouldMarkAMessageOfDatagramsThatAreTooLong() {
        near.meet(TunnelHost.FAR4, TunnelHost.FAR6);
        try (UdpTunnelDevice sender = near.openTunnel()) {
            for (final String[] family : FAMILIES) {
                final long before = near.transmitted();
                outbox.clear().message(family[1], 0, 0, 1480, bytes(5000)).sendBy(sender);
                assertEquals(1, outbox.queue().refusedFrames());
                assertTrue(outbox.isTooBig(0));
                assertEquals(before, near.transmitted());
            }
        }
    }

    /** RFC 6935. */
    @Test
    void shouldReceiveDatagramsWithoutAChecksum() {
        near.meet(TunnelHost.FAR4, TunnelHost.FAR6);
        try (UdpTunnelDevice receiver = far.openTunnel(); UplinkDevice wire = near.wire()) {
            for (final String[] family : FAMILIES) {
                final byte[] packet = TunnelPackets.udp(family[0], family[1], 999, PORT, TunnelPackets.vxlan(5, 60));
                TunnelPackets.put16(packet, TunnelPackets.headerBytes(packet) + 6, 0);
                outbox.clear().frame(TunnelPackets.frame(far.link().mac(), near.link().mac(), packet)).sendBy(wire);
                final List<TunnelMessage> messages = TunnelMessage.receive(receiver, batch, 1);
                assertEquals(List.of(5), messages.stream().map(TunnelMessage::vni).toList());
                assertEquals(family[0], messages.getFirst().peer());
            }
        }
    }

    @Test
    void shouldGiveEachWorkerItsNetworks() throws Exception {
        final int workers = 3;
        final UdpTunnelDevice[] devices = far.openTunnels(workers);
        try (DatagramSocket sender = near.socket(0)) {
            for (final String[] family : FAMILIES) {
                final List<List<Integer>> expected = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
                for (final int vni : VNIS) {
                    expected.get(vni % workers).add(vni);
                    TunnelHost.send(sender, family[1], PORT, TunnelPackets.vxlan(vni, 20));
                }
                for (int worker = 0; worker < workers; worker++) {
                    assertEquals(expected.get(worker), TunnelMessage
                        .receive(devices[worker], batch, expected.get(worker).size()).stream()
                        .map(TunnelMessage::vni).toList(), "worker " + worker);
                }
            }
            for (final UdpTunnelDevice device : devices) {
                assertEquals(List.of(), TunnelMessage.receive(device, batch, 0));
            }
        } finally {
            CloseHelper.closeAll(devices);
        }
    }

    @Test
    void shouldSayThatThePortIsTaken() {
        try (UdpTunnelDevice device = far.openTunnel()) {
            assertEquals("underlay on UDP port 4789", device.name());
            assertRefused(1);
            assertRefused(2);
        }
        try (DatagramSocket other = far.socket(PORT)) {
            assertTrue(other.isBound());
            assertRefused(1);
            assertRefused(2);
        }
    }

    /** Another daemon's, of the same user: it must not get a part of the datagrams. */
    @Test
    void shouldSayThatSeveralWorkersOfAnotherHaveThePort() {
        final UdpTunnelDevice[] devices = far.openTunnels(2);
        try {
            assertRefused(1);
            assertRefused(2);
        } finally {
            CloseHelper.closeAll(devices);
        }
    }

    private void assertRefused(final int workers) {
        final NativeException ex = assertThrows(NativeException.class,
            () -> CloseHelper.closeAll(far.openTunnels(workers)));
        assertTrue(ex.getMessage().startsWith("bind(UDP port 4789): EADDRINUSE"), ex.getMessage());
    }

    @Test
    void shouldLeaveNothingWhenItIsClosed() {
        for (int workers = 1; workers <= 2; workers++) {
            CloseHelper.closeAll(far.openTunnels(workers));
            assertEquals("", far.exec("ss", "-uanH"));
            assertFalse(far.exec("ip", "link").contains("sl-vxlan"));
        }
        try (DatagramSocket other = far.socket(PORT)) {
            assertRefused(1);
            assertTrue(other.isBound());
            final int descriptors = descriptors();
            for (int i = 0; i < 5; i++) {
                assertRefused(1);
                assertRefused(2);
            }
            assertTrue(descriptors() < descriptors + 5, "descriptors stay open");
        }
        final int descriptors = descriptors();
        for (int i = 0; i < 5; i++) {
            far.openTunnel().close();
        }
        assertTrue(descriptors() < descriptors + 5, "descriptors stay open");
        assertFalse(far.exec("ip", "link").contains("sl-vxlan"));
    }

    private static int descriptors() {
        return new File("/proc/self/fd").list().length;
    }

    private List<byte[]> frames(final UplinkDevice device, final int count) {
        final List<byte[]> frames = new ArrayList<>();
        for (final long start = System.nanoTime(); frames.size() < count && System.nanoTime() - start < 3e9;) {
            batch.clear();
            device.receive(batch);
            for (int i = 0; i < batch.size(); i++) {
                final byte[] frame = new byte[batch.length(i)];
                new UnsafeBuffer(batch.address(i), frame.length).getBytes(0, frame);
                frames.add(frame);
            }
        }
        assertEquals(count, frames.size());
        return frames;
    }

    private static byte[] bytes(final int length) {
        return TunnelPackets.pattern(length);
    }

    private static byte[] joined(final List<TunnelMessage> messages) {
        final ByteArrayOutputStream all = new ByteArrayOutputStream();
        messages.forEach(message -> all.writeBytes(message.bytes()));
        return all.toByteArray();
    }
}
