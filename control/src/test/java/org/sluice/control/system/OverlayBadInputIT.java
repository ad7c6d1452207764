package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.OverlayBed.ip;
import static org.sluice.testbed.OverlayBed.mac;
import static org.sluice.testbed.SluiceVxlanHost.endpoint;
import static org.sluice.testbed.SluiceVxlanHost.vtep;
import static org.sluice.testbed.TextAssertions.assertContainsAll;
import static org.sluice.testbed.TextAssertions.assertRefused;

import java.io.IOException;
import java.net.DatagramSocket;
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
import org.junit.jupiter.params.provider.MethodSource;

import org.sluice.control.http.UnixHttpClient;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.OverlayBed;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;
import org.sluice.testbed.SluiceVxlanHost;
import org.sluice.testbed.UnderlayBridge;

/** Every wrong request about overlays gets one clear line and changes nothing. One daemon serves the whole class. */
@RequiresRoot
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OverlayBadInputIT {
    private static final String REMOTE = "192.0.2.2";
    private static final String NEW = "192.0.2.9";
    /** The address of the endpoint behind REMOTE; otherwise it would be the next free one. */
    private static final String THERE = "10.9.0.2";

    private OverlayBed bed;
    private SluiceVxlanHost blue;
    private SluiceHost host;
    private TestNamespace a;
    private TestNamespace next;
    private List<String> before;

    @BeforeAll
    void start() throws IOException {
        bed = new OverlayBed();
        blue = bed.sluice(1);
        host = blue.sluice();
        a = bed.container(blue, 1);
        next = bed.container();
        host.ok("network", "create", "plain", "--subnet", "10.7.0.0/24");
        host.ok("vtep", "add", SluiceVxlanHost.NETWORK, REMOTE, "--endpoint", mac(2) + "," + THERE);
        before = everything();
    }

    /** After all the refusals the next container can still be attached. */
    @AfterAll
    void close() {
        try {
            final String given = host.ok("endpoint", "attach", "blue", "--netns", next.name(), "--name", "next");
            assertTrue(given.startsWith("next 10.9.0."), given);
            assertFalse(given.contains(THERE + "/"), "the address of an endpoint elsewhere is not free");
        } finally {
            bed.close();
        }
    }

    /** What the daemon, its store and the kernel hold. */
    private List<String> everything() throws IOException {
        return List.of(
            Files.readString(host.stateDir().resolve("state.json")),
            String.valueOf(host.get("/v1/vteps").size()),
            host.get("/v1/fdb?network=" + SluiceVxlanHost.NETWORK).toString().replaceAll("\"ageSeconds\":\\d+", ""),
            host.exec("ip", "-br", "link"),
            a.exec("ip", "-br", "link", "show", "eth0"));
    }

    @AfterEach
    void assertNothingHasChanged() throws IOException {
        assertEquals(before, everything());
        assertFalse(host.log().contains("Exception"), host.log());
    }

    @ParameterizedTest
    @MethodSource({"wrongNetworks", "wrongVteps", "wrongRemotes", "wrongEndpoints"})
    void shouldRefuseAWrongCommand(final String error, final List<String> command) {
        assertRefused(host.sluice(command.toArray(String[]::new)), error);
    }

    @ParameterizedTest
    @MethodSource("wrongLists")
    void shouldRefuseAWrongListOfVteps(final String error, final String body) {
        final UnixHttpClient.Answer answer = blue.tryPutVteps(body);

        assertEquals(4, answer.status() / 100, "status " + answer.status());
        assertContainsAll(new String(answer.body(), StandardCharsets.UTF_8), error);
    }

    private static Arguments row(final String error, final String... command) {
        return Arguments.of(error, List.of(command));
    }

    private static Stream<Arguments> wrongNetworks() {
        return Stream.of(
            row("VNI 0 is not from 1 to 16777215", "network", "create", "x", "--vni", "0"),
            row("VNI -1 is not from 1 to 16777215", "network", "create", "x", "--vni=-1"),
            row("VNI 16777216 is not from 1 to 16777215", "network", "create", "x", "--vni", "16777216"),
            row("--vni", "network", "create", "x", "--vni", "seven"),
            row("VNI 4242 belongs to network \"blue\"", "network", "create", "x", "--vni", "4242"),
            row("give a --vni too", "network", "create", "x", "--vtep-learning")
        );
    }

    private static Stream<Arguments> wrongVteps() {
        return Stream.of(
            row("it has no VNI", "vtep", "add", "plain", NEW),
            row("no network \"nope\"", "vtep", "add", "nope", NEW),
            row("no network \"nope\"", "vtep", "ls", "nope"),
            row("it has no VNI", "vtep", "rm", "plain", NEW),
            row("is this host's own address", "vtep", "add", "blue", UnderlayBridge.address(1)),
            row("is this host's own address", "vtep", "add", "blue", UnderlayBridge.address6(1)),
            row("is this host's own address", "vtep", "add", "blue", OverlayBed.GATEWAY),
            row("is no address of another host", "vtep", "add", "blue", "239.1.1.1"),
            row("is no address of another host", "vtep", "add", "blue", "ff02::1"),
            row("is no address of another host", "vtep", "add", "blue", "127.0.0.5"),
            row("is no address of another host", "vtep", "add", "blue", "::1"),
            row("is no address of another host", "vtep", "add", "blue", "0.0.0.0"),
            row("is no address of another host", "vtep", "add", "blue", "255.255.255.255"),
            row("is no address of another host", "vtep", "add", "blue", "fe80::1"),
            row("10.9.0.77", "vtep", "add", "blue", "10.9.0.77"),
            row("is no IP address", "vtep", "add", "blue", "nonsense"),
            row("is no IP address", "vtep", "add", "blue", "localhost"),
            row("is no IP address", "vtep", "add", "blue", "192.0.2"),
            row("is no IP address", "vtep", "add", "blue", "192.0.2.300"),
            row("is no IP address", "vtep", "add", "blue", ""),
            row("is a VTEP of network \"blue\" already", "vtep", "add", "blue", REMOTE),
            row("has no VTEP " + NEW, "vtep", "rm", "blue", NEW),
            row("is no IP address", "vtep", "rm", "blue", "nonsense")
        );
    }

    private Stream<Arguments> wrongRemotes() {
        final String gatewayMac = blue.get("/v1/networks/" + SluiceVxlanHost.NETWORK).path("gatewayMac").asText();
        return Stream.of(
            row("is not a MAC address", "vtep", "add", "blue", NEW, "--endpoint", "zz"),
            row("is not a MAC address", "vtep", "add", "blue", NEW, "--endpoint", ""),
            row("group address", "vtep", "add", "blue", NEW, "--endpoint", "01:00:5e:00:00:01"),
            row("is the gateway's", "vtep", "add", "blue", NEW, "--endpoint", gatewayMac),
            row("belongs to an endpoint", "vtep", "add", "blue", NEW, "--endpoint", mac(1)),
            row("is behind " + REMOTE + " already", "vtep", "add", "blue", NEW, "--endpoint", mac(2)),
            row("is no IP address", "vtep", "add", "blue", NEW, "--endpoint", mac(7) + ",here"),
            row("is in no subnet", "vtep", "add", "blue", NEW, "--endpoint", mac(7) + ",10.10.0.7"),
            row("at most one IPv4", "vtep", "add", "blue", NEW, "--endpoint", mac(7) + ",10.9.0.7,10.9.0.8"),
            row(OverlayBed.GATEWAY, "vtep", "add", "blue", NEW, "--endpoint", mac(7) + "," + OverlayBed.GATEWAY),
            row("10.9.0.255", "vtep", "add", "blue", NEW, "--endpoint", mac(7) + ",10.9.0.255"),
            row(ip(1), "vtep", "add", "blue", NEW, "--endpoint", mac(7) + "," + ip(1)),
            row(THERE, "vtep", "add", "blue", NEW, "--endpoint", mac(7) + "," + THERE)
        );
    }

    private Stream<Arguments> wrongEndpoints() {
        return Stream.of(
            row(mac(2), "endpoint", "attach", "blue", "--netns", next.name(), "--mac", mac(2)),
            row(THERE, "endpoint", "attach", "blue", "--netns", next.name(), "--ip", THERE)
        );
    }

    /** The error, and the body of a PUT. */
    private static Stream<Arguments> wrongLists() {
        return Stream.of(
            Arguments.of("is named twice", "{\"vteps\":[" + vtep(NEW) + "," + vtep(NEW) + "]}"),
            Arguments.of("is behind",
                "{\"vteps\":[" + vtep(REMOTE, endpoint(mac(7))) + "," + vtep(NEW, endpoint(mac(7))) + "]}"),
            Arguments.of("is behind", "{\"vteps\":[" + vtep(NEW, endpoint(mac(7)), endpoint(mac(7))) + "]}"),
            Arguments.of("Invalid `null` value", "{\"vteps\":[null]}"),
            Arguments.of("Invalid `null` value", withEndpoint("null")),
            Arguments.of("is no IP address", "{\"vteps\":[{\"address\":null}]}"),
            Arguments.of("is no IP address", "{\"vteps\":[{}]}"),
            Arguments.of("", "{\"vteps\":null}"),
            Arguments.of("", "{}"),
            Arguments.of("is not a MAC address", withEndpoint("{}")),
            Arguments.of("Invalid `null` value", withEndpoint("{\"mac\":\"" + mac(7) + "\",\"addresses\":[null]}")),
            Arguments.of("Unrecognized field", "{\"vteps\":[{\"address\":\"" + NEW + "\",\"colour\":1}]}"),
            Arguments.of("JSON is wrong", "{\"vteps\":7}"),
            Arguments.of("JSON is wrong", "[]"),
            Arguments.of("has no JSON", "")
        );
    }

    private static String withEndpoint(final String endpoint) {
        return "{\"vteps\":[{\"address\":\"" + NEW + "\",\"endpoints\":[" + endpoint + "]}]}";
    }

    @Test
    void shouldLeaveNothingBehindWhereTheTunnelsPortIsTaken() throws Exception {
        final TestNamespace namespace = bed.host(3);
        final SluiceHost other = bed.keep(new SluiceHost(namespace, none -> { }, "--uplink", UnderlayBridge.INTERFACE));
        final String links = other.exec("ip", "-br", "link");
        try (DatagramSocket socket = Peers.in(namespace, () -> new DatagramSocket(4789))) {
            assertTrue(socket.isBound());
            assertRefused(other.sluice("network", "create", "blue", "--vni", "4242"), "cannot open UDP port 4789");
        }
        assertEquals(0, other.json("network", "ls").size());
        assertEquals(links, other.exec("ip", "-br", "link"));
        other.ok("network", "create", "blue", "--vni", "4242");
        other.ok("network", "rm", "blue");
        assertEquals(links, other.exec("ip", "-br", "link"));
        assertEquals("", other.exec("ss", "-Hlun", "sport", "=", "4789"), "without an overlay the host has its port");
    }
}
