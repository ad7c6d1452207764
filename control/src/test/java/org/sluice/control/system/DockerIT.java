package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.TextAssertions.assertContainsAll;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import com.fasterxml.jackson.databind.JsonNode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.testbed.Await;
import org.sluice.testbed.DockerEngine;
import org.sluice.testbed.DockerEngine.Container;
import org.sluice.testbed.DockerHost;
import org.sluice.testbed.Lan;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;

/** The life of Docker's networks and containers on the switch, with a real dockerd. */
@RequiresRoot
@Tag("docker")
class DockerIT {
    private final Lan lan = new Lan();
    private final Peers peers = new Peers();
    private final DockerHost host = new DockerHost(lan);
    private final DockerEngine docker = host.engine();
    private final SluiceHost sluice = host.sluice();

    @AfterEach
    void close() {
        peers.close();
        host.close();
        lan.close();
    }

    private void network(final String name, final String... options) {
        final List<String> command = new ArrayList<>(List.of("network", "create", "-d", host.driver()));
        command.addAll(List.of(options));
        command.add(name);
        docker.docker(command.toArray(String[]::new));
    }

    @Test
    void shouldLeadANetworkThroughItsLife() {
        network("web", "--subnet", "10.77.0.0/24");
        assertEquals(docker.docker("network", "inspect", "-f", "{{.Id}}", "web").strip(),
            sluice.json("network", "inspect", "web").path("docker").path("id").asText());
        final Container a = docker.run("alpha", "--network", "web", "-p", "8080:80");
        docker.run("beta", "--network", "web");

        docker.docker("stop", "-t", "0", "alpha");
        assertEquals("refused", peers.askTcp(lan.client1(), Lan.HOST, 8080), "while it is stopped");

        docker.docker("start", "alpha");
        peers.serveTcp(a, 80);
        assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), Lan.HOST, 8080));

        docker.docker("rm", "-f", "alpha", "beta");
        docker.docker("network", "rm", "web");
        assertNothingIsLeft();
        assertFalse(sluice.log().contains("Exception"), sluice.log());
    }

    @Test
    void shouldPublishPortsInAllForms() {
        network("web", "--subnet", "10.77.0.0/24");
        final Container a = docker.run("alpha", "--network", "web", "-p", "8080:80", "-p", "90", "-P", "--expose", "70",
            "-p", "6000-6001:6000-6001/udp", "-p", "7000-7010:7000", "-p", "9/sctp");
        peers.serveTcp(a, 80);
        peers.serveTcp(a, 90);

        assertContainsAll(sluice.ok("port", "ls"), "alpha", "web", "0.0.0.0:8080->80/tcp",
            "0.0.0.0:6000-6001->6000-6001/udp", "->7000/tcp", "->70/tcp", "->9/sctp");
        int chosen = 0;
        for (final JsonNode map : sluice.json("port", "ls")) {
            chosen = map.path("endpointFirst").asInt() == 90 ? map.path("hostFirst").asInt() : chosen;
        }
        assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), Lan.HOST, 8080));
        assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), Lan.HOST, chosen), "port " + chosen);
    }

    @Test
    void shouldKnowContainersByTheirNames() {
        network("web", "--subnet", "10.77.0.0/24");
        docker.run("alpha", "--network", "web");
        final Container b = docker.run("beta", "--network", "web");

        assertEquals(0, b.exec("ping", "-c", "1", "-W", "3", "alpha").status());
        final String shown = sluice.ok("endpoint", "ls").lines().filter(line -> line.contains("alpha")).findFirst()
            .orElse("");
        assertContainsAll(shown, "10.77.0.2/24", " up ");
        assertEquals("alpha", sluice.json("endpoint", "inspect", "alpha").path("docker").path("name").asText());
    }

    @Test
    void shouldTakeTheOptionsOfDockersBridge() {
        network("full", "--subnet", "10.77.0.0/16", "--ip-range", "10.77.5.0/24", "--gateway", "10.77.9.9",
            "--aux-address", "router=10.77.5.0", "--ipv6", "--subnet", "fd77::/64", "--gateway", "fd77::9",
            "-o", "com.docker.network.bridge.name=mine0", "-o", "com.docker.network.driver.mtu=1400",
            "-o", "com.docker.network.container_iface_prefix=net");
        assertTrue(host.namespace().exec("ip", "addr", "show", "mine0").contains("10.77.9.9/16"));

        final Container a = docker.run("alpha", "--network", "full");
        final Container b = docker.run("beta", "--network", "full", "--ip", "10.77.1.1", "--ip6", "fd77::77",
            "--mac-address", "02:11:22:33:44:55");
        assertEquals("10.77.5.1", a.inspect("{{.NetworkSettings.Networks.full.IPAddress}}"));
        final String addresses = b.exec("ip", "addr", "show", "net0").out();
        assertContainsAll(addresses, "10.77.1.1/16", "fd77::77/64", "02:11:22:33:44:55", "mtu 1400 qdisc noqueue");
        assertEquals(0, b.exec("ping", "-c", "1", "-W", "3", "10.77.9.9").status(), "the gateway");
        assertEquals(0, b.exec("ping", "-c", "1", "-W", "3", "10.77.5.1").status());
    }

    @Test
    void shouldRouteANetworkThatIsNotMasqueraded() {
        network("routed", "--subnet", "10.77.0.0/24", "-o", "com.docker.network.bridge.enable_ip_masquerade=false");
        final Container a = docker.run("alpha", "--network", "routed");
        peers.serveTcp(lan.router(), 80);
        lan.router().exec("ip", "route", "add", "10.77.0.0/24", "via", Lan.HOST);

        assertEquals("10.77.0.2 hello", peers.askTcp(a, Lan.WORLD, 80));
    }

    @Test
    void shouldManageAddresses() throws IOException {
        network("ours", "--ipam-driver", host.driver());
        network("named", "--ipam-driver", host.driver(), "--subnet", "10.77.0.0/24", "--gateway", "10.77.0.9",
            "--aux-address", "one=10.77.0.1", "--ipv6", "--subnet", "fd77::/64");
        final Container a = docker.run("alpha", "--network", "ours");
        final Container b = docker.run("beta", "--network", "named");
        docker.run("gamma", "--network", "named", "--ip", "10.77.0.44");

        assertTrue(a.inspect("{{.NetworkSettings.Networks.ours.IPAddress}}").startsWith("172."));
        assertEquals("10.77.0.2 fd77::2", b.inspect("{{.NetworkSettings.Networks.named.IPAddress}}"
            + " {{.NetworkSettings.Networks.named.GlobalIPv6Address}}"));
        assertEquals(0, b.exec("ping", "-c", "1", "-W", "3", "gamma").status());
        assertTrue(docker.tryDocker("run", "--rm", "--network", "named", "--ip", "10.77.0.44", DockerEngine.IMAGE,
            "true").status() != 0, "in use");

        host.killSwitch();
        docker.docker("rm", "-f", "gamma");
        docker.run("delta", "--network", "named", "--ip", "10.77.0.44");
        assertEquals("10.77.0.3", docker.run("epsilon", "--network", "named")
            .inspect("{{.NetworkSettings.Networks.named.IPAddress}}"), "leases outlive the daemon");

        docker.docker("rm", "-f", "alpha", "beta", "delta", "epsilon");
        docker.docker("network", "rm", "ours", "named");
        assertNothingIsLeft();
    }

    @Test
    void shouldPublishManyPortsAtOnceWithoutAProcessEach() {
        network("web", "--subnet", "10.77.0.0/24");
        final Container a = docker.run("alpha", "--network", "web", "-p", "20000-20199:20000-20199", "-p",
            "20000-20199:20000-20199/udp");

        assertEquals(2, sluice.json("port", "ls").size(), "one entry each");
        for (final int port : new int[] {20_000, 20_123, 20_199}) {
            peers.serveTcp(a, port);
            assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), Lan.HOST, port));
            assertEquals("10.77.0.1 hello", peers.askTcp(host.namespace(), "127.0.0.1", port));
        }
        assertEquals("", host.namespace().tryExec("sh", "-c", "ss -ltnH 'sport >= 20000 and sport <= 20199'"));
    }

    @Test
    void shouldStartManyContainersAtOnce() throws InterruptedException {
        network("web", "--subnet", "10.77.0.0/24");
        final List<Thread> starts = IntStream.range(0, 20).mapToObj(i -> Thread.ofPlatform()
            .start(() -> docker.run("many" + i, "--network", "web", "-p", 9000 + i + ":80"))).toList();
        for (final Thread start : starts) {
            start.join();
        }

        assertEquals(20, sluice.json("endpoint", "ls").size());
        final Container last = docker.container("many19");
        for (int i = 0; i < 20; i++) {
            assertEquals(0, last.exec("ping", "-c", "1", "-W", "3", "many" + i).status(), "many" + i);
        }
        peers.serveTcp(docker.container("many7"), 80);
        assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), Lan.HOST, 9007));
    }

    @Test
    void shouldSurviveRestartsOfBothInAnyOrder() {
        network("web", "--subnet", "10.77.0.0/24", "--ipv6", "--subnet", "fd77::/64");
        final Container a = docker.run("alpha", "--network", "web", "--restart", "always", "-p", "8080:80");
        final Container b = docker.run("beta", "--network", "web", "--restart", "always");

        for (final Runnable restart : new Runnable[] {this::switchFirst, this::engineFirst, this::killBoth}) {
            restart.run();
            Await.untilTrue("both containers run", () -> "true".equals(a.inspect("{{.State.Running}}"))
                && "true".equals(b.inspect("{{.State.Running}}")));
            Await.untilTrue("beta reaches alpha", () -> b.exec("ping", "-c", "1", "-W", "3", "alpha").status() == 0);
            peers.serveTcp(a, 80);
            assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), Lan.HOST, 8080));
            assertEquals(2, sluice.json("endpoint", "ls").size(), "stale ones are gone");
            assertEquals("ok", sluice.json("status").path("health").asText(), sluice.json("status").toString());
        }

        docker.docker("rm", "-f", "alpha", "beta");
        docker.docker("network", "rm", "web");
        assertNothingIsLeft();
    }

    private void switchFirst() {
        docker.stop();
        host.restartSwitch();
        docker.start();
    }

    /** Docker asks some times, with growing pauses, for a driver that is not there. */
    private void engineFirst() {
        docker.stop();
        sluice.stop();
        final int logged = docker.log().length();
        final Thread engine = Thread.ofPlatform().start(docker::start);
        Await.untilTrue("dockerd waits for the driver",
            () -> docker.log().substring(logged).contains("Unable to locate plugin"));
        sluice.start();
        try {
            engine.join();
        } catch (final InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    private void killBoth() {
        sluice.kill();
        docker.kill();
        sluice.start();
        docker.start();
    }

    @Test
    void shouldShowAndPruneWhatDockerHasForgotten() throws IOException {
        assertEquals("", sluice.ok("prune"), "there is nothing of Docker's yet");

        network("web", "--subnet", "10.77.0.0/24", "--ipam-driver", host.driver());
        docker.run("alpha", "--network", "web", "-p", "8080:80");
        assertEquals(1, sluice.sluice("network", "rm", "web").status(), "it is Docker's to remove");
        assertEquals(1, sluice.sluice("endpoint", "detach", "alpha").status());

        // As if Docker had died before it could clean up.
        docker.docker("kill", "alpha");
        docker.stop();
        assertTrue(sluice.sluice("prune").err().contains("Docker does not answer"));
        // As if somebody had cleared Docker's folder: it has lost its networks and containers.
        for (final String part : new String[] {"data/network", "data/containers"}) {
            DockerEngine.delete(docker.socket().resolveSibling(part));
        }
        docker.start();
        network("other", "--subnet", "10.78.0.0/24", "--ipam-driver", host.driver());
        docker.run("beta", "--network", "other");

        // The watch leaves each alone for some seconds after Docker's last call about it. The pool's came later.
        Await.untilTrue("the network counts as forgotten",
            () -> sluice.ok("status").contains("Docker has forgotten the network"));
        Await.untilTrue("the pool counts as forgotten",
            () -> sluice.ok("status").contains("Docker has forgotten the address pool local/10.77.0.0/24"));
        assertEquals("degraded", sluice.json("status").path("health").asText());

        assertContainsAll(sluice.ok("prune"), "network ", "pool local/10.77.0.0/24");

        Await.untilTrue("no issue is left", () -> sluice.json("status").path("issues").isEmpty());
        assertEquals("ok", sluice.json("status").path("health").asText(), sluice.json("status").toString());
        assertEquals(1, sluice.json("network", "ls").size(), "what Docker knows stays");
        assertEquals(1, sluice.json("endpoint", "ls").size());
        network("web", "--subnet", "10.77.0.0/24", "--ipam-driver", host.driver());
    }

    private void assertNothingIsLeft() {
        final Path state = sluice.stateDir().resolve("state.json");
        Await.untilTrue("nothing is left", () -> {
            try {
                return Files.readString(state).replaceAll("\\s", "").endsWith("\"networks\":[],\"endpoints\":[],"
                    + "\"portMaps\":[],\"pools\":[],\"vteps\":[]}")
                    && !host.namespace().exec("ip", "-br", "link").contains("sl-");
            } catch (final IOException ex) {
                return false;
            }
        });
    }
}
