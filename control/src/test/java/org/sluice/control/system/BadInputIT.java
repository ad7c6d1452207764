package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.TextAssertions.assertContainsAll;
import static org.sluice.testbed.TextAssertions.assertRefused;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.SluiceHost;

/** Every wrong request gets one clear line and changes nothing. One daemon serves the whole class. */
@RequiresRoot
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputIT {
    private SluiceHost host;
    private TestNamespace a;
    private TestNamespace b;
    private List<String> before;

    @BeforeAll
    void start() throws IOException {
        host = new SluiceHost();
        host.exec("ip", "link", "add", "wan", "type", "veth", "peer", "name", "wan-peer");
        host.exec("ip", "addr", "add", "192.0.2.10/24", "dev", "wan");
        host.exec("ip", "link", "set", "wan", "up");
        host.exec("ip", "link", "set", "wan-peer", "up");
        host.ok("network", "create", "web", "--subnet", "10.77.0.0/24", "--ip-range", "10.77.0.128/30");
        a = host.attach("web", "a");
        b = host.container();
        host.attach("web", "other");
        host.ok("port", "publish", "a", "8080:80", "127.0.0.1:7000-7010:7000-7010/udp");
        before = everything();
    }

    /** After all the refusals the namespace b can still be attached. */
    @AfterAll
    void close() {
        try {
            host.ok("endpoint", "attach", "web", "--netns", b.name());
        } finally {
            host.close();
        }
    }

    /** What the daemon, its store and the kernel hold. */
    private List<String> everything() throws IOException {
        return List.of(
            host.get("/v1/networks").findValues("subnets").toString(),
            host.get("/v1/endpoints").findValues("addresses").toString(),
            host.get("/v1/ports").toString(),
            Files.readString(host.stateDir().resolve("state.json")),
            host.exec("ip", "-br", "link"),
            b.exec("ip", "-br", "link"));
    }

    @AfterEach
    void assertNothingHasChanged() throws IOException {
        assertEquals(before, everything());
        assertEquals("ok", host.get("/v1/status").path("health").asText());
        assertFalse(host.log().contains("Exception"), host.log());
    }

    @ParameterizedTest
    @MethodSource("wrongCommands")
    void shouldRefuseAWrongCommand(final String error, final List<String> command) {
        assertRefused(host.sluice(command.toArray(String[]::new)), error);
    }

    @ParameterizedTest
    @CsvSource({
        "8080:81, endpoint \"a\" has 0.0.0.0:8080->80/tcp",
        "192.0.2.10:8080:81, endpoint \"a\" has",
        "7005:1/udp, endpoint \"a\" has 127.0.0.1:7000-7010",
        "80:, no port to publish",
        "x:80, no port to publish",
        "1-2:3-5, equally long",
        "80/icmp, 'tcp, udp or sctp'",
        "0:70000, from 1 to 65535",
        "1.2.3:80:80, no IP address",
        "::1:80:80, in brackets",
    })
    void shouldRefuseToPublish(final String port, final String error) {
        final SluiceHost.Result result = host.sluice("port", "publish", "other", "6000:60", port);

        assertEquals(1, result.status());
        assertRefused(result, error);
    }

    @ParameterizedTest
    @MethodSource("wrongRequests")
    void shouldAnswerAWrongRequestWithAnError(final int status, final String error, final String method,
                                              final String path, final String body) throws IOException {
        final String answer = raw(method + " " + path + " HTTP/1.1\r\nConnection: close\r\nContent-Length: "
            + body.length() + "\r\n\r\n" + body);

        assertTrue(answer.startsWith("HTTP/1.1 " + status), answer);
        assertContainsAll(answer, "{\"error\":\"", error.replace("\"", "\\\""));
    }

    @Test
    void shouldAnswerWhatIsNoHttpWithAnError() throws IOException {
        assertTrue(raw("\r\n\r\nnot http at all\r\n\r\n").startsWith("HTTP/1.1 400"));
        final String tooLarge = "POST /v1/networks HTTP/1.1\r\nConnection: close\r\nContent-Length: 2000000\r\n\r\n";
        assertTrue(raw(tooLarge).startsWith("HTTP/1.1 413"));
    }

    private static Arguments row(final String error, final String... command) {
        return Arguments.of(error, List.of(command));
    }

    private Stream<Arguments> wrongCommands() {
        return Stream.of(
            row("network \"web\" already", "network", "create", "web"),
            row("is no network name", "network", "create", "../etc"),
            row("is no network name", "network", "create", ""),
            row("overlaps 10.77.0.0/24 of the network \"web\"", "network", "create", "x", "--subnet", "10.77.0.0/16"),
            row("overlaps the host's route to 192.0.2.0/24", "network", "create", "x", "--subnet", "192.0.2.0/25"),
            row("host bits set; did you mean 10.80.0.0/24?", "network", "create", "x", "--subnet", "10.80.0.1/24"),
            row("is no subnet", "network", "create", "x", "--subnet", "10.80.0.0"),
            row("is no IP address", "network", "create", "x", "--subnet", "300.1.1.0/24"),
            row("no valid prefix length", "network", "create", "x", "--subnet", "10.80.0.0/33"),
            row("no room", "network", "create", "x", "--subnet", "10.80.0.0/31"),
            row("reserved", "network", "create", "x", "--subnet", "127.1.0.0/24"),
            row("reserved", "network", "create", "x", "--subnet", "224.1.0.0/24"),
            row("at most one IPv4", "network", "create", "x", "--subnet", "10.80.0.0/24", "--subnet", "10.81.0.0/24"),
            row("is in no subnet", "network", "create", "x", "--subnet", "10.80.0.0/24", "--gateway", "10.81.0.1"),
            row("network or broadcast", "network", "create", "x", "--subnet", "10.80.0.0/24", "--gateway",
                "10.80.0.255"),
            row("need a --subnet", "network", "create", "x", "--gateway", "10.80.0.1"),
            row("is within no subnet", "network", "create", "x", "--subnet", "10.80.0.0/24", "--ip-range",
                "10.81.0.0/28"),
            row("is not from 68", "network", "create", "x", "--mtu", "67"),
            row("is not from 1280", "network", "create", "x", "--subnet", "fd80::/64", "--mtu", "1279"),
            row("is not from 68", "network", "create", "x", "--mtu", "70000"),
            row("in use by a", "network", "rm", "web"),
            row("no network \"nope\"", "network", "rm", "nope"),
            row("no network \"nope\"", "network", "inspect", "nope"),
            row("no network \"nope\"", "fdb", "ls", "nope"),
            row("no network \"nope\"", "fdb", "flush", "nope"),
            row("no network \"nope\"", "endpoint", "attach", "nope", "--netns", b.name()),
            row("no endpoint \"nope\"", "endpoint", "detach", "nope"),
            row("endpoint \"a\" already", "endpoint", "attach", "web", "--netns", b.name(), "--name", "a"),
            row("is no endpoint name", "endpoint", "attach", "web", "--netns", b.name(), "--name", "a b"),
            row("is no interface name", "endpoint", "attach", "web", "--netns", b.name(), "--ifname", "a/b"),
            row("is no interface name", "endpoint", "attach", "web", "--netns", b.name(), "--ifname",
                "a23456789012345x"),
            row("ENOENT", "endpoint", "attach", "web", "--netns", "no-such-namespace"),
            row("ENOENT", "endpoint", "attach", "web", "--pid", "999999999"),
            row("EINVAL", "endpoint", "attach", "web", "--netns", "/etc/hostname"),
            row("interface eth0 in", "endpoint", "attach", "web", "--netns", a.name(), "--ifname", "eth0"),
            row("in use", "endpoint", "attach", "web", "--netns", b.name(), "--ip", "10.77.0.128"),
            row("is the network's gateway", "endpoint", "attach", "web", "--netns", b.name(), "--ip", "10.77.0.1"),
            row("broadcast", "endpoint", "attach", "web", "--netns", b.name(), "--ip", "10.77.0.255"),
            row("in no subnet", "endpoint", "attach", "web", "--netns", b.name(), "--ip", "10.78.0.1"),
            row("one address of", "endpoint", "attach", "web", "--netns", b.name(), "--ip", "10.77.0.9", "--ip",
                "10.77.0.10"),
            row("is not a MAC address", "endpoint", "attach", "web", "--netns", b.name(), "--mac", "zz"),
            row("group address", "endpoint", "attach", "web", "--netns", b.name(), "--mac", "01:00:5e:00:00:01"),
            row("is the gateway's", "endpoint", "attach", "web", "--netns", b.name(), "--mac", "02:42:0a:4d:00:01"),
            row("is in use on the network", "endpoint", "attach", "web", "--netns", b.name(), "--mac",
                "02:42:0a:4d:00:80"),
            row("unknown command", "nonsense"),
            row("missing required", "endpoint", "attach", "web"),
            row("mutually exclusive", "endpoint", "attach", "web", "--netns", "x", "--pid", "1"),
            row("missing required", "network", "create"),
            row("no such port", "port", "unpublish", "a", "9:9"),
            row("NONSENSE", "conntrack", "ls", "--state", "NONSENSE"),
            row("10.0.0.1/8", "conntrack", "ls", "-s", "10.0.0.1/8")
        );
    }

    private static Stream<Arguments> wrongRequests() {
        return Stream.of(
            Arguments.of(400, "JSON is wrong", "POST", "/v1/networks", "{\"name\":"),
            Arguments.of(400, "Unrecognized field", "POST", "/v1/networks", "{\"name\":\"x\",\"colour\":1}"),
            Arguments.of(400, "has no JSON", "POST", "/v1/networks", ""),
            Arguments.of(400, "has no JSON", "POST", "/v1/networks", "null"),
            Arguments.of(400, "JSON is wrong", "POST", "/v1/networks", "[]"),
            Arguments.of(400, "Invalid `null` value", "POST", "/v1/networks", "{\"name\":\"x\",\"subnets\":[null]}"),
            Arguments.of(400, "from 1 to 5000", "GET", "/v1/conntrack?limit=0", ""),
            Arguments.of(400, "from 1 to 5000", "GET", "/v1/conntrack?limit=99999999999999999999", ""),
            Arguments.of(400, "is a number from", "GET", "/v1/conntrack?after=x", ""),
            Arguments.of(400, "no filter \"after\"", "GET", "/v1/conntrack/count?after=1", ""),
            Arguments.of(400, "is true or false", "POST", "/v1/conntrack/flush?dst-nat=1", ""),
            Arguments.of(400, "1.2.3.4 is IPv4, and something else", "POST",
                "/v1/conntrack/flush?orig-src=::/0&orig-dst=1.2.3.4", ""),
            Arguments.of(400, "is no network name", "POST", "/v1/networks", "{}"),
            Arguments.of(400, "which network", "POST", "/v1/endpoints", "{}"),
            Arguments.of(404, "there is no /v2", "GET", "/v2", ""),
            Arguments.of(405, "does not take PATCH", "PATCH", "/v1/networks", ""),
            Arguments.of(404, "no network \"nope\"", "GET", "/v1/networks/nope", ""),
            Arguments.of(400, "malformed", "GET", "/v1/networks/%zz", ""),
            Arguments.of(400, "is no path", "POST", "/v1/endpoints", "{\"network\":\"web\",\"netns\":\"/a\\u0000b\"}"),
            Arguments.of(400, "which namespace", "POST", "/v1/endpoints", "{\"network\":\"web\"}")
        );
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
