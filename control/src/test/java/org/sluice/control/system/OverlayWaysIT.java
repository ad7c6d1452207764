package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.OverlayBed.ip;
import static org.sluice.testbed.OverlayBed.ip6;
import static org.sluice.testbed.OverlayBed.mac;
import static org.sluice.testbed.OverlayBed.ping;
import static org.sluice.testbed.OverlayBed.pingWhole;
import static org.sluice.testbed.SluiceVxlanHost.endpoint;
import static org.sluice.testbed.SluiceVxlanHost.vtep;
import static org.sluice.testbed.TextAssertions.assertContainsAll;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.BulkTransfer;
import org.sluice.testbed.LossyWire;
import org.sluice.testbed.OverlayBed;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;
import org.sluice.testbed.SluiceVxlanHost;
import org.sluice.testbed.UnderlayBridge;

/** Tunnels over ways that are narrow or bad, and through the death of a daemon. */
@RequiresRoot
class OverlayWaysIT {
    private static final String LEFT = "192.0.2.1";
    private static final String RIGHT = "198.51.100.1";
    private static final int NARROW_MTU = 1400;
    private static final int DATAGRAMS = 1000;
    private static final int SILENCE_MS = 1000;

    private OverlayBed bed = new OverlayBed();

    @AfterEach
    void close() {
        bed.close();
    }

    @Test
    void shouldLearnHowNarrowTheWayIs() {
        final TestNamespace[] ends = {bed.container(), bed.container()};
        final TestNamespace[] routers = {bed.container(), bed.container()};
        link(ends[0], "eth0", LEFT, routers[0], "near", "192.0.2.254", 1500);
        link(routers[0], "far", "203.0.113.1", routers[1], "far", "203.0.113.2", NARROW_MTU);
        link(ends[1], "eth0", RIGHT, routers[1], "near", "198.51.100.254", 1500);
        route(ends[0], "default", "192.0.2.254");
        route(ends[1], "default", "198.51.100.254");
        route(routers[0], "198.51.100.0/24", "203.0.113.2");
        route(routers[1], "192.0.2.0/24", "203.0.113.1");
        final SluiceVxlanHost[] hosts = bed.sluices(ends, "--vtep-learning", "--mtu", "1450");
        hosts[0].addPeer(RIGHT);
        hosts[1].addPeer(LEFT);
        final TestNamespace a = bed.container(hosts[0], 1);
        final TestNamespace b = bed.container(hosts[1], 2);
        ping(a, ip(2));

        assertEquals(1450, hosts[0].mtuTo(RIGHT), "nothing long has been sent yet");

        assertTrue(BulkTransfer.send(a, b, ip(2), 5_000_000) > 0);
        assertTrue(BulkTransfer.send(b, a, ip6(1), 5_000_000) > 0);

        assertEquals(NARROW_MTU - 50, hosts[0].mtuTo(RIGHT));
        assertEquals(NARROW_MTU - 50, hosts[1].mtuTo(LEFT));
        assertFits(a, ip(2), NARROW_MTU - 50);
        assertFits(b, ip6(1), NARROW_MTU - 50);
        bed.echoUdp(a, ip(1), b, ip(2), 53, 4000);
    }

    /** A network that has been given what fits over IPv4 has tunnels over IPv6. */
    @Test
    void shouldTellContainersHowMuchFitsOverIpv6() {
        bed.close();
        bed = new OverlayBed(true, false);
        final SluiceVxlanHost[] hosts = bed.sluices(2, "--vtep-learning");
        bed.meet(hosts);
        final TestNamespace a = bed.container(hosts[0], 1);
        final TestNamespace b = bed.container(hosts[1], 2);

        assertFits(a, ip(2), OverlayBed.UNDERLAY_MTU - 70);
        assertFits(b, ip6(1), OverlayBed.UNDERLAY_MTU - 70);
        assertTrue(BulkTransfer.send(a, b, ip6(2), 5_000_000) > 0);
        assertTrue(BulkTransfer.send(b, a, ip(1), 5_000_000) > 0);
    }

    /** The longest packet that fits passes; of one that is longer by a byte the sender is told, and then remembers. */
    private static void assertFits(final TestNamespace from, final String address, final int mtu) {
        from.exec("ip", "route", "flush", "cache");
        from.exec("ip", "-6", "route", "flush", "cache");
        final String whole = pingWhole(from, address, mtu);
        assertTrue(whole.contains("1 received"), whole);
        final String told = pingWhole(from, address, mtu + 1);
        final String number = " ?[:=] ?" + mtu + "\\b.*";
        assertTrue(told.matches("(?s).*From \\S+ icmp_seq=1 .*mtu" + number), told);
        final String remembered = pingWhole(from, address, mtu + 1);
        assertTrue(remembered.matches("(?s).*too long.*mtu" + number), remembered);
    }

    private static void link(final TestNamespace one, final String oneName, final String oneAddress,
                             final TestNamespace other, final String otherName, final String otherAddress,
                             final int mtu) {
        one.exec("ip", "link", "add", oneName, "mtu", String.valueOf(mtu), "type", "veth", "peer", "name", otherName,
            "mtu", String.valueOf(mtu), "netns", other.name());
        address(one, oneName, oneAddress);
        address(other, otherName, otherAddress);
    }

    private static void address(final TestNamespace namespace, final String link, final String address) {
        namespace.exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
        namespace.exec("ip", "link", "set", "lo", "up");
        namespace.exec("ip", "link", "set", link, "up");
        namespace.exec("ip", "addr", "add", address + "/24", "dev", link);
    }

    private static void route(final TestNamespace namespace, final String to, final String by) {
        namespace.exec("ip", "route", "add", to, "via", by);
    }

    @Test
    void shouldCarryIntactOverABadWire() throws IOException {
        final TestNamespace[] ends = {bed.container(), bed.container()};
        final LossyWire wire = bed.keep(new LossyWire(ends[0], UnderlayBridge.INTERFACE, ends[1],
            UnderlayBridge.INTERFACE, new LossyWire.Faults(0.015, 0.02, 0.01), 42));
        UnderlayBridge.address(ends[0], 1);
        UnderlayBridge.address(ends[1], 2);
        final SluiceVxlanHost[] hosts = bed.sluices(ends, "--vtep-learning");
        bed.meet(hosts);
        final TestNamespace a = bed.container(hosts[0], 1);
        final TestNamespace b = bed.container(hosts[1], 2);

        assertTrue(BulkTransfer.send(a, b, ip(2), 5_000_000) > 0);
        final int arrived = sendDatagrams(b, a, ip(1));

        assertTrue(arrived > DATAGRAMS * 8 / 10, "of 1000 datagrams " + arrived);
        assertTrue(arrived < DATAGRAMS, "of 1000 datagrams " + arrived);
        assertTrue(wire.lost() > 20, "lost by the wire: " + wire.lost());
        assertTrue(wire.reordered() > 20, "reordered by the wire: " + wire.reordered());
        assertTrue(wire.duplicated() > 10, "doubled by the wire: " + wire.duplicated());
        assertEquals(OverlayBed.UNDERLAY_MTU + 14, wire.longest(), "frames are as long as on a wire, and no longer");
    }

    /** Sends datagrams of all lengths up to two fragments; returns how many came, each of them just as it was sent. */
    private static int sendDatagrams(final TestNamespace from, final TestNamespace to, final String address)
        throws IOException {
        final Set<Integer> arrived = new HashSet<>();
        try (DatagramSocket receiver = Peers.in(to, () -> new DatagramSocket(6000));
             DatagramSocket sender = Peers.in(from, () -> new DatagramSocket())) {
            receiver.setReceiveBufferSize(4 << 20);
            receiver.setSoTimeout(SILENCE_MS);
            for (int number = 0; number < DATAGRAMS; number++) {
                final byte[] content = content(number);
                sender.send(new DatagramPacket(content, content.length, new InetSocketAddress(address, 6000)));
                if (number % 10 == 0) {
                    SluiceHost.sleep(1);
                }
            }
            final DatagramPacket packet = new DatagramPacket(new byte[4000], 4000);
            while (true) {
                receiver.receive(packet);
                final byte[] got = Arrays.copyOf(packet.getData(), packet.getLength());
                final int number = ByteBuffer.wrap(got).getInt();
                assertTrue(number >= 0, () -> "number " + number);
                assertTrue(number < DATAGRAMS, () -> "number " + number);
                assertArrayEquals(content(number), got, () -> "number " + number);
                arrived.add(number);
            }
        } catch (final SocketTimeoutException ex) {
            return arrived.size();
        }
    }

    private static byte[] content(final int number) {
        final Random random = new Random(number);
        final byte[] content = new byte[4 + random.nextInt(2500)];
        random.nextBytes(content);
        return ByteBuffer.wrap(content).putInt(number).array();
    }

    @Test
    void shouldLiveOnAfterADaemonIsKilled() throws IOException {
        final SluiceVxlanHost[] hosts = bed.sluices(2);
        final TestNamespace a = bed.container(hosts[0], 1);
        final TestNamespace b = bed.container(hosts[1], 2);
        hosts[0].putVteps(vtep(UnderlayBridge.address(2), remote(2)), vtep("192.0.2.9"),
            vtep("2001:db8:1::9", remote(9)));
        hosts[1].putVteps(vtep(UnderlayBridge.address(1), remote(1)));
        bed.peers().serveEcho(b, 7);
        final Socket socket = bed.peers().connect(a, ip(2), 7);

        assertEquals("before", echo(socket, "before"));
        final String table = known(hosts[0]);
        assertContainsAll(table, mac(2), "2001:db8:1::9");

        hosts[0].sluice().kill();
        socket.getOutputStream().write("during".getBytes(StandardCharsets.US_ASCII));
        SluiceHost.sleep(200);
        hosts[0].sluice().start();

        assertEquals("during", new String(socket.getInputStream().readNBytes(6), StandardCharsets.US_ASCII));
        assertEquals("after", echo(socket, "after"));
        assertEquals(table, known(hosts[0]));
        assertEquals(table.lines().count(), hosts[0].get("/v1/vteps").findValuesAsText("state").size());
        assertEquals(Set.of("up"), new HashSet<>(hosts[0].get("/v1/vteps").findValuesAsText("state")));
        ping(b, ip6(1));
        assertFalse(hosts[0].sluice().log().contains("ERROR"), hosts[0].sluice().log());
    }

    private static String echo(final Socket socket, final String words) throws IOException {
        socket.getOutputStream().write(words.getBytes(StandardCharsets.US_ASCII));
        return new String(socket.getInputStream().readNBytes(words.length()), StandardCharsets.US_ASCII);
    }

    /** A line for each VTEP, with its endpoints. */
    private static String known(final SluiceVxlanHost host) {
        final StringBuilder known = new StringBuilder();
        host.get("/v1/vteps").forEach(vtep -> known.append(vtep.path("address").asText()).append(' ')
            .append(vtep.path("endpoints")).append('\n'));
        return known.toString();
    }

    private static String remote(final int container) {
        return endpoint(mac(container), ip(container), ip6(container));
    }
}
