package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.Lan;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;

/** The switch and the host share the host's addresses and ports: each gets its own packets. */
@RequiresRoot
class SteeringIT {

    private final Lan lan = new Lan();
    private final Peers peers = new Peers();
    private final SluiceHost host = new SluiceHost(this::prepare);
    private final TestNamespace vm = new TestNamespace();
    private TestNamespace a;

    private void prepare(final TestNamespace namespace) {
        lan.connect(namespace);
        // More than any daemon could be expected to have a bitmap for.
        namespace.exec("bash", "-c", "for i in $(seq 0 2 1198); do"
            + " echo \"addr add 198.18.$((i / 256)).$((i % 256))/32 dev lo\"; done | ip -batch -");
        namespace.exec("sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=50000-50010", "net.ipv4.ip_forward=1");
    }

    @BeforeEach
    void attach() {
        host.ok("network", "create", "web", "--subnet", "10.77.0.0/24", "--subnet", "fd77::/64");
        a = host.attach("web", "a");
    }

    @AfterEach
    void close() {
        peers.close();
        host.close();
        vm.close();
        lan.close();
    }

    @Test
    void shouldServeAHostWithManyAddresses() {
        peers.serveTcp(a, 80);
        peers.serveTcp(lan.router(), 80);
        host.ok("port", "publish", "a", "8080:80", "198.18.4.174:9090:80");
        lan.client1().exec("ip", "route", "add", "198.18.0.0/16", "via", Lan.HOST);

        assertEquals(Lan.HOST + " hello", peers.askTcp(a, Lan.ROUTER, 80));
        for (final String address : new String[] {Lan.HOST, "198.18.0.0", "198.18.2.2", "198.18.4.174"}) {
            assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), address, 8080), address);
        }
        assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), "198.18.4.174", 9090));
        assertEquals("refused", peers.askTcp(lan.client1(), "198.18.2.2", 9090));
        assertEquals("ok", host.json("status").get("health").asText());
    }

    @Test
    void shouldLeaveTheHostsOwnMasqueradeItsPorts() throws IOException {
        host.exec("ip", "link", "add", "vm0", "type", "veth", "peer", "name", "eth0", "netns", vm.name());
        host.exec("ip", "addr", "add", "10.88.0.1/24", "dev", "vm0");
        host.exec("ip", "link", "set", "vm0", "up");
        vm.exec("ip", "addr", "add", "10.88.0.2/24", "dev", "eth0");
        vm.exec("ip", "link", "set", "eth0", "up");
        vm.exec("ip", "route", "add", "default", "via", "10.88.0.1");
        for (final String protocol : new String[] {"tcp", "udp"}) {
            host.exec("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.88.0.0/24", "-o", "eth0", "-p", protocol,
                "-j", "MASQUERADE", "--to-ports", "49152-60999");
        }
        peers.serveTcp(lan.router(), 80);
        peers.serveUdp(lan.router(), Lan.ROUTER, 53);

        for (int i = 0; i < 20; i++) {
            assertEquals(Lan.HOST + " hello", peers.askTcp(vm, Lan.ROUTER, 80), "of the kernel's");
            assertEquals(Lan.HOST + " hello", peers.askUdp(vm, Lan.ROUTER, 53), "of the kernel's");
            assertEquals(Lan.HOST + " hello", peers.askTcp(a, Lan.ROUTER, 80), "of the switch's");
            assertEquals(Lan.HOST + " hello", peers.askUdp(a, Lan.ROUTER, 53), "of the switch's");
        }
    }

    @Test
    void shouldKeepThePortThatAContainerHasChosen() throws IOException {
        host.ok("port", "publish", "a", "5061:5060/udp");
        try (DatagramSocket server = Peers.in(lan.router(), () -> new DatagramSocket(2049));
             DatagramSocket other = Peers.in(lan.client1(), () -> new DatagramSocket(2049))) {
            for (final int[] ports : new int[][] {{700, 700}, {5062, 5062}, {30_000, 30_000}, {5060, 5061}}) {
                try (DatagramSocket socket = Peers.in(a, () -> new DatagramSocket(ports[0]))) {
                    assertEquals(ports[1], portSeen(socket, Lan.ROUTER, server), "from " + ports[0]);
                    assertEquals(ports[1], portSeen(socket, Lan.CLIENT_1, other), "from " + ports[0]);
                }
            }
        }
        peers.serveTcp(lan.router(), 80);
        try (ServerSocket own = Peers.in(host.namespace(), () -> new ServerSocket(701));
             Socket socket = Peers.in(a, () -> bound(701))) {
            SluiceHost.sleep(6000); // the daemon looks every five seconds
            socket.connect(new InetSocketAddress(Lan.ROUTER, 80));
            socket.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
            assertTrue(new String(socket.getInputStream().readNBytes(10), StandardCharsets.US_ASCII)
                .startsWith(Lan.HOST), "by another port, for the host listens on " + own.getLocalPort());
            final String seen = host.ok("conntrack", "ls", "-p", "tcp", "--sport", "701");
            assertTrue(!seen.contains("dport=701 "), seen);
        }
    }

    private static Socket bound(final int port) throws IOException {
        final Socket socket = new Socket();
        socket.bind(new InetSocketAddress(port));
        return socket;
    }

    /** Sends to a server, which answers, and returns the port that it has seen. */
    private static int portSeen(final DatagramSocket from, final String address, final DatagramSocket server)
        throws IOException {
        server.setSoTimeout(5000);
        from.setSoTimeout(5000);
        from.send(new DatagramPacket(new byte[3], 3, InetAddress.getByName(address), 2049));
        final DatagramPacket packet = new DatagramPacket(new byte[9], 9);
        server.receive(packet);
        server.send(new DatagramPacket(new byte[3], 3, packet.getSocketAddress()));
        from.receive(new DatagramPacket(new byte[9], 9));
        return packet.getPort();
    }

    @Test
    void shouldHave60000QuestionsToOneServer() throws IOException {
        peers.serveUdp(lan.router(), Lan.ROUTER, 53);
        int answered = 0;
        final byte[] question = "hello".getBytes(StandardCharsets.US_ASCII);
        for (int port = 5000; port < 65_000; port++) {
            final int own = port;
            try (DatagramSocket socket = Peers.in(a, () -> new DatagramSocket(own))) {
                socket.setSoTimeout(1000);
                socket.send(new DatagramPacket(question, question.length, InetAddress.getByName(Lan.ROUTER), 53));
                socket.receive(new DatagramPacket(new byte[99], 99));
                answered++;
            } catch (final IOException ex) {
                continue; // lost, or refused: counted below
            }
        }
        assertTrue(answered > 59_900, answered + " of 60,000");
    }

    @Test
    void shouldKeepTheHostFromChoosingAPublishedPort() throws IOException {
        peers.serveUdp(a, 53);
        peers.serveUdp(lan.router(), Lan.ROUTER, 53);
        host.ok("port", "publish", "a", "33000-44000:53-11053/udp");

        final List<DatagramSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 1000; i++) {
                sockets.add(Peers.in(host.namespace(), () -> new DatagramSocket()));
                final int port = sockets.getLast().getLocalPort();
                assertTrue(port < 33_000 || port > 44_000, port + " is published");
            }
        } finally {
            CloseHelper.closeAll(sockets);
        }
        assertEquals(Lan.CLIENT_1 + " hello", peers.askUdp(lan.client1(), Lan.HOST, 33_000));

        host.kill();
        host.start();
        host.stop();
        assertEquals("50000-50010\n", host.exec("cat", "/proc/sys/net/ipv4/ip_local_reserved_ports"),
            "as the host had it");
    }
}
