package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.OverlayBed.VNI;
import static org.sluice.testbed.OverlayBed.ip;
import static org.sluice.testbed.OverlayBed.ip6;
import static org.sluice.testbed.OverlayBed.mac;
import static org.sluice.testbed.OverlayBed.ping;
import static org.sluice.testbed.SluiceVxlanHost.endpoint;
import static org.sluice.testbed.SluiceVxlanHost.vtep;
import static org.sluice.testbed.VxlanForger.MARK;
import static org.sluice.testbed.VxlanForger.VALID_VNI;
import static org.sluice.testbed.VxlanForger.datagram;
import static org.sluice.testbed.VxlanForger.frame;
import static org.sluice.testbed.VxlanForger.tagged;
import static org.sluice.testbed.VxlanForger.truncated;

import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.BulkTransfer;
import org.sluice.testbed.Eavesdropper;
import org.sluice.testbed.OverlayBed;
import org.sluice.testbed.SluiceHost;
import org.sluice.testbed.SluiceVxlanHost;
import org.sluice.testbed.UnderlayBridge;
import org.sluice.testbed.VxlanForger;

/**
 * Mallory is on the underlay's segment too and makes up what she likes. Nothing of it reaches a container but what a
 * VTEP may say, and the others talk on.
 */
@RequiresRoot
class OverlayHostileIT {
    private static final int MALLORY = 66;
    private static final String HER_MAC = "02:00:00:00:66:66";
    private static final int TIMES = 20;
    private static final int FLOOD_DATAGRAMS = 60_000;

    private final OverlayBed bed = new OverlayBed();
    private SluiceVxlanHost left;
    private TestNamespace a;
    private TestNamespace b;
    private VxlanForger mallory;
    private Eavesdropper atA;

    @BeforeEach
    void connect() {
        final SluiceVxlanHost[] hosts = bed.sluices(2, "--vtep-learning");
        left = hosts[0];
        a = bed.container(left, 1);
        b = bed.container(hosts[1], 2);
        left.putVteps(vtep(UnderlayBridge.address(2), endpoint(mac(2), ip(2), ip6(2))));
        hosts[1].addPeer(UnderlayBridge.address(1));
        mallory = bed.keep(new VxlanForger(bed.host(MALLORY), UnderlayBridge.address(1)));
        atA = bed.keep(new Eavesdropper(a));
        ping(a, ip(2));
    }

    @AfterEach
    void close() {
        bed.close();
    }

    @Test
    void shouldDropWhatComesFromNoVtepOrIsNoVxlan() {
        final byte[] good = frame(mac(1), HER_MAC);
        assertDropped("VTEP_UNKNOWN", datagram(good));
        assertDropped("VTEP_UNKNOWN", datagram(frame("ff:ff:ff:ff:ff:ff", HER_MAC)));
        assertDropped("VNI_UNKNOWN", datagram(VALID_VNI, VNI + 1, good));
        assertDropped("VNI_UNKNOWN", datagram(VALID_VNI, 0, good));
        assertDropped("VXLAN_MALFORMED", datagram(0, VNI, good));
        assertDropped("VXLAN_MALFORMED", datagram(0xF7, VNI, good));
        for (final int bytes : new int[] {0, 4, 7, 8, 20, 21}) {
            assertDropped("VXLAN_MALFORMED", truncated(bytes));
        }

        assertFalse(atA.hasHeard(MARK));
        ping(a, ip(2));
        ping(b, ip6(1));
    }

    @Test
    void shouldDropWhatAVtepMayNotSay() {
        left.addPeer(UnderlayBridge.address(MALLORY));
        final String gateway = left.get("/v1/networks/" + SluiceVxlanHost.NETWORK).path("gatewayMac").asText();
        assertDropped("OVERLAY_VLAN", datagram(tagged(mac(1), HER_MAC, 5)));
        assertDropped("OVERLAY_VLAN", datagram(tagged("ff:ff:ff:ff:ff:ff", HER_MAC, 0)));
        assertDropped("REMOTE_MAC_SPOOFED", datagram(frame(mac(1), mac(1))));
        assertDropped("REMOTE_MAC_SPOOFED", datagram(frame("ff:ff:ff:ff:ff:ff", mac(1))));
        assertDropped("REMOTE_MAC_SPOOFED", datagram(frame(mac(1), gateway)));
        assertDropped("REMOTE_MAC_SPOOFED", datagram(frame(mac(1), mac(2))));
        assertDropped("TUNNEL_NOT_RELAYED", datagram(frame(mac(2), HER_MAC)));
        assertDropped("TUNNEL_NOT_RELAYED", datagram(frame(gateway, HER_MAC)));
        final byte[] out = VxlanForger.udp(new byte[] {10, 9, 0, 66}, new byte[] {(byte) 192, 0, 2, 2}, 53);
        assertDropped("TUNNEL_NOT_RELAYED", datagram(frame(gateway, HER_MAC, (short) 0x0800, out)));

        assertFalse(atA.hasHeard(MARK));
        ping(a, ip(2));
        ping(b, ip6(1));

        // A frame that she may send does arrive, so the silence above means something.
        mallory.send(datagram(frame(mac(1), HER_MAC)));
        assertTrue(atA.hasHeard(MARK));
    }

    /** The other host trusts this host's address, and masquerading would lend it to any container. */
    @Test
    void shouldNotLendTheHostsAddressToAContainer() {
        final TestNamespace c = bed.container();
        left.sluice().ok("network", "create", "green", "--subnet", "10.8.0.0/24");
        left.attach("green", c, mac(3), "10.8.0.13/24");
        final Eavesdropper atB = bed.keep(new Eavesdropper(b));
        final byte[] forged = datagram(frame(mac(2), HER_MAC));
        final VxlanForger inside = bed.keep(new VxlanForger(c, UnderlayBridge.address(2)));
        final VxlanForger toHost = bed.keep(new VxlanForger(c, UnderlayBridge.address(1)));
        for (int i = 0; i < TIMES; i++) {
            inside.send(forged);
            toHost.send(forged);
        }
        assertFalse(atB.hasHeard(MARK));
        assertFalse(atA.hasHeard(MARK));
        assertEquals(2 * TIMES, left.drops("TUNNEL_FORGED"), left.get("/v1/status").path("drops").toString());
        assertUnharmed();
    }

    /** Containers on one network may have a tunnel of their own; their kernels leave its inner checksums to the TAP. */
    @Test
    void shouldCarryATunnelBetweenContainers() {
        final TestNamespace c = bed.container();
        final TestNamespace d = bed.container();
        left.sluice().ok("network", "create", "green", "--subnet", "10.8.0.0/24");
        left.attach("green", c, mac(3), "10.8.0.13/24");
        left.attach("green", d, mac(4), "10.8.0.14/24");
        ownTunnel(c, 3, 4);
        ownTunnel(d, 4, 3);
        ping(c, "10.7.0.14");
        assertTrue(BulkTransfer.send(c, d, "10.7.0.14", 5_000_000) > 0);
        assertTrue(BulkTransfer.send(d, c, "10.7.0.13", 5_000_000) > 0);
        assertEquals(0, left.drops("VIRTIO_HEADER_INVALID"), left.get("/v1/status").path("drops").toString());
    }

    private static void ownTunnel(final TestNamespace container, final int own, final int other) {
        container.exec("ip", "link", "add", "vx0", "type", "vxlan", "id", "7", "dstport", "4789", "remote",
            "10.8.0.1" + other, "local", "10.8.0.1" + own);
        container.exec("ip", "address", "add", "10.7.0.1" + own + "/24", "dev", "vx0");
        container.exec("ip", "link", "set", "vx0", "up");
    }

    private void assertDropped(final String reason, final byte[] datagram) {
        final long before = left.drops(reason);
        for (int i = 0; i < TIMES; i++) {
            mallory.send(datagram);
        }
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (left.drops(reason) < before + TIMES && System.nanoTime() < deadline) {
            SluiceHost.sleep(20);
        }
        assertEquals(before + TIMES, left.drops(reason), reason + ", " + datagram.length + " bytes: "
            + left.get("/v1/status").path("drops"));
    }

    @Test
    void shouldCarryOnWhileSheFloods() throws Exception {
        final CompletableFuture<Void> flood = CompletableFuture.runAsync(this::flood,
            task -> Thread.ofPlatform().daemon().name("flood").start(task));

        final String pings = a.exec("ping", "-c", "50", "-i", "0.02", "-W", "2", ip(2));
        assertTrue(BulkTransfer.send(a, b, ip(2), 5_000_000) > 0);
        assertTrue(BulkTransfer.send(b, a, ip6(1), 5_000_000) > 0);
        flood.get(60, TimeUnit.SECONDS);

        assertTrue(Integer.parseInt(pings.replaceAll("(?s).* (\\d+) received.*", "$1")) >= 45, pings);
        assertFalse(atA.hasHeard(MARK));
        assertUnharmed();
    }

    /** Sends many wrong datagrams, at most about 50,000 in a second. */
    private void flood() {
        final byte[] good = frame(mac(1), HER_MAC);
        final byte[][] wrong = {datagram(good), datagram(VALID_VNI, 7, good), datagram(0, VNI, good), truncated(0),
            truncated(8), truncated(20), datagram(frame("ff:ff:ff:ff:ff:ff", mac(1)))};
        for (int i = 0; i < FLOOD_DATAGRAMS; i++) {
            mallory.send(wrong[i % wrong.length]);
            if (i % 64 == 0) {
                SluiceHost.sleep(1);
            }
        }
    }

    @Test
    void shouldSurviveAVtepThatSendsAnything() {
        left.addPeer(UnderlayBridge.address(MALLORY));
        final Random random = new Random(66);
        final byte[] packet = VxlanForger.udp(new byte[] {10, 9, 0, 66}, new byte[] {10, 9, 0, 11}, 53);
        final short[] types = {0x0800, (short) 0x86DD, 0x0806, (short) 0x8100, 0, 5};
        for (int i = 0; i < 30_000; i++) {
            // Whole frames with a wrong byte here and there, and pure noise of any length.
            final byte[] sound = frame(random.nextInt(4) == 0 ? "ff:ff:ff:ff:ff:ff" : mac(1), HER_MAC,
                types[random.nextInt(types.length)], packet);
            for (int n = random.nextInt(4); n > 0; n--) {
                sound[random.nextInt(sound.length)] = (byte) random.nextInt(256);
            }
            final byte[] noise = new byte[random.nextInt(1400)];
            random.nextBytes(noise);
            mallory.send(datagram(i % 2 == 0 ? sound : noise));
            if (i % 64 == 0) {
                SluiceHost.sleep(1);
            }
        }
        assertUnharmed();
    }

    private void assertUnharmed() {
        ping(a, ip(2));
        ping(b, ip6(1));
        assertEquals("ok", left.get("/v1/status").path("health").asText());
        assertEquals("[]", left.get("/v1/status").path("errors").toString());
        assertFalse(left.sluice().log().contains("Exception"), left.sluice().log());
    }
}
