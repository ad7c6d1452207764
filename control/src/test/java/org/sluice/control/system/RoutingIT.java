package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.TextAssertions.assertContainsAll;
import static org.sluice.testbed.TextAssertions.assertRefused;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.Lan;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;

/** A host on a LAN: containers reach the world and the world reaches them, and the host stays what it was. */
@RequiresRoot
class RoutingIT {
    private static final int FLOWS = 60_000;
    private static final String A = "10.77.0.2";
    private static final String GATEWAY = "10.77.0.1";

    private final Lan lan = new Lan();
    private final Peers peers = new Peers();
    private final SluiceHost host = new SluiceHost(this::prepare, "--idle", "busy");
    private TestNamespace a;
    private TestNamespace b;

    private void prepare(final TestNamespace namespace) {
        lan.connect(namespace);
        namespace.exec("sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=8090");
    }

    @BeforeEach
    void attachTwo() {
        host.ok("network", "create", "web", "--subnet", "10.77.0.0/24", "--subnet", "fd77::/64");
        a = host.attach("web", "a");
        b = host.attach("web", "b");
    }

    @AfterEach
    void close() {
        peers.close();
        host.close();
        lan.close();
    }

    @Test
    void shouldReachTheWorldUnderTheHostsAddress() {
        for (final TestNamespace server : new TestNamespace[] {lan.router(), lan.client1()}) {
            peers.serveTcp(server, 80);
        }
        peers.serveUdp(lan.router(), Lan.WORLD, 53);
        peers.serveUdp(lan.router(), Lan.WORLD6, 53);
        peers.serveUdp(lan.client1(), 53);

        for (final String address : new String[] {Lan.WORLD, Lan.CLIENT_1}) {
            assertEquals(Lan.HOST + " hello", peers.askTcp(a, address, 80));
            assertEquals(Lan.HOST + " hello", peers.askUdp(a, address, 53));
            a.exec("ping", "-c", "1", "-W", "5", address);
        }
        for (final String address : new String[] {Lan.WORLD6, Lan.CLIENT_1_6}) {
            assertEquals("2001:db8:0:0:0:0:0:10 hello", peers.askTcp(a, address, 80));
            assertEquals("2001:db8:0:0:0:0:0:10 hello", peers.askUdp(a, address, 53));
            a.exec("ping", "-c", "1", "-W", "5", address);
        }

        assertEquals("refused", peers.askTcp(a, Lan.WORLD, 81));
        assertEquals("refused", peers.askUdp(a, Lan.WORLD, 54), "the port unreachable comes back");
    }

    @Test
    void shouldBeReachedByPublishedPortsWithTheClientsOwnAddress() {
        peers.serveTcp(b, 80);
        peers.serveUdp(b, 53);
        host.ok("port", "publish", "b", "8080:80", "5353:53/udp", "9000-9010:70-80");

        assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), Lan.HOST, 8080));
        assertEquals(Lan.CLIENT_2 + " hello", peers.askTcp(lan.client2(), Lan.HOST, 8080));
        assertEquals(Lan.CLIENT_2 + " hello", peers.askTcp(lan.client2(), Lan.HOST, 9010));
        assertEquals("refused", peers.askTcp(lan.client2(), Lan.HOST, 9001), "nobody serves it, but it is led there");
        assertEquals(Lan.CLIENT_1 + " hello", peers.askUdp(lan.client1(), Lan.HOST, 5353));
        assertEquals("2001:db8:0:0:0:0:0:21 hello", peers.askTcp(lan.client1(), Lan.HOST6, 8080));
        assertEquals("refused", peers.askTcp(lan.client1(), Lan.HOST, 8081), "the host's own kernel says so");

        host.ok("port", "unpublish", "b", "8080:80");
        assertEquals("refused", peers.askTcp(lan.client1(), Lan.HOST, 8080));
    }

    @Test
    void shouldHairpinAndLeadToTheHostsOwnServices() {
        peers.serveTcp(b, 80);
        peers.serveTcp(host.namespace(), 2222);
        host.ok("port", "publish", "b", "8080:80");

        for (final String address : new String[] {Lan.HOST, GATEWAY}) {
            assertEquals(GATEWAY + " hello", peers.askTcp(a, address, 8080));
            assertEquals(GATEWAY + " hello", peers.askTcp(b, address, 8080));
            assertEquals(A + " hello", peers.askTcp(a, address, 2222));
        }
    }

    @Test
    void shouldServeTheHostItselfOverTcp() {
        peers.serveTcp(b, 80);
        peers.serveTcp(b, 59_999);
        host.ok("port", "publish", "b", "8080:80", "127.0.0.1:9000-9500:80", "20000-60000:20000-60000");

        for (final String address : new String[] {"127.0.0.1", Lan.HOST, GATEWAY}) {
            final String seen = "127.0.0.1".equals(address) ? GATEWAY : address;
            assertEquals(seen + " hello", peers.askTcp(host.namespace(), address, 8080), address);
            assertEquals(seen + " hello", peers.askTcp(host.namespace(), address, 59_999), address);
        }
        assertEquals("fd77:0:0:0:0:0:0:1 hello", peers.askTcp(host.namespace(), "::1", 8080));
        assertEquals("2001:db8:0:0:0:0:0:10 hello", peers.askTcp(host.namespace(), Lan.HOST6, 8080));
        assertEquals(GATEWAY + " hello", peers.askTcp(host.namespace(), "127.0.0.1", 9000));
        assertEquals("refused", peers.askTcp(host.namespace(), Lan.HOST, 9000), "published on loopback only");
        assertEquals("refused", peers.askTcp(lan.client1(), Lan.HOST, 9000), "published on loopback only");

        host.ok("port", "unpublish", "b", "8080:80");
        assertEquals("refused", peers.askTcp(host.namespace(), "127.0.0.1", 8080));
    }

    @Test
    void shouldServeTheHostItselfOverUdp() {
        peers.serveUdp(b, 53);
        host.ok("port", "publish", "b", "5353:53/udp");

        for (final String address : new String[] {"127.0.0.1", Lan.HOST, GATEWAY}) {
            final String seen = "127.0.0.1".equals(address) ? GATEWAY : address;
            assertEquals(seen + " hello", peers.askUdp(host.namespace(), address, 5353), address);
        }
        assertEquals("fd77:0:0:0:0:0:0:1 hello", peers.askUdp(host.namespace(), "::1", 5353));
        assertEquals("2001:db8:0:0:0:0:0:10 hello", peers.askUdp(host.namespace(), Lan.HOST6, 5353));

        host.ok("port", "unpublish", "b", "5353:53/udp");
        assertEquals("refused", peers.askUdp(host.namespace(), "127.0.0.1", 5353));

        peers.serveUdp(a, 53);
        host.ok("port", "publish", "a", "5353:53/udp");
        assertEquals("fd77:0:0:0:0:0:0:1 hello", peers.askUdp(host.namespace(), "::1", 5353),
            "no session of the one before is in the way");
    }

    @Test
    void shouldEndWhatTheHostHasOpenWithThePort() throws IOException {
        peers.serveTcp(b, 80);
        host.ok("port", "publish", "b", "8080:80");
        final Socket socket = peers.connect(host.namespace(), "127.0.0.1", 8080);

        host.ok("port", "unpublish", "b", "8080:80");
        assertEquals(-1, socket.getInputStream().read());
    }

    @Test
    void shouldKeepNetworksApart() {
        host.ok("network", "create", "other", "--subnet", "10.78.0.0/24");
        host.ok("network", "create", "closed", "--subnet", "10.79.0.0/24", "--internal");
        host.ok("network", "create", "quiet", "--subnet", "10.80.0.0/24", "--icc", "off");
        host.ok("network", "create", "routed", "--subnet", "10.81.0.0/24", "--masquerade", "off");
        final TestNamespace[] others = new TestNamespace[5];
        final String[] networks = {"other", "closed", "quiet", "quiet", "routed"};
        for (int i = 0; i < others.length; i++) {
            others[i] = host.attach(networks[i], "x" + i);
            peers.serveTcp(others[i], 80);
        }
        peers.serveTcp(a, 80);
        peers.serveTcp(lan.router(), 80);
        host.ok("port", "publish", "a", "8080:80");
        host.ok("port", "publish", "x3", "8083:80");

        assertEquals("timeout", peers.askTcp(others[0], A, 80));
        assertEquals("10.78.0.2 hello", peers.askTcp(others[0], Lan.HOST, 8080), "but for its published port");
        assertEquals(Lan.HOST + " hello", peers.askTcp(others[0], Lan.WORLD, 80));
        assertFalse(peers.askTcp(others[1], Lan.WORLD, 80).endsWith("hello"));
        assertEquals("timeout", peers.askTcp(others[2], "10.80.0.3", 80));
        assertEquals("10.80.0.1 hello", peers.askTcp(others[2], Lan.HOST, 8083));

        lan.router().exec("ip", "route", "add", "10.81.0.0/24", "via", Lan.HOST);
        assertEquals("10.81.0.2 hello", peers.askTcp(others[4], Lan.WORLD, 80), "its own address");

        final SluiceHost.Result refused = host.sluice("port", "publish", "x1", "80");
        assertEquals(1, refused.status());
        assertRefused(refused, "internal network");
    }

    @Test
    void shouldReportExpiredPackets() {
        final String expired = fails(a, "ping", "-c", "1", "-W", "2", "-t", "1", Lan.WORLD);
        final String expired6 = fails(a, "ping", "-c", "1", "-W", "2", "-t", "1", Lan.WORLD6);

        assertContainsAll(expired, "From " + GATEWAY, "Time to live exceeded");
        assertContainsAll(expired6, "From fd77::1", "Time exceeded");
    }

    @Test
    void shouldPassOnThatAPacketIsTooLong() {
        final TestNamespace far = host.container();
        lan.router().exec("ip", "link", "add", "far", "mtu", "1300", "type", "veth", "peer", "name", "eth0", "netns",
            far.name());
        lan.router().exec("ip", "addr", "add", "203.0.113.1/24", "dev", "far");
        lan.router().exec("ip", "link", "set", "far", "up");
        lan.router().exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
        far.exec("ip", "link", "set", "eth0", "mtu", "1300", "up");
        far.exec("ip", "addr", "add", "203.0.113.2/24", "dev", "eth0");
        far.exec("ip", "route", "add", "default", "via", "203.0.113.1");

        final String tooLong = fails(a, "ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1400", "203.0.113.2");

        assertContainsAll(tooLong, "From " + Lan.ROUTER, "mtu = 1300");
        assertTrue(a.exec("ip", "route", "get", "203.0.113.2").contains("mtu 1300"), "the container has understood");
        a.exec("ping", "-c", "1", "-W", "2", "-s", "1400", "203.0.113.2");
    }

    @Test
    void shouldCarryFragmentsBothWays() {
        for (final String address : new String[] {Lan.WORLD, Lan.WORLD6, Lan.HOST}) {
            a.exec("ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "20000", address);
        }

        peers.serveUdp(b, 53);
        peers.serveUdp(lan.router(), Lan.WORLD, 53);
        host.ok("port", "publish", "b", "5353:53/udp");
        final String large = "x".repeat(20_000);

        assertTrue((Lan.CLIENT_1 + " " + large).equals(peers.askUdp(lan.client1(), Lan.HOST, 5353, large)), "in");
        assertTrue((Lan.HOST + " " + large).equals(peers.askUdp(a, Lan.WORLD, 53, large)), "out");
        assertTrue((GATEWAY + " " + large).equals(peers.askUdp(a, Lan.HOST, 5353, large)), "hairpin");
    }

    @Test
    void shouldHoldAThousandConnectionsWhilePortsComeAndGo() throws IOException {
        peers.serveTcp(b, 80);
        host.ok("port", "publish", "b", "8080:80");

        final List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            sockets.add(peers.connect(i % 2 == 0 ? lan.client1() : lan.client2(), Lan.HOST, 8080));
            if (i % 100 == 0) {
                host.ok("port", "publish", "a", 10_000 + i + "-" + (10_050 + i) + ":1000-1050");
            }
        }
        host.ok("port", "unpublish", "a");

        for (final Socket socket : sockets) {
            socket.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
        }
        for (final Socket socket : sockets) {
            assertTrue(new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII)
                .startsWith("192.0.2.2"));
        }
        assertEquals("1000\n", host.ok("conntrack", "count", "-p", "tcp", "--state", "established", "--dst-nat"));
    }

    @Test
    void shouldListMoreConnectionsThanFitIntoMemory() throws IOException {
        for (final TestNamespace container
            : List.of(a, b, host.attach("web", "third"), host.attach("web", "fourth"))) {
            try (NetNamespace namespace = container.open();
                 DatagramSocket socket = namespace.call(() -> new DatagramSocket())) {
                final DatagramPacket packet = new DatagramPacket(new byte[1], 1);
                for (int port = 1; port <= FLOWS; port++) {
                    packet.setSocketAddress(new InetSocketAddress(Lan.WORLD, port));
                    socket.send(packet);
                    if (port % 500 == 0) {
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3)); // the worker has a core for itself
                    }
                }
            }
        }
        final String[] text = host.ok("conntrack", "ls", "-p", "udp").split("\n");
        assertTrue(text.length > 3 * FLOWS, text.length + " lines");
        assertEquals(text.length, Arrays.stream(text).map(line -> line.replaceAll(".*src=(\\S+) dst=\\S+ sport=(\\d+)"
            + " dport=(\\d+).*src=.*", "$1 $2 $3")).distinct().count(), "each once");
        assertTrue(host.json("conntrack", "ls", "-p", "udp", "-s", "10.77.0.3").size() > FLOWS / 2);
        assertTrue(host.json("status").path("issues").isEmpty());
    }

    @Test
    void shouldSurviveADaemonThatIsKilled() throws IOException {
        peers.serveTcp(b, 80);
        peers.serveTcp(host.namespace(), 8080);
        assertRefused(host.sluice("port", "publish", "b", "8080:80"), "port 8080/tcp", "(pid ");
        host.ok("port", "publish", "b", "8081:80");
        final Socket socket = peers.connect(lan.client1(), Lan.HOST, 8081);
        final Socket outgoing = peers.connect(a, Lan.WORLD, serveAndHold());
        assertEquals("8081,8090,49152-65535\n", reservedPorts());

        host.kill();
        assertEquals("timeout", peers.askTcp(lan.client1(), Lan.HOST, 8081), "the host does not answer for it");
        assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), Lan.HOST, 8080));
        socket.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
        // The daemon is down for a while.
        SluiceHost.sleep(300);
        host.start();

        assertEquals(Lan.CLIENT_1, new String(socket.getInputStream().readNBytes(10), StandardCharsets.US_ASCII));
        outgoing.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
        assertEquals(Lan.HOST, new String(outgoing.getInputStream().readNBytes(10), StandardCharsets.US_ASCII));

        host.stop();
        assertEquals("8090\n", reservedPorts(), "the host's own stay");
    }

    private String reservedPorts() {
        return host.exec("cat", "/proc/sys/net/ipv4/ip_local_reserved_ports");
    }

    private int serveAndHold() {
        peers.serveTcp(lan.router(), 8888);
        return 8888;
    }

    @Test
    void shouldShowAndFlushConnectionsAndForgetThemWithTheirEndpoint() {
        peers.serveUdp(b, 53);
        peers.serveTcp(lan.router(), 80);
        host.ok("port", "publish", "b", "5353:53/udp");
        peers.askUdp(lan.client1(), Lan.HOST, 5353);
        peers.askTcp(a, Lan.WORLD, 80);

        assertContainsAll(host.ok("conntrack", "ls"), "src=192.0.2.21 dst=192.0.2.10",
            "src=10.77.0.2 dst=198.51.100.7");
        final String udp = host.ok("conntrack", "ls", "-p", "udp", "-s", "192.0.2.0/24", "--dport", "5353");
        assertTrue(udp.startsWith("udp "), udp);
        // A question and its answer are no stream, and live for half a minute.
        assertContainsAll(udp, "src=10.77.0.3 dst=192.0.2.21");
        assertFalse(udp.contains("[ASSURED]") || udp.contains("[UNREPLIED]"), udp);

        assertEquals("1 connections were ended\n", host.ok("conntrack", "flush", "-p", "tcp"));
        host.ok("endpoint", "detach", "b");
        assertEquals("0\n", host.ok("conntrack", "count"));
        assertEquals(0, host.json("port", "ls").size());
        assertEquals("refused", peers.askUdp(lan.client1(), Lan.HOST, 5353), "the host has its port back");

        final TestNamespace next = host.attach("web", "next", "--ip", "10.77.0.3");
        host.ok("port", "publish", "next", "5353:53/udp");
        peers.serveUdp(next, 53);
        assertEquals(Lan.CLIENT_1 + " hello", peers.askUdp(lan.client1(), Lan.HOST, 5353));
    }

    @Test
    void shouldChoosePortsThatAreFree() throws IOException {
        try (ServerSocket server = Peers.in(host.namespace(), () -> new ServerSocket(32_768))) {
            final String chosen = host.ok("port", "publish", "b", "0:80", "81");

            assertEquals("0.0.0.0:32769->80/tcp\n0.0.0.0:32770->81/tcp\n", chosen);
            assertTrue(server.isBound());
        }
    }

    private static String fails(final TestNamespace namespace, final String... command) {
        try {
            return namespace.exec(command);
        } catch (final AssertionError ex) {
            return ex.getMessage();
        }
    }
}
