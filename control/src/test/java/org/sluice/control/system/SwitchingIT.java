package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.TextAssertions.assertContainsAll;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.BulkTransfer;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;

/** A network, containers on it, and real clients: who reaches whom. */
@RequiresRoot
class SwitchingIT {
    private static final int BULK_BYTES = 20_000_000;
    private static final int DATAGRAMS = 1000;

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
        assertContainsAll(link, "mtu 9000", "02:42:0a:4d:00:02", "10.77.0.2/24", "fd77::2/64", ",UP");
        assertTrue(a.exec("ip", "route").contains("default via 10.77.0.1 dev eth0"));
        assertTrue(a.exec("ip", "-6", "route").contains("default via fd77::1 dev eth0"));
        assertTrue(a.exec("ip", "addr", "show", "lo").contains("127.0.0.1/8"));
        assertTrue(host.exec("ip", "addr", "show", "sl-web").contains("10.77.0.1/24"));
        // Veths have no queue either.
        assertContainsAll(link, "qdisc noqueue");
    }

    /** Each ping must succeed: exec fails the test otherwise. */
    @Test
    void shouldCarryJumboFramesAndFragments() {
        a.exec("ping", "-c", "2", "-i", "0.2", "-W", "5", "-M", "do", "-s", "8972", "10.77.0.3");
        a.exec("ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "40000", "10.77.0.3");
        a.exec("ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "20000", "10.77.0.1");
        a.exec("ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "20000", "fd77::3");
    }

    @Test
    void shouldCarryTcpBothWays() {
        for (final String address : new String[] {"10.77.0.3", "fd77::3"}) {
            assertTrue(BulkTransfer.send(a, b, address, BULK_BYTES) > 0);
        }
        assertTrue(BulkTransfer.send(b, a, "10.77.0.2", BULK_BYTES) > 0);
    }

    @Test
    void shouldCarryUdp() {
        try (Peers peers = new Peers()) {
            peers.serveUdp(b, 53);
            for (int i = 0; i < DATAGRAMS; i++) {
                final String request = i + "x".repeat(i);
                assertEquals("10.77.0.2 " + request, peers.askUdp(a, "10.77.0.3", 53, request));
            }
        }
    }

    @Test
    void shouldCarryTcpBetweenTheHostAndAContainer() {
        assertTrue(BulkTransfer.send(host.namespace(), b, "10.77.0.3", BULK_BYTES) > 0);
        assertTrue(BulkTransfer.send(b, host.namespace(), "fd77::1", BULK_BYTES) > 0);
    }

    @Test
    void shouldFloodABroadcastToAll() {
        final TestNamespace c = host.attach("web", "c");
        for (final TestNamespace container : new TestNamespace[] {b, c}) {
            container.exec("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_broadcasts=0");
        }

        final String answers = a.exec("ping", "-b", "-c", "2", "-i", "0.3", "-W", "5", "10.77.0.255");

        assertContainsAll(answers, "from 10.77.0.3", "from 10.77.0.4");
    }

    @Test
    void shouldFollowAMacThatMoves() {
        host.ok("network", "create", "free", "--subnet", "10.78.0.0/24", "--source-guard", "off");
        final TestNamespace one = host.attach("free", "one");
        final TestNamespace two = host.attach("free", "two");
        final TestNamespace peer = host.attach("free", "peer");
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
        final TestNamespace c = host.attach("closed", "c");

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
}
