package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.SluiceHost;

/** A network, containers on it, and real clients: who reaches whom. */
@RequiresRoot
class SwitchingIT {
    private final SluiceHost host = new SluiceHost();
    private TestNamespace a;
    private TestNamespace b;

    @BeforeEach
    void attachTwo() {
        host.ok("network", "create", "web", "--subnet", "10.77.0.0/24", "--subnet", "fd77::/64", "--mtu", "9000");
        a = host.container();
        b = host.container();
        assertEquals("web-1 10.77.0.2/24,fd77::2/64\n", host.ok("endpoint", "attach", "web", "--netns", a.name()));
        assertEquals("b 10.77.0.3/24,fd77::3/64\n",
            host.ok("endpoint", "attach", "web", "--netns", "/run/netns/" + b.name(), "--name", "b"));
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldPingEachOtherTheGatewayAndTheHost() {
        for (final String address : new String[] {"10.77.0.3", "fd77::3", "10.77.0.1", "fd77::1"}) {
            ping(a, address);
        }
        host.exec("ping", "-c", "1", "-W", "5", "10.77.0.2");
        host.exec("ping", "-c", "1", "-W", "5", "fd77::3");
        assertTrue(host.json("status").path("workers").get(0).path("counters").path("gatewayReplies").asLong() >= 3);
    }

    @Test
    void shouldConfigureTheInterfaceAsDockerWould() {
        final String link = a.exec("ip", "addr", "show", "eth0");
        assertTrue(link.contains("mtu 9000") && link.contains("02:42:0a:4d:00:02") && link.contains("10.77.0.2/24")
            && link.contains("fd77::2/64") && link.contains(",UP"), link);
        assertTrue(a.exec("ip", "route").contains("default via 10.77.0.1 dev eth0"));
        assertTrue(a.exec("ip", "-6", "route").contains("default via fd77::1 dev eth0"));
        assertTrue(a.exec("ip", "addr", "show", "lo").contains("127.0.0.1/8"));
        assertTrue(host.exec("ip", "addr", "show", "sl-web").contains("10.77.0.1/24"));
        assertTrue(link.contains("qdisc noqueue"), "veths have no queue either: " + link);
    }

    @Test
    void shouldCarryJumboFramesAndFragments() {
        a.exec("ping", "-c", "2", "-i", "0.2", "-W", "5", "-M", "do", "-s", "8972", "10.77.0.3");
        a.exec("ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "40000", "10.77.0.3");
        a.exec("ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "20000", "10.77.0.1");
        a.exec("ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "20000", "fd77::3");
    }

    @Test
    void shouldCarryTcpAndUdpOfARealClient() throws IOException {
        for (final String address : new String[] {"10.77.0.3", "fd77::3"}) {
            final JsonNode tcp = iperf(address, "-t", "1");
            assertTrue(tcp.path("end").path("sum_received").path("bytes").asLong() > 10_000_000, tcp.toString());
        }
        final JsonNode udp = iperf("10.77.0.3", "-u", "-b", "50M", "-l", "1400", "-t", "1");
        final JsonNode sum = udp.path("end").path("sum");
        assertTrue(sum.path("packets").asLong() > 1000, udp.toString());
        assertTrue(sum.path("lost_percent").asDouble() < 5, udp.toString());
    }

    @Test
    void shouldCarryTcpBetweenTheHostAndAContainer() throws IOException {
        final Process server = serve(b);
        try {
            final String report = host.exec("iperf3", "-c", "10.77.0.3", "-t", "1", "-J");
            assertTrue(new ObjectMapper().readTree(report).path("end")
                .path("sum_received").path("bytes").asLong() > 10_000_000, report);
        } finally {
            server.destroy();
        }
    }

    @Test
    void shouldFloodABroadcastToAll() {
        final TestNamespace c = host.container();
        host.ok("endpoint", "attach", "web", "--netns", c.name());
        for (final TestNamespace container : new TestNamespace[] {b, c}) {
            container.exec("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_broadcasts=0");
        }
        final String answers = a.exec("ping", "-b", "-c", "2", "-i", "0.3", "-W", "5", "10.77.0.255");
        assertTrue(answers.contains("from 10.77.0.3") && answers.contains("from 10.77.0.4"), answers);
    }

    @Test
    void shouldFollowAMacThatMoves() {
        host.ok("network", "create", "free", "--subnet", "10.78.0.0/24", "--source-guard", "off");
        final TestNamespace one = host.container();
        final TestNamespace two = host.container();
        final TestNamespace peer = host.container();
        host.ok("endpoint", "attach", "free", "--netns", one.name(), "--name", "one");
        host.ok("endpoint", "attach", "free", "--netns", two.name(), "--name", "two");
        host.ok("endpoint", "attach", "free", "--netns", peer.name(), "--name", "peer");
        ping(peer, "10.78.0.2");
        assertEquals("one", portOf("02:42:0a:4e:00:02"));
        one.exec("ip", "addr", "flush", "dev", "eth0");
        one.exec("ip", "link", "set", "eth0", "down");
        two.exec("ip", "link", "set", "eth0", "address", "02:42:0a:4e:00:02");
        two.exec("ip", "addr", "add", "10.78.0.2/24", "dev", "eth0");
        two.exec("ping", "-c", "1", "-W", "5", "-I", "10.78.0.2", "10.78.0.4");
        ping(peer, "10.78.0.2");
        assertEquals("two", portOf("02:42:0a:4e:00:02"));
        two.exec("ip", "link", "set", "eth0", "down");
        peer.exec("ip", "link", "set", "eth0", "down");
        assertTrue(host.json("fdb", "ls", "free").findValuesAsText("type").contains("learned"));
        host.ok("fdb", "flush", "free");
        assertEquals(List.of("static"), host.json("fdb", "ls", "free").findValuesAsText("type"));
    }

    @Test
    void shouldNotLetAnEndpointSpeakForAnother() {
        a.exec("ip", "addr", "add", "10.77.0.99/24", "dev", "eth0");
        final AssertionError lost = assertThrows(AssertionError.class,
            () -> a.exec("ping", "-c", "1", "-W", "1", "-I", "10.77.0.99", "10.77.0.3"));
        assertTrue(lost.getMessage().contains("100% packet loss"), lost.getMessage());
        final JsonNode drops = host.json("status").path("drops");
        assertTrue(drops.findValuesAsText("reason").stream()
            .anyMatch(reason -> reason.matches("SOURCE_IPV4_SPOOFED|ARP_SPOOFED")), drops.toString());
    }

    @Test
    void shouldKeepNetworksApartAndInternalOnesWithoutARoute() {
        host.ok("network", "create", "closed", "--subnet", "10.79.0.0/24", "--internal");
        final TestNamespace c = host.container();
        host.ok("endpoint", "attach", "closed", "--netns", c.name());
        assertEquals("", c.exec("ip", "route", "show", "default"));
        ping(c, "10.79.0.1");
        host.ok("endpoint", "attach", "web", "--netns", c.name(), "--name", "second");
        assertTrue(c.exec("ip", "addr", "show", "eth1").contains("10.77.0.4/24"), "a second network gets eth1");
        ping(c, "10.77.0.3");
    }

    @Test
    void shouldHoldFiftyEndpointsOnOneNetwork() {
        final Set<String> addresses = new HashSet<>();
        TestNamespace last = null;
        String lastAddress = null;
        for (int i = 0; i < 48; i++) {
            last = host.container();
            final String line = host.ok("endpoint", "attach", "web", "--netns", last.name());
            final Matcher address = Pattern.compile(" ([0-9.]+)/24,").matcher(line);
            assertTrue(address.find(), line);
            lastAddress = address.group(1);
            assertTrue(addresses.add(lastAddress), "given twice: " + lastAddress);
        }
        ping(a, lastAddress);
        ping(last, "10.77.0.3");
        assertEquals(50, host.json("endpoint", "ls").size());
        assertEquals(51, host.json("fdb", "ls", "web").size());
    }

    private String portOf(final String mac) {
        for (final JsonNode entry : host.json("fdb", "ls")) {
            if (entry.path("mac").asText().equals(mac)) {
                return entry.path("port").asText();
            }
        }
        return "nowhere";
    }

    private static void ping(final TestNamespace from, final String address) {
        from.exec("ping", "-c", "1", "-W", "5", address);
    }

    private JsonNode iperf(final String address, final String... options) throws IOException {
        final Process server = serve(b);
        try {
            final String[] command = new String[4 + options.length];
            command[0] = "iperf3";
            command[1] = "-c";
            command[2] = address;
            command[3] = "-J";
            System.arraycopy(options, 0, command, 4, options.length);
            return new ObjectMapper().readTree(a.exec(command));
        } finally {
            server.destroy();
        }
    }

    private static Process serve(final TestNamespace container) throws IOException {
        final Process server = new ProcessBuilder("ip", "netns", "exec", container.name(), "iperf3", "-s", "-1",
            "--forceflush").redirectErrorStream(true).start();
        server.inputReader().readLine();
        server.inputReader().readLine();
        SluiceHost.sleep(100);
        return server;
    }
}
