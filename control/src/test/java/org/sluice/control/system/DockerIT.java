package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

import com.fasterxml.jackson.databind.JsonNode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
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
        final JsonNode network = sluice.json("network", "inspect", "web");
        assertEquals(docker.docker("network", "inspect", "-f", "{{.Id}}", "web").strip(),
            network.path("docker").path("id").asText());
        final Container a = docker.run("alpha", "--network", "web", "-p", "8080:80", "-p", "90", "-P", "--expose", "70",
            "-p", "6000-6001:6000-6001/udp", "-p", "7000-7010:7000", "-p", "9/sctp");
        final Container b = docker.run("beta", "--network", "web");
        assertEquals(0, b.exec("ping", "-c", "1", "-W", "3", "alpha").status());
        peers.serveTcp(a, 80);
        peers.serveTcp(a, 90);
        final String shown = sluice.ok("port", "ls");
        assertTrue(shown.contains("alpha") && shown.contains("web") && shown.contains("0.0.0.0:8080->80/tcp")
            && shown.contains("0.0.0.0:6000-6001->6000-6001/udp") && shown.contains("->7000/tcp")
            && shown.contains("->70/tcp") && shown.contains("->9/sctp"), shown);
        int chosen = 0;
        for (final JsonNode map : sluice.json("port", "ls")) {
            chosen = map.path("endpointFirst").asInt() == 90 ? map.path("hostFirst").asInt() : chosen;
        }
        assertEquals(Lan.CLIENT_1 + " hello", peers.askTcp(lan.client1(), Lan.HOST, chosen), "port " + chosen);
        final String endpoints = sluice.ok("endpoint", "ls");
        assertTrue(endpoints.lines().anyMatch(line -> line.contains("alpha") && line.contains("10.77.0.2/24")
            && line.contains(" up ")), endpoints);
        assertEquals("alpha", sluice.json("endpoint", "inspect", "alpha").path("docker").path("name").asText());
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
        assertTrue(addresses.contains("10.77.1.1/16") && addresses.contains("fd77::77/64")
            && addresses.contains("02:11:22:33:44:55") && addresses.contains("mtu 1400 qdisc noqueue"), addresses);
        assertEquals(0, b.exec("ping", "-c", "1", "-W", "3", "10.77.9.9").status(), "the gateway");
        assertEquals(0, b.exec("ping", "-c", "1", "-W", "3", "10.77.5.1").status());
        for (final String[] wrong : new String[][] {{"overlaps", "--subnet", "10.77.3.0/24"},
            {"MTU 12 is not", "-o", "com.docker.network.driver.mtu=12"},
            {"no option sluice.x", "-o", "sluice.x=1"}}) {
            final List<String> command = new ArrayList<>(List.of("network", "create", "-d", host.driver()));
            command.addAll(List.of(wrong).subList(1, wrong.length));
            command.add("wrong");
            final SluiceHost.Result result = docker.tryDocker(command.toArray(String[]::new));
            assertTrue(result.status() != 0 && result.err().contains(wrong[0]), result.toString());
        }
        assertEquals(1, sluice.json("network", "ls").size());
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
            awaitTrue(() -> "true".equals(a.inspect("{{.State.Running}}"))
                && "true".equals(b.inspect("{{.State.Running}}")));
            awaitTrue(() -> b.exec("ping", "-c", "1", "-W", "3", "alpha").status() == 0);
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

    /** Docker waits some seconds for a driver that is not there. */
    private void engineFirst() {
        docker.stop();
        sluice.stop();
        final Thread engine = Thread.ofPlatform().start(docker::start);
        SluiceHost.sleep(2000);
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
        docker.docker("kill", "alpha");
        docker.stop();
        assertTrue(sluice.sluice("prune").err().contains("Docker does not answer"));
        // What Docker knows of networks and containers is gone, as after somebody has cleared its folder.
        for (final String part : new String[] {"data/network", "data/containers"}) {
            DockerEngine.delete(docker.socket().resolveSibling(part));
        }
        // As if Docker had died before it could clean up.
        docker.start();
        network("other", "--subnet", "10.78.0.0/24", "--ipam-driver", host.driver());
        docker.run("beta", "--network", "other");
        // Each is left alone for some seconds after Docker has last spoken of it; of the pool it spoke later.
        awaitTrue(() -> sluice.ok("status").contains("Docker has forgotten the network"));
        awaitTrue(() -> sluice.ok("status").contains("Docker has forgotten the address pool local/10.77.0.0/24"));
        assertEquals("degraded", sluice.json("status").path("health").asText());
        final String pruned = sluice.ok("prune");
        assertTrue(pruned.contains("network ") && pruned.contains("pool local/10.77.0.0/24"), pruned);
        SluiceHost.sleep(11_000);
        assertEquals("[]", sluice.json("status").path("issues").toString());
        assertEquals("ok", sluice.json("status").path("health").asText(), sluice.json("status").toString());
        assertEquals(1, sluice.json("network", "ls").size(), "what Docker knows stays");
        assertEquals(1, sluice.json("endpoint", "ls").size());
        network("web", "--subnet", "10.77.0.0/24", "--ipam-driver", host.driver());
    }

    private static void awaitTrue(final BooleanSupplier condition) {
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "in time");
            SluiceHost.sleep(100);
        }
    }

    private void assertNothingIsLeft() {
        final Path state = sluice.stateDir().resolve("state.json");
        awaitTrue(() -> {
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
