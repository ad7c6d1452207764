package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.SluiceHost;

/** Every wrong request gets one clear line and changes nothing. */
@RequiresRoot
class BadInputIT {
    private final SluiceHost host = new SluiceHost();

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldRefuseWrongCommandsAndChangeNothing() {
        host.exec("ip", "link", "add", "wan", "type", "veth", "peer", "name", "wan-peer");
        host.exec("ip", "addr", "add", "192.0.2.2/24", "dev", "wan");
        host.exec("ip", "link", "set", "wan", "up");
        host.exec("ip", "link", "set", "wan-peer", "up");
        host.ok("network", "create", "web", "--subnet", "10.77.0.0/24", "--ip-range", "10.77.0.128/30");
        final TestNamespace a = host.container();
        final TestNamespace b = host.container();
        host.ok("endpoint", "attach", "web", "--netns", a.name(), "--name", "a");
        final String networks = host.json("network", "inspect", "web").path("subnets").toString();
        final String endpoints = host.json("endpoint", "ls").findValuesAsText("addresses").toString();
        final String hostLinks = host.exec("ip", "-br", "link");
        final String links = b.exec("ip", "-br", "link");

        for (final String[] line : wrongCommands(a.name(), b.name())) {
            final String[] arguments = Arrays.copyOfRange(line, 1, line.length);
            final SluiceHost.Result result = host.sluice(arguments);
            final String what = String.join(" ", line) + " gave " + result;
            assertTrue(result.status() != 0, what);
            assertEquals("", result.out(), what);
            assertEquals(1, result.err().lines().count(), what);
            assertTrue(result.err().startsWith("sluice: ") && result.err().contains(line[0]), what);
        }

        assertEquals(networks, host.json("network", "inspect", "web").path("subnets").toString());
        assertEquals(1, host.json("network", "ls").size());
        assertEquals(endpoints, host.json("endpoint", "ls").findValuesAsText("addresses").toString());
        assertEquals(hostLinks, host.exec("ip", "-br", "link"));
        assertEquals(links, b.exec("ip", "-br", "link"));
        assertFalse(host.log().contains("Exception"), host.log());
        host.ok("endpoint", "attach", "web", "--netns", b.name());
    }

    @Test
    void shouldLogOnceAndCountWhatTheSystemRefuses() {
        host.ok("network", "create", "dual", "--subnet", "10.77.0.0/24", "--subnet", "fd77::/64");
        final TestNamespace a = host.container();
        a.exec("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");
        for (int tries = 0; tries < 3; tries++) {
            final SluiceHost.Result refused =
                host.sluice("endpoint", "attach", "dual", "--netns", a.name(), "--ip", "fd77::9", "--name", "six");
            assertEquals(1, refused.status());
            assertTrue(refused.err().contains("cannot set up the interface eth0 of endpoint six: add address fd77"),
                refused.err());
        }
        assertEquals(3, host.json("status").path("errors").get(0).path("count").asInt());
        assertEquals(1, host.log().split("ERROR ErrorLog", -1).length - 1, host.log());
        assertFalse(a.exec("ip", "link").contains("eth0"));
        assertEquals(0, host.json("endpoint", "ls").size());
        host.ok("endpoint", "attach", "dual", "--netns", host.container().name(), "--ip", "fd77::9");
    }

    @Test
    void shouldHandOutARangeToItsEndAndThenSaySo() {
        host.ok("network", "create", "tiny", "--subnet", "10.77.0.0/30");
        host.ok("endpoint", "attach", "tiny", "--netns", host.container().name(), "--name", "only");
        final SluiceHost.Result full = host.sluice("endpoint", "attach", "tiny", "--netns", host.container().name());
        assertTrue(full.err().contains("no address is free"), full.err());
        host.ok("endpoint", "detach", "only");
        assertEquals("tiny-1 10.77.0.2/30\n",
            host.ok("endpoint", "attach", "tiny", "--netns", host.container().name()));
    }

    @Test
    void shouldHandOutDefaultSubnetsThatClashWithNoRoute() {
        host.exec("ip", "link", "add", "wan", "type", "veth", "peer", "name", "wan-peer");
        host.exec("ip", "link", "set", "wan", "up");
        host.exec("ip", "addr", "add", "172.17.5.1/24", "dev", "wan");
        host.exec("ip", "route", "add", "172.18.0.0/16", "via", "172.17.5.2");
        host.ok("network", "create", "one");
        host.ok("network", "create", "two");
        assertEquals("172.19.0.0/16", subnetOf("one"));
        assertEquals("172.20.0.0/16", subnetOf("two"));
    }

    @Test
    void shouldAnswerWrongRequestsOnTheSocketWithAnError() throws IOException {
        assertAnswer(400, "JSON is wrong", "POST", "/v1/networks", "{\"name\":");
        assertAnswer(400, "Unrecognized field", "POST", "/v1/networks", "{\"name\":\"x\",\"colour\":1}");
        assertAnswer(400, "has no JSON", "POST", "/v1/networks", "");
        assertAnswer(400, "has no JSON", "POST", "/v1/networks", "null");
        assertAnswer(400, "JSON is wrong", "POST", "/v1/networks", "[]");
        assertAnswer(400, "Invalid `null` value", "POST", "/v1/networks", "{\"name\":\"x\",\"subnets\":[null]}");
        assertAnswer(400, "is true or false", "POST", "/v1/conntrack/flush?dst-nat=1", "");
        assertAnswer(400, "1.2.3.4 is IPv4, and something else", "POST",
            "/v1/conntrack/flush?orig-src=::/0&orig-dst=1.2.3.4", "");
        assertAnswer(400, "is no network name", "POST", "/v1/networks", "{}");
        assertAnswer(400, "which network", "POST", "/v1/endpoints", "{}");
        assertAnswer(404, "there is no /v2", "GET", "/v2", "");
        assertAnswer(405, "does not take PATCH", "PATCH", "/v1/networks", "");
        assertAnswer(404, "no network \"nope\"", "GET", "/v1/networks/nope", "");
        assertAnswer(400, "malformed", "GET", "/v1/networks/%zz", "");
        host.ok("network", "create", "web");
        assertAnswer(400, "is no path", "POST", "/v1/endpoints", "{\"network\":\"web\",\"netns\":\"/a\\u0000b\"}");
        assertAnswer(400, "which namespace", "POST", "/v1/endpoints", "{\"network\":\"web\"}");
        assertTrue(raw("\r\n\r\nnot http at all\r\n\r\n").startsWith("HTTP/1.1 400"));
        final String tooLarge = "POST /v1/networks HTTP/1.1\r\nConnection: close\r\nContent-Length: 2000000\r\n\r\n";
        assertTrue(raw(tooLarge).startsWith("HTTP/1.1 413"));
        assertFalse(host.log().contains("Exception"), host.log());
        assertEquals("ok", host.json("status").path("health").asText());
    }

    /** What the error must say, and the command. */
    private static String[][] wrongCommands(final String a, final String b) {
        return new String[][] {
            {"network \"web\" already", "network", "create", "web"},
            {"is no network name", "network", "create", "../etc"},
            {"is no network name", "network", "create", ""},
            {"overlaps 10.77.0.0/24 of the network \"web\"", "network", "create", "x", "--subnet", "10.77.0.0/16"},
            {"overlaps the host's route to 192.0.2.0/24", "network", "create", "x", "--subnet", "192.0.2.0/25"},
            {"host bits set; did you mean 10.80.0.0/24?", "network", "create", "x", "--subnet", "10.80.0.1/24"},
            {"is no subnet", "network", "create", "x", "--subnet", "10.80.0.0"},
            {"is no IP address", "network", "create", "x", "--subnet", "300.1.1.0/24"},
            {"no valid prefix length", "network", "create", "x", "--subnet", "10.80.0.0/33"},
            {"no room", "network", "create", "x", "--subnet", "10.80.0.0/31"},
            {"reserved", "network", "create", "x", "--subnet", "127.1.0.0/24"},
            {"reserved", "network", "create", "x", "--subnet", "224.1.0.0/24"},
            {"at most one IPv4", "network", "create", "x", "--subnet", "10.80.0.0/24", "--subnet", "10.81.0.0/24"},
            {"is in no subnet", "network", "create", "x", "--subnet", "10.80.0.0/24", "--gateway", "10.81.0.1"},
            {"network or broadcast", "network", "create", "x", "--subnet", "10.80.0.0/24", "--gateway", "10.80.0.255"},
            {"need a --subnet", "network", "create", "x", "--gateway", "10.80.0.1"},
            {"is within no subnet", "network", "create", "x", "--subnet", "10.80.0.0/24", "--ip-range", "10.81.0.0/28"},
            {"is not from 68", "network", "create", "x", "--mtu", "67"},
            {"is not from 1280", "network", "create", "x", "--subnet", "fd80::/64", "--mtu", "1279"},
            {"is not from 68", "network", "create", "x", "--mtu", "70000"},
            {"in use by a", "network", "rm", "web"},
            {"no network \"nope\"", "network", "rm", "nope"},
            {"no network \"nope\"", "network", "inspect", "nope"},
            {"no network \"nope\"", "fdb", "ls", "nope"},
            {"no network \"nope\"", "fdb", "flush", "nope"},
            {"no network \"nope\"", "endpoint", "attach", "nope", "--netns", b},
            {"no endpoint \"nope\"", "endpoint", "detach", "nope"},
            {"endpoint \"a\" already", "endpoint", "attach", "web", "--netns", b, "--name", "a"},
            {"is no endpoint name", "endpoint", "attach", "web", "--netns", b, "--name", "a b"},
            {"is no interface name", "endpoint", "attach", "web", "--netns", b, "--ifname", "a/b"},
            {"is no interface name", "endpoint", "attach", "web", "--netns", b, "--ifname", "a23456789012345x"},
            {"ENOENT", "endpoint", "attach", "web", "--netns", "no-such-namespace"},
            {"ENOENT", "endpoint", "attach", "web", "--pid", "999999999"},
            {"EINVAL", "endpoint", "attach", "web", "--netns", "/etc/hostname"},
            {"interface eth0 in", "endpoint", "attach", "web", "--netns", a, "--ifname", "eth0"},
            {"in use", "endpoint", "attach", "web", "--netns", b, "--ip", "10.77.0.128"},
            {"is the network's gateway", "endpoint", "attach", "web", "--netns", b, "--ip", "10.77.0.1"},
            {"broadcast", "endpoint", "attach", "web", "--netns", b, "--ip", "10.77.0.255"},
            {"in no subnet", "endpoint", "attach", "web", "--netns", b, "--ip", "10.78.0.1"},
            {"one address of", "endpoint", "attach", "web", "--netns", b, "--ip", "10.77.0.9", "--ip",
                "10.77.0.10"},
            {"is not a MAC address", "endpoint", "attach", "web", "--netns", b, "--mac", "zz"},
            {"group address", "endpoint", "attach", "web", "--netns", b, "--mac", "01:00:5e:00:00:01"},
            {"is the gateway's", "endpoint", "attach", "web", "--netns", b, "--mac", "02:42:0a:4d:00:01"},
            {"is in use on the network", "endpoint", "attach", "web", "--netns", b, "--mac",
                "02:42:0a:4d:00:80"},
            {"unknown command", "nonsense"},
            {"missing required", "endpoint", "attach", "web"},
            {"mutually exclusive", "endpoint", "attach", "web", "--netns", "x", "--pid", "1"},
            {"missing required", "network", "create"},
        };
    }

    private String subnetOf(final String network) {
        return host.json("network", "inspect", network).path("subnets").get(0).path("subnet").asText();
    }

    private void assertAnswer(final int status, final String error, final String method, final String path,
                              final String body) throws IOException {
        final String answer = raw(method + " " + path + " HTTP/1.1\r\nConnection: close\r\nContent-Length: "
            + body.length() + "\r\n\r\n" + body);
        assertTrue(answer.startsWith("HTTP/1.1 " + status), answer);
        assertTrue(answer.contains("{\"error\":\"") && answer.contains(error.replace("\"", "\\\"")), answer);
    }

    private String raw(final String request) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(host.socket()))) {
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            final ByteBuffer answer = ByteBuffer.allocate(64 * 1024);
            while (channel.read(answer) >= 0 && answer.hasRemaining()) {
                SluiceHost.sleep(1);
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
        }
    }
}
