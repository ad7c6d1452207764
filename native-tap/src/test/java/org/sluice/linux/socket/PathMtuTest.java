package org.sluice.linux.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.device.Outbox;
import org.sluice.linux.device.TunnelHost;
import org.sluice.linux.device.UdpTunnelDevice;
import org.sluice.linux.netlink.KernelRoute;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.testbed.RequiresRoot;

/** What the kernel knows of the way to another host. */
@RequiresRoot
class PathMtuTest {
    private final TunnelHost[] hosts = TunnelHost.pair();
    private final TunnelHost near = hosts[0];
    private final TunnelHost far = hosts[1];

    @AfterEach
    void clean() {
        near.close();
        far.close();
    }

    @Test
    void shouldBeThatOfTheInterface() {
        assertEquals(1500, pathMtu(TunnelHost.FAR4));
        assertEquals(1500, pathMtu(TunnelHost.FAR6));
        near.exec("ip", "link", "set", TunnelHost.LINK, "mtu", "9000");
        assertEquals(9000, pathMtu(TunnelHost.FAR4));
        assertEquals(9000, pathMtu(TunnelHost.FAR6));
    }

    @Test
    void shouldBeThatOfTheRoute() {
        near.exec("ip", "route", "change", "192.0.2.0/24", "dev", TunnelHost.LINK, "mtu", "1300");
        near.exec("ip", "-6", "route", "add", TunnelHost.FAR6 + "/128", "dev", TunnelHost.LINK, "mtu", "1310");
        assertEquals(1300, pathMtu(TunnelHost.FAR4));
        assertEquals(1310, pathMtu(TunnelHost.FAR6));
        assertEquals(1500, pathMtu(TunnelHost.OTHER_FAR6));
        try (UdpTunnelDevice device = near.openTunnel(); Outbox outbox = new Outbox()) {
            for (final String peer : new String[] {TunnelHost.FAR4, TunnelHost.FAR6}) {
                final int longest = pathMtu(peer) - (peer.equals(TunnelHost.FAR4) ? 28 : 48);
                outbox.clear().message(peer, 0, 0, 0, new byte[longest]).message(peer, 0, 0, 0, new byte[longest + 1])
                    .sendBy(device);
                assertFalse(outbox.isTooBig(0), "as the tunnel's sockets have it");
                assertTrue(outbox.isTooBig(1), "as the tunnel's sockets have it");
            }
        }
    }

    /** A router on the way has a shorter wire behind it, and says so. */
    @Test
    void shouldBeLessWhereARouterHasSaidSo() {
        for (final String[] way : new String[][] {{"198.51.100.0/24", TunnelHost.FAR4, "198.51.100.9"},
            {"2001:db8:1::/64", TunnelHost.FAR6, "2001:db8:1::9"}}) {
            near.exec("ip", "route", "add", way[0], "via", way[1]);
        }
        far.exec("ip", "link", "add", "short0", "type", "veth", "peer", "name", "short1");
        far.exec("ip", "link", "set", "short0", "mtu", "1400", "up");
        far.exec("ip", "link", "set", "short1", "up");
        far.exec("ip", "addr", "add", "198.51.100.1/24", "dev", "short0");
        far.exec("ip", "addr", "add", "2001:db8:1::1/64", "dev", "short0", "nodad");
        far.exec("bash", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        far.exec("bash", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
        near.meet(TunnelHost.FAR4, TunnelHost.FAR6);
        try (UdpTunnelDevice device = near.openTunnel(); Outbox outbox = new Outbox()) {
            for (final String peer : new String[] {"198.51.100.9", "2001:db8:1::9"}) {
                assertEquals(1500, pathMtu(peer));
                outbox.clear().message(peer, 0, 0, 0, new byte[1440]).sendBy(device);
                assertEquals(0, outbox.queue().refusedFrames());
                for (final long start = System.nanoTime(); pathMtu(peer) == 1500 && System.nanoTime() - start < 3e9;) {
                    Thread.onSpinWait();
                }
                assertEquals(1400, pathMtu(peer));
                outbox.clear().message(peer, 0, 0, 0, new byte[1440]).sendBy(device);
                assertTrue(outbox.isTooBig(0));
            }
        }
    }

    @Test
    void shouldSayThatThereIsNoWay() {
        for (final String nowhere : new String[] {"198.51.100.1", "2001:db8:9::1"}) {
            final NativeException ex = assertThrows(NativeException.class, () -> pathMtu(nowhere));
            assertTrue(ex.getMessage().startsWith("connect(" + parse(nowhere).getHostAddress() + "): ENETUNREACH"),
                ex.getMessage());
            assertThrows(NativeException.class, () -> routeTo(nowhere));
        }
    }

    @Test
    void shouldTellInterfaceAndSource() {
        final int link = near.link().index();
        for (final String[] family : new String[][] {{TunnelHost.NEAR4, TunnelHost.FAR4},
            {TunnelHost.NEAR6, TunnelHost.FAR6}}) {
            final KernelRoute direct = routeTo(family[1]);
            assertEquals(KernelRoute.UNICAST, direct.type());
            assertEquals(parse(family[0]), direct.preferredSource());
            assertEquals(new KernelRoute.Hop(null, link), direct.hops().getFirst());
            assertEquals(KernelRoute.LOCAL, routeTo(family[0]).type());
        }
        near.exec("ip", "route", "add", "198.51.100.0/24", "via", TunnelHost.FAR4, "src", "192.0.2.101");
        near.exec("ip", "route", "add", "2001:db8:1::/64", "via", TunnelHost.FAR6);
        final KernelRoute routed = routeTo("198.51.100.1");
        assertEquals(new KernelRoute.Hop(parse(TunnelHost.FAR4), link), routed.hops().getFirst());
        assertEquals(parse("192.0.2.101"), routed.preferredSource());
        assertEquals(new KernelRoute.Hop(parse(TunnelHost.FAR6), link), routeTo("2001:db8:1::1").hops().getFirst());
    }

    private int pathMtu(final String address) {
        return near.call(() -> PathMtu.to(parse(address)));
    }

    private KernelRoute routeTo(final String address) {
        return near.call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                return netlink.routeTo(parse(address));
            }
        });
    }

    private static InetAddress parse(final String address) {
        try {
            return InetAddress.getByName(address);
        } catch (final UnknownHostException ex) {
            throw new AssertionError(ex);
        }
    }
}
