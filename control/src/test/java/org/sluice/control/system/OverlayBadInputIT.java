package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.OverlayBed.ip;
import static org.sluice.testbed.OverlayBed.mac;
import static org.sluice.testbed.SluiceVxlanHost.endpoint;
import static org.sluice.testbed.SluiceVxlanHost.vtep;

import java.net.DatagramSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.control.http.UnixHttpClient;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.OverlayBed;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;
import org.sluice.testbed.SluiceVxlanHost;
import org.sluice.testbed.Underlay;

/** Every wrong request about overlays gets one clear line and changes nothing. */
@RequiresRoot
class OverlayBadInputIT {
    private static final String REMOTE = "192.0.2.2";
    private static final String NEW = "192.0.2.9";
    /** Of the endpoint there; the first that is free otherwise. */
    private static final String THERE = "10.9.0.2";

    private final OverlayBed bed = new OverlayBed();

    @AfterEach
    void close() {
        bed.close();
    }

    @Test
    void shouldRefuseWrongCommandsAndChangeNothing() throws Exception {
        final SluiceVxlanHost blue = bed.sluice(1);
        final SluiceHost host = blue.sluice();
        final TestNamespace a = bed.container(blue, 1);
        final TestNamespace next = bed.container();
        host.ok("network", "create", "plain", "--subnet", "10.7.0.0/24");
        host.ok("vtep", "add", SluiceVxlanHost.NETWORK, REMOTE, "--endpoint", mac(2) + "," + THERE);
        final String gatewayMac = blue.get("/v1/networks/" + SluiceVxlanHost.NETWORK).path("gatewayMac").asText();
        final String state = Files.readString(host.stateDir().resolve("state.json"));
        final String links = host.exec("ip", "-br", "link");
        final String table = host.ok("fdb", "ls", SluiceVxlanHost.NETWORK, "--json").replaceAll("\"ageSeconds.*", "");

        for (final String[][] lines : new String[][][] {wrongNetworks(), wrongVteps(), wrongRemotes(gatewayMac),
            wrongEndpoints(next.name())}) {
            for (final String[] line : lines) {
                assertRefused(host.sluice(Arrays.copyOfRange(line, 1, line.length)), line);
            }
        }
        for (final String[] line : wrongLists()) {
            final UnixHttpClient.Answer answer = blue.tryPutVteps(line[1]);
            final String body = new String(answer.body(), StandardCharsets.UTF_8);
            assertTrue(answer.status() >= 400 && answer.status() < 500 && body.contains(line[0]), line[1] + body);
        }

        assertEquals(state, Files.readString(host.stateDir().resolve("state.json")));
        assertEquals(links, host.exec("ip", "-br", "link"));
        assertEquals(table, host.ok("fdb", "ls", SluiceVxlanHost.NETWORK, "--json").replaceAll("\"ageSeconds.*", ""));
        assertEquals(1, host.json("vtep", "ls").size());
        assertFalse(host.log().contains("Exception"), host.log());
        a.exec("ip", "link", "show", "eth0");
        final String given = host.ok("endpoint", "attach", "blue", "--netns", next.name(), "--name", "next");
        assertTrue(given.startsWith("next 10.9.0."), given);
        assertFalse(given.contains(THERE + "/"), "the address of an endpoint elsewhere is not free");
    }

    private static void assertRefused(final SluiceHost.Result result, final String... line) {
        final String what = String.join(" ", line) + " gave " + result;
        assertTrue(result.status() != 0, what);
        assertEquals("", result.out(), what);
        assertEquals(1, result.err().lines().count(), what);
        assertTrue(result.err().startsWith("sluice: ") && result.err().contains(line[0]), what);
    }

    /** What the error must say, and the command. */
    private static String[][] wrongNetworks() {
        return new String[][] {
            {"VNI 0 is not from 1 to 16777215", "network", "create", "x", "--vni", "0"},
            {"VNI -1 is not from 1 to 16777215", "network", "create", "x", "--vni=-1"},
            {"VNI 16777216 is not from 1 to 16777215", "network", "create", "x", "--vni", "16777216"},
            {"--vni", "network", "create", "x", "--vni", "seven"},
            {"VNI 4242 belongs to network \"blue\"", "network", "create", "x", "--vni", "4242"},
            {"give a --vni too", "network", "create", "x", "--vtep-learning"},
        };
    }

    private static String[][] wrongVteps() {
        return new String[][] {
            {"it has no VNI", "vtep", "add", "plain", NEW},
            {"no network \"nope\"", "vtep", "add", "nope", NEW},
            {"no network \"nope\"", "vtep", "ls", "nope"},
            {"it has no VNI", "vtep", "rm", "plain", NEW},
            {"is this host's own address", "vtep", "add", "blue", Underlay.address(1)},
            {"is this host's own address", "vtep", "add", "blue", Underlay.address6(1)},
            {"is this host's own address", "vtep", "add", "blue", OverlayBed.GATEWAY},
            {"is no address of another host", "vtep", "add", "blue", "239.1.1.1"},
            {"is no address of another host", "vtep", "add", "blue", "ff02::1"},
            {"is no address of another host", "vtep", "add", "blue", "127.0.0.5"},
            {"is no address of another host", "vtep", "add", "blue", "::1"},
            {"is no address of another host", "vtep", "add", "blue", "0.0.0.0"},
            {"is no address of another host", "vtep", "add", "blue", "255.255.255.255"},
            {"is no address of another host", "vtep", "add", "blue", "fe80::1"},
            {"10.9.0.77", "vtep", "add", "blue", "10.9.0.77"},
            {"is no IP address", "vtep", "add", "blue", "nonsense"},
            {"is no IP address", "vtep", "add", "blue", "localhost"},
            {"is no IP address", "vtep", "add", "blue", "192.0.2"},
            {"is no IP address", "vtep", "add", "blue", "192.0.2.300"},
            {"is no IP address", "vtep", "add", "blue", ""},
            {"is a VTEP of network \"blue\" already", "vtep", "add", "blue", REMOTE},
            {"has no VTEP " + NEW, "vtep", "rm", "blue", NEW},
            {"is no IP address", "vtep", "rm", "blue", "nonsense"},
        };
    }

    private static String[][] wrongRemotes(final String gatewayMac) {
        return new String[][] {
            {"is not a MAC address", "vtep", "add", "blue", NEW, "--endpoint", "zz"},
            {"is not a MAC address", "vtep", "add", "blue", NEW, "--endpoint", ""},
            {"group address", "vtep", "add", "blue", NEW, "--endpoint", "01:00:5e:00:00:01"},
            {"is the gateway's", "vtep", "add", "blue", NEW, "--endpoint", gatewayMac},
            {"belongs to an endpoint", "vtep", "add", "blue", NEW, "--endpoint", mac(1)},
            {"is behind " + REMOTE + " already", "vtep", "add", "blue", NEW, "--endpoint", mac(2)},
            {"is no IP address", "vtep", "add", "blue", NEW, "--endpoint", mac(7) + ",here"},
            {"is in no subnet", "vtep", "add", "blue", NEW, "--endpoint", mac(7) + ",10.10.0.7"},
            {"at most one IPv4", "vtep", "add", "blue", NEW, "--endpoint", mac(7) + ",10.9.0.7,10.9.0.8"},
            {OverlayBed.GATEWAY, "vtep", "add", "blue", NEW, "--endpoint", mac(7) + "," + OverlayBed.GATEWAY},
            {"10.9.0.255", "vtep", "add", "blue", NEW, "--endpoint", mac(7) + ",10.9.0.255"},
            {ip(1), "vtep", "add", "blue", NEW, "--endpoint", mac(7) + "," + ip(1)},
            {THERE, "vtep", "add", "blue", NEW, "--endpoint", mac(7) + "," + THERE},
        };
    }

    private static String[][] wrongEndpoints(final String netns) {
        return new String[][] {
            {mac(2), "endpoint", "attach", "blue", "--netns", netns, "--mac", mac(2)},
            {THERE, "endpoint", "attach", "blue", "--netns", netns, "--ip", THERE},
        };
    }

    /** What the error must say, and the body of a PUT. */
    private static String[][] wrongLists() {
        return new String[][] {
            {"is named twice", "{\"vteps\":[" + vtep(NEW) + "," + vtep(NEW) + "]}"},
            {"is behind", "{\"vteps\":[" + vtep(REMOTE, endpoint(mac(7))) + "," + vtep(NEW, endpoint(mac(7))) + "]}"},
            {"is behind", "{\"vteps\":[" + vtep(NEW, endpoint(mac(7)), endpoint(mac(7))) + "]}"},
            {"Invalid `null` value", "{\"vteps\":[null]}"},
            {"Invalid `null` value", withEndpoint("null")},
            {"is no IP address", "{\"vteps\":[{\"address\":null}]}"},
            {"is no IP address", "{\"vteps\":[{}]}"},
            {"", "{\"vteps\":null}"},
            {"", "{}"},
            {"is not a MAC address", withEndpoint("{}")},
            {"Invalid `null` value", withEndpoint("{\"mac\":\"" + mac(7) + "\",\"addresses\":[null]}")},
            {"Unrecognized field", "{\"vteps\":[{\"address\":\"" + NEW + "\",\"colour\":1}]}"},
            {"JSON is wrong", "{\"vteps\":7}"},
            {"JSON is wrong", "[]"},
            {"has no JSON", ""},
        };
    }

    private static String withEndpoint(final String endpoint) {
        return "{\"vteps\":[{\"address\":\"" + NEW + "\",\"endpoints\":[" + endpoint + "]}]}";
    }

    @Test
    void shouldLeaveNothingBehindWhereTheTunnelsPortIsTaken() throws Exception {
        final TestNamespace namespace = bed.host(1);
        final SluiceHost host = bed.keep(new SluiceHost(namespace, none -> { }, "--uplink", Underlay.INTERFACE));
        final String links = host.exec("ip", "-br", "link");
        try (DatagramSocket other = Peers.in(namespace, () -> new DatagramSocket(4789))) {
            assertTrue(other.isBound());
            assertRefused(host.sluice("network", "create", "blue", "--vni", "4242"), "cannot open UDP port 4789");
        }
        assertEquals(0, host.json("network", "ls").size());
        assertEquals(links, host.exec("ip", "-br", "link"));
        host.ok("network", "create", "blue", "--vni", "4242");
        host.ok("network", "rm", "blue");
        assertEquals(links, host.exec("ip", "-br", "link"));
        assertEquals("", host.exec("ss", "-Hlun", "sport", "=", "4789"), "without an overlay the host has its port");
    }
}
