package org.sluice.linux.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.linux.bpf.IngressFilter;
import org.sluice.linux.bpf.Steering;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;

/** A packet ring and its steering on a veth: what the switch gets, and what the host keeps. */
@RequiresRoot
class UplinkDeviceTest {
    private static final int UDP = Steering.indexOf(17);
    private static final int UDP_PORT_OFFSET = 14 + 20 + 2;
    private static final int IP_PROTOCOL_OFFSET = 14 + 9;
    private static final int IP_CHECKSUM_OFFSET = 14 + 10;
    private static final int IP_UNKNOWN_PROTOCOLS_COLUMN = 7;
    private static final int GRE = 47;
    private static final int UDP_PORT_OFFSET_IPV6 = 14 + 40 + 2;

    private final TestNamespace host = new TestNamespace();
    private final TestNamespace wire = new TestNamespace();
    private final NetNamespace opened = host.open();
    private final FrameBatch batch = new FrameBatch();
    private final Steering steering = new Steering(50_000, 50_999);
    private UplinkDevice device;
    private IngressFilter ingress;

    @BeforeEach
    void connect() throws Exception {
        TestNamespace.run("ip", "-n", host.name(), "link", "add", "up0", "type", "veth", "peer", "name", "w0", "netns",
            wire.name());
        for (final String[] end : new String[][] {{host.name(), "up0", "10"}, {wire.name(), "w0", "1"}}) {
            TestNamespace.run("ip", "-n", end[0], "link", "set", "lo", "up");
            TestNamespace.run("ip", "-n", end[0], "addr", "add", "192.0.2." + end[2] + "/24", "dev", end[1]);
            TestNamespace.run("ip", "-n", end[0], "addr", "add", "2001:db8::" + end[2] + "/64", "dev", end[1],
                "nodad");
            TestNamespace.run("ip", "-n", end[0], "link", "set", end[1], "up");
        }
        final int index = opened.call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                return netlink.link("up0").orElseThrow().index();
            }
        });
        device = opened.call(() -> UplinkDevice.open("up0", index, steering.filterFd()));
        ingress = opened.call(() -> steering.attach(index, 0));
        for (final String address : new String[] {"192.0.2.10", "2001:db8::10"}) {
            assertTrue(steering.addAddress(InetAddress.getByName(address)));
        }
        wire.exec("ping", "-c", "1", "-W", "5", "192.0.2.10");
        wire.exec("ping", "-c", "1", "-W", "5", "2001:db8::10");
        receive();
    }

    @AfterEach
    void clean() throws Exception {
        device.close();
        steering.close();
        batch.close();
        opened.close();
        host.close();
        wire.close();
    }

    @Test
    void shouldTakeFramesForItsPortsAwayFromTheHostAndNoOthers() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7003, true);
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7002, 7002, false);
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
        batch.clear();
        assertEquals(1, device.receive(batch));
        final long before = receivedByWire();
        final EgressQueue queue = new EgressQueue();
        queue.add(batch.address(0), batch.length(0));
        device.transmit(queue);
        assertEquals(0, queue.refusedFrames());
        assertEquals(before + 1, receivedByWire());
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
    void shouldCountWhatTheRingHadNoRoomFor() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        assertEquals(0, device.takeMissed());
        wire.exec("bash", "-c", "for i in $(seq 600); do echo $i > /dev/udp/192.0.2.10/7000; done");
        final int received = receive().size();
        assertTrue(received < 600, "the ring has room for all");
        assertEquals(600 - received, device.takeMissed());
        assertEquals(0, device.takeMissed(), "counted once");
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
            assertEquals(List.of("4:7001"), receive(), "the host has no such socket any more: only the first is lost");
            send("192.0.2.10", 50_501);
            send("192.0.2.10", 50_502);
            resolver.setSoTimeout(3000);
            resolver.receive(new DatagramPacket(new byte[9], 9));
            assertEquals(List.of("4:50501", "4:50502"), receive(), "one may be anybody's, the other is ours");
        }
    }

    @Test
    void shouldGiveWhatHasNoPortsToBoth() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        send("192.0.2.10", 7000);
        batch.clear();
        assertEquals(1, device.receive(batch));
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
        batch.clear();
        assertEquals(1, device.receive(batch));
        assertEquals(GRE, new UnsafeBuffer(batch.address(0), batch.length(0)).getByte(IP_PROTOCOL_OFFSET));
        assertEquals(unknownBefore + 1, refusedByHost("Ip:", IP_UNKNOWN_PROTOCOLS_COLUMN));
    }

    private static int wireIndex() {
        try (RouteNetlink netlink = new RouteNetlink()) {
            return netlink.link("w0").orElseThrow().index();
        }
    }

    private static Socket boundTo(final InetSocketAddress address) throws IOException {
        final Socket socket = new Socket();
        socket.bind(address);
        return socket;
    }

    private void send(final String address, final int port) {
        wire.exec("bash", "-c", "echo hello > /dev/udp/" + address + "/" + port);
    }

    /** Family and destination port of the UDP packets that have come. */
    private List<String> receive() {
        final List<String> ports = new ArrayList<>();
        for (int quiet = 0; quiet < 3; quiet++) {
            batch.clear();
            device.receive(batch);
            for (int i = 0; i < batch.size(); i++) {
                final UnsafeBuffer frame = new UnsafeBuffer(batch.address(i), batch.length(i));
                final boolean ipv4 = frame.getByte(12) == 0x08;
                if (frame.getByte(ipv4 ? 23 : 20) == 17) {
                    final int at = ipv4 ? UDP_PORT_OFFSET : UDP_PORT_OFFSET_IPV6;
                    ports.add((ipv4 ? "4:" : "6:") + ((frame.getByte(at) & 0xFF) << 8 | frame.getByte(at + 1) & 0xFF));
                }
            }
            if (batch.size() > 0) {
                quiet = 0;
            }
        }
        return ports;
    }

    private long refusedByHost(final String table, final int column) {
        final String[] lines = host.exec("grep", table, "/proc/net/snmp").split("\n");
        return Long.parseLong(lines[1].split(" ")[column]);
    }

    private long receivedByWire() {
        return Long.parseLong(wire.exec("cat", "/sys/class/net/w0/statistics/rx_packets").trim());
    }
}
