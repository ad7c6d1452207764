package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.OverlayBed.GATEWAY;
import static org.sluice.testbed.OverlayBed.ip;
import static org.sluice.testbed.OverlayBed.ip6;
import static org.sluice.testbed.OverlayBed.mac;
import static org.sluice.testbed.OverlayBed.ping;
import static org.sluice.testbed.OverlayBed.reaches;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.BulkTransfer;
import org.sluice.testbed.DockerEngine.Container;
import org.sluice.testbed.DockerHost;
import org.sluice.testbed.KernelVxlanHost;
import org.sluice.testbed.Lan;
import org.sluice.testbed.OverlayBed;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceVxlanHost;
import org.sluice.testbed.UnderlayBridge;

/** An overlay is a network like every other: with a way out, published ports and a host, each of its own host. */
@RequiresRoot
class OverlayNetworkIT {
    private static final int WORLD = 50;

    private final OverlayBed bed = new OverlayBed();
    private final Peers peers = bed.peers();

    @AfterEach
    void close() {
        bed.close();
    }

    @Test
    void shouldReachTheWorldByItsOwnHostAndBeReached() {
        final SluiceVxlanHost[] hosts = bed.sluices(2, "--vtep-learning");
        bed.meet(hosts);
        final TestNamespace a = bed.container(hosts[0], 1);
        final TestNamespace b = bed.container(hosts[1], 2);
        final TestNamespace world = bed.host(WORLD);
        peers.serveTcp(world, 80);
        peers.serveUdp(world, 53);
        peers.serveTcp(a, 80);
        hosts[0].sluice().ok("port", "publish", "c11", "8080:80");

        assertEquals("192.0.2.1 hello", peers.askTcp(a, UnderlayBridge.address(WORLD), 80));
        assertEquals("192.0.2.2 hello", peers.askTcp(b, UnderlayBridge.address(WORLD), 80));
        assertEquals("192.0.2.2 hello", peers.askUdp(b, UnderlayBridge.address(WORLD), 53));
        ping(a, UnderlayBridge.address6(WORLD));
        assertEquals("192.0.2.50 hello", peers.askTcp(world, "192.0.2.1", 8080));
        assertEquals("192.0.2.2 hello", peers.askTcp(b, "192.0.2.1", 8080), "by its host, out and in again");
        assertEquals(ip(2) + " hello", peers.askTcp(b, ip(1), 80), "through the tunnel");
        ping(hosts[0].host(), ip(1));
        ping(hosts[1].host(), ip6(2));
        ping(a, GATEWAY);
        ping(b, "fd00:9::1");
        assertFalse(reaches(hosts[0].host(), ip(2)), "a host talks with its own containers only");
    }

    @Test
    void shouldKeepTheGatewayAndOtherNetworksFromTheTunnel() {
        final SluiceVxlanHost left = bed.sluice(1);
        final KernelVxlanHost right = bed.kernel(2);
        bed.meet(left, right);
        left.sluice().ok("network", "create", "green", "--subnet", "10.8.0.0/24", "--vni", "77");
        left.sluice().ok("vtep", "add", "green", UnderlayBridge.address(2));
        final TestNamespace a = bed.container(left, 1);
        final TestNamespace b = bed.container(right, 2);
        final TestNamespace green = bed.container();
        left.attach("green", green, mac(3), "10.8.0.13/24");
        final TestNamespace world = bed.host(WORLD);
        peers.serveTcp(world, 80);
        peers.serveTcp(a, 80);
        ping(b, ip(1));

        assertFalse(reaches(b, GATEWAY), "it does not answer ARP");
        assertFalse(reaches(b, "fd00:9::1"), "nor neighbour discovery");
        final String gatewayMac = left.get("/v1/networks/" + SluiceVxlanHost.NETWORK).path("gatewayMac").asText();
        b.exec("ip", "neigh", "replace", GATEWAY, "lladdr", gatewayMac, "dev", "eth0");
        b.exec("ip", "route", "add", "default", "via", GATEWAY);
        final long before = left.drops("TUNNEL_NOT_RELAYED");
        assertFalse(reaches(b, GATEWAY));
        assertEquals("timeout", peers.askTcp(b, UnderlayBridge.address(WORLD), 80), "no way out by another host");
        assertTrue(left.drops("TUNNEL_NOT_RELAYED") >= before + 2);
        assertFalse(peers.askTcp(green, ip(1), 80).endsWith("hello"), "nor from another network");
        assertFalse(reaches(green, ip(2)), "nor from there through the tunnel");
    }

    @Test
    void shouldSpanHostsForDocker() {
        final Lan lan = bed.keep(new Lan());
        final DockerHost docker = bed.keep(new DockerHost(lan));
        docker.engine().docker("network", "create", "-d", docker.driver(), "--subnet", OverlayBed.SUBNET,
            "-o", "sluice.vni=4242", "-o", "sluice.vtep_learning=true", SluiceVxlanHost.NETWORK);
        docker.sluice().ok("vtep", "add", SluiceVxlanHost.NETWORK, Lan.CLIENT_1);
        final Container a = docker.engine().run("alpha", "--network", SluiceVxlanHost.NETWORK, "--ip", ip(1));
        final SluiceVxlanHost other = bed.keep(new SluiceVxlanHost(lan.client1(), "--subnet", OverlayBed.SUBNET,
            "--vni", "4242", "--vtep-learning"));
        other.addPeer(Lan.HOST);
        final TestNamespace b = bed.container();
        other.attach(b, mac(2), ip(2) + "/24");

        ping(b, ip(1));
        assertEquals(0, a.exec("ping", "-c", "1", "-W", "3", ip(2)).status());
        assertTrue(BulkTransfer.send(b, a, ip(1), 5_000_000) > 0);
        assertEquals(4242, docker.sluice().json("network", "inspect", SluiceVxlanHost.NETWORK).path("overlay")
            .path("vni").asInt());
    }
}
