package org.sluice.linux.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.linux.bpf.Steering;
import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;

/** A packet ring on a veth, and what its steering leaves to the host. */
@RequiresRoot
class UplinkDeviceTest extends UplinkScene {
    private static final int IP_PROTOCOL_OFFSET = 14 + 9;
    private static final int IP_CHECKSUM_OFFSET = 14 + 10;
    private static final int IP_UNKNOWN_PROTOCOLS_COLUMN = 7;
    private static final int GRE = 47;

    @Test
    void shouldTakeFramesForItsPortsAwayFromTheHostAndNoOthers() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 6999, 7001, true);
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 6999, 7001, false);
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7001, true);
        steering.set(InetAddress.getByName("0.0.0.0"), UDP, 7003, 7003, true);
        steering.set(InetAddress.getByName("2001:db8::10"), UDP, 7001, 7001, true);
        final long refusedBefore = refusedByHost("Udp:", 2);
        for (int port = 6999; port <= 7004; port++) {
            send("192.0.2.10", port);
            send("2001:db8::10", port);
        }
        assertEquals(List.of("4:7000", "4:7001", "6:7001", "4:7003"), receive());
        assertEquals(refusedBefore + 3, refusedByHost("Udp:", 2), "what the host has got of IPv4");
        ingress.close();
        send("192.0.2.10", 7000);
        assertEquals(List.of("4:7000"), receive(), "the socket's filter is still there");
        assertEquals(refusedBefore + 4, refusedByHost("Udp:", 2), "but the host has it back");
    }

    @Test
    void shouldTakeAllOfARoutedPrefix() throws Exception {
        steering.addPrefix(InetAddress.getByName("10.9.0.0"), 24);
        wire.exec("ip", "route", "add", "10.9.0.0/16", "via", "192.0.2.10");
        send("10.9.0.77", 80);
        send("10.9.1.77", 80);
        assertEquals(List.of("4:80"), receive());
        steering.removePrefix(InetAddress.getByName("10.9.0.0"), 24);
        send("10.9.0.77", 80);
        assertEquals(List.of(), receive());
    }

    @Test
    void shouldSendWithAndWithoutWorkLeftToDo() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        send("192.0.2.10", 7000);
        receiveOne();
        final long before = receivedByWire();
        final EgressQueue queue = new EgressQueue();
        queue.add(batch.address(0), batch.length(0));
        device.transmit(queue);
        assertEquals(0, queue.refusedFrames());
        assertTrue(receivedByWire() > before, "the host's own kernel may speak too");
    }

    @Test
    void shouldTakeMoreThanTheRingHolds() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        int received = 0;
        for (int round = 0; round < 6; round++) {
            wire.exec("bash", "-c", "for i in $(seq 100); do echo $i > /dev/udp/192.0.2.10/7000; done");
            received += receive().size();
        }
        assertEquals(600, received);
    }

    @Test
    void shouldHaveRoomForABurstOfThousands() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        sendMany(2000, 200, 7000);
        assertEquals(2000, receive().size());
        assertEquals(0, device.takeMissed());
        assertEquals(0, device.unaccounted());
    }

    @Test
    void shouldCountWhatTheRingHadNoRoomFor() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        assertEquals(0, device.takeMissed());
        final long offeredBefore = device.offered();
        sendMany(UplinkDevice.FRAMES + 300, 20, 7000);
        final int received = receive().size();
        assertTrue(received <= UplinkDevice.FRAMES, "the ring has room for all");
        assertEquals(UplinkDevice.FRAMES + 300 - received, device.takeMissed());
        assertEquals(UplinkDevice.FRAMES + 300, device.offered() - offeredBefore);
        assertEquals(0, device.unaccounted());
        assertEquals(0, device.takeMissed(), "counted once");
    }

    @Test
    void shouldKeepTheOrderOfShortAndLongFrames() throws Exception {
        takeLongFrames();
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7099, true);
        final List<String> expected = new ArrayList<>();
        for (int port = 7000; port < 7100; port++) {
            sendMany(1, port % 3 == 0 ? 30_000 : 100, port);
            expected.add("4:" + port);
        }
        assertEquals(expected, receive());
        assertEquals(0, device.takeMissed());
        assertEquals(0, device.unaccounted());
    }

    @Test
    void shouldReadALongFrameWhole() throws Exception {
        takeLongFrames();
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        sendMany(1, 60_000, 7000);
        receiveOne();
        assertEquals(14 + 20 + 8 + 60_000, batch.length(0));
        assertEquals(7, new UnsafeBuffer(batch.address(0), batch.length(0)).getByte(batch.length(0) - 1));
    }

    @Test
    void shouldCountLongFramesThatItHadNoRoomFor() throws Exception {
        takeLongFrames();
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        sendMany(1500, 60_000, 7000);
        final int received = receive().size();
        assertTrue(received < 1500, "there is room for all");
        assertEquals(1500 - received, device.takeMissed());
        assertEquals(0, device.unaccounted());
        sendMany(3, 60_000, 7000);
        assertEquals(3, receive().size(), "there is room again");
    }

    @Test
    void shouldReceiveLongFramesThatCameBeforeTheInterfaceWentDown() throws Exception {
        takeLongFrames();
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        sendMany(3, 60_000, 7000);
        host.exec("ip", "link", "set", "up0", "down");
        assertEquals(3, receive().size());
        assertEquals(0, device.takeMissed());
    }

    @Test
    void shouldSayWhyAFrameCannotBeSent() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        send("192.0.2.10", 7000);
        receiveOne();
        assertNull(refusal(batch.length(0)));
        assertEquals(DropReason.EGRESS_TOO_LONG, refusal(9000));
        host.exec("ip", "link", "set", "up0", "down");
        assertEquals(DropReason.EGRESS_DOWN, refusal(batch.length(0)));
    }

    private DropReason refusal(final int length) {
        final EgressQueue queue = new EgressQueue();
        queue.add(batch.address(0), length);
        device.transmit(queue);
        return queue.isRefused(0) ? queue.refusal(0) : null;
    }

    private void takeLongFrames() {
        for (final TestNamespace end : List.of(host, wire)) {
            end.exec("ip", "link", "set", end == host ? "up0" : "w0", "mtu", "65000");
        }
    }

    private void sendMany(final int count, final int bytes, final int port) throws Exception {
        final byte[] payload = new byte[bytes];
        payload[bytes - 1] = 7;
        try (NetNamespace namespace = wire.open();
             DatagramSocket socket = namespace.call(() -> new DatagramSocket())) {
            final DatagramPacket packet =
                new DatagramPacket(payload, bytes, new InetSocketAddress("192.0.2.10", port));
            for (int i = 0; i < count; i++) {
                socket.send(packet);
            }
        }
    }

    @Test
    void shouldNotSpinWhenTheInterfaceGoesDown() throws Exception {
        try (EpollPoller poller = new EpollPoller()) {
            poller.add(0, device);
            host.exec("ip", "link", "set", "up0", "down");
            final int[] ready = new int[1];
            int spins = 0;
            while (poller.poll(ready, 50) > 0 && spins < 10) {
                batch.clear();
                device.receive(batch);
                spins++;
            }
            assertTrue(spins < 10, "still ready");
        }
    }

    @Test
    void shouldLeaveTheHostWhatItsOwnSocketsHave() throws Exception {
        final InetSocketAddress published = new InetSocketAddress("192.0.2.10", 7000);
        try (ServerSocket server = wire.open().call(() -> new ServerSocket(80));
             Socket older = opened.call(() -> boundTo(published));
             ServerSocket listener = opened.call(() -> new ServerSocket(50_500));
             DatagramSocket resolver = opened.call(() -> new DatagramSocket(50_501))) {
            older.connect(new InetSocketAddress("192.0.2.1", 80));
            steering.leaveToHost(6, (InetSocketAddress) older.getRemoteSocketAddress(), published);
            steering.set(published.getAddress(), Steering.indexOf(6), 7000, 7000, true);
            try (Socket accepted = server.accept()) {
                accepted.setSoTimeout(3000);
                older.setSoTimeout(3000);
                for (final Socket[] way : new Socket[][] {{older, accepted}, {accepted, older}}) {
                    way[0].getOutputStream().write(7);
                    assertEquals(7, way[1].getInputStream().read());
                }
            }
            try (Socket client = wire.open().call(() -> new Socket("192.0.2.10", 50_500));
                 Socket accepted = listener.accept()) {
                accepted.setSoTimeout(3000);
                client.getOutputStream().write(7);
                assertEquals(7, accepted.getInputStream().read(), "a service of the host's in the NAT range");
            }
            receive();
            steering.set(published.getAddress(), UDP, 7001, 7001, true);
            final InetSocketAddress gone = new InetSocketAddress("192.0.2.10", 7001);
            steering.leaveToHost(17, new InetSocketAddress("192.0.2.1", 7007), gone);
            try (DatagramSocket peer = wire.open().call(() -> new DatagramSocket(7007))) {
                peer.send(new DatagramPacket(new byte[5], 5, gone));
                peer.send(new DatagramPacket(new byte[5], 5, gone));
            }
            assertEquals(List.of("4:7001", "4:7001"), receive(), "the host has no such socket any more");
            send("192.0.2.10", 50_501);
            send("192.0.2.10", 50_502);
            resolver.setSoTimeout(3000);
            resolver.receive(new DatagramPacket(new byte[9], 9));
            assertEquals(List.of(), receive(), "nothing in the NAT range is ours but what the switch awaits");
        }
    }

    @Test
    void shouldGiveWhatHasNoPortsToBoth() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        send("192.0.2.10", 7000);
        receiveOne();
        final UnsafeBuffer frame = new UnsafeBuffer(batch.address(0), batch.length(0));
        frame.putByte(IP_PROTOCOL_OFFSET, (byte) GRE);
        final int sum = (frame.getShort(IP_CHECKSUM_OFFSET, ByteOrder.BIG_ENDIAN) & 0xFFFF) - (GRE - 17);
        frame.putShort(IP_CHECKSUM_OFFSET, (short) (sum < 0 ? sum - 1 : sum), ByteOrder.BIG_ENDIAN);
        final long unknownBefore = refusedByHost("Ip:", IP_UNKNOWN_PROTOCOLS_COLUMN);
        final EgressQueue queue = new EgressQueue();
        queue.add(batch.address(0), batch.length(0));
        try (UplinkDevice other = wire.open().call(() -> UplinkDevice.open("w0", wireIndex(), steering.filterFd()))) {
            other.transmit(queue);
        }
        receiveOne();
        assertEquals(GRE, new UnsafeBuffer(batch.address(0), batch.length(0)).getByte(IP_PROTOCOL_OFFSET));
        assertEquals(unknownBefore + 1, refusedByHost("Ip:", IP_UNKNOWN_PROTOCOLS_COLUMN));
    }

    private static Socket boundTo(final InetSocketAddress address) throws IOException {
        final Socket socket = new Socket();
        socket.bind(address);
        return socket;
    }

    private long receivedByWire() {
        return Long.parseLong(wire.exec("cat", "/sys/class/net/w0/statistics/rx_packets").trim());
    }
}
