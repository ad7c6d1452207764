package org.sluice.linux.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.Consumer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;

/** What netlink changes, {@code ip} shows; what {@code ip} changes, netlink shows. */
@RequiresRoot
class RouteNetlinkTest {
    private static final long MAC = 0x0242_0A63_0002L;

    private final TestNamespace namespace = new TestNamespace();
    private final NetNamespace opened = namespace.open();

    @AfterEach
    void clean() {
        opened.close();
        namespace.close();
    }

    @Test
    void shouldConfigureRenameAndDeleteLinks() {
        namespace.exec("ip", "link", "add", "d0", "type", "veth", "peer", "name", "p0");
        inside(netlink -> {
            final Link link = netlink.link("d0").orElseThrow();
            assertFalse(link.up());
            netlink.configure(link, MAC, 1234);
            assertEquals(new Link(link.index(), "d0", MAC, 1234, true, "veth"), netlink.link("d0").orElseThrow());
            netlink.setDown(link);
            netlink.rename(link, "d1");
            assertTrue(netlink.link("d0").isEmpty());
            netlink.setUp(netlink.link("lo").orElseThrow());
            assertEquals(2, netlink.links().stream().filter(l -> l.name().matches("lo|d1")).count());
        });
        final String shown = namespace.exec("ip", "link", "show", "d1");
        assertTrue(shown.contains("mtu 1234"), shown);
        assertTrue(shown.contains("02:42:0a:63:00:02"), shown);
        inside(netlink -> netlink.delete(netlink.link("d1").orElseThrow()));
        assertThrows(AssertionError.class, () -> namespace.exec("ip", "link", "show", "d1"));
    }

    @Test
    void shouldReadRulesAndRoutesOfAllTables() {
        namespace.exec("ip", "link", "add", "d0", "type", "veth", "peer", "name", "p0");
        namespace.exec("ip", "link", "set", "p0", "up");
        namespace.exec("ip", "link", "set", "d0", "up");
        namespace.exec("ip", "rule", "add", "not", "from", "10.1.0.0/16", "to", "192.0.2.0/24", "iif", "d0", "fwmark",
            "5/0xff", "tos", "0x10", "ipproto", "tcp", "sport", "7", "dport", "80-90", "pref", "100", "lookup", "700",
            "suppress_prefixlength", "8");
        namespace.exec("ip", "-6", "rule", "add", "uidrange", "5-6", "pref", "101", "prohibit");
        namespace.exec("ip", "rule", "add", "pref", "102", "goto", "32766");
        namespace.exec("ip", "route", "add", "192.0.2.0/24", "dev", "d0", "tos", "0x10", "mtu", "lock", "1300",
            "table", "700");
        namespace.exec("ip", "route", "add", "throw", "198.51.100.0/24", "table", "700");
        inside(netlink -> {
            final List<KernelRule> rules = netlink.rules();
            final KernelRule first = rules.stream().filter(rule -> rule.priority() == 100).findFirst().orElseThrow();
            assertEquals(new KernelRule(true, 100, KernelRule.TO_TABLE, 700, 0, true, parse("10.1.0.0"), 16,
                parse("192.0.2.0"), 24, "d0", "", 5, 0xFF, 0x10, 0x1C, 0, 0, 6, first.sourcePorts(),
                new KernelRule.Ports(80, 90, 0), false, 8, -1, true), first);
            assertEquals(7, first.sourcePorts().first());
            final KernelRule second = rules.stream().filter(rule -> rule.priority() == 101).findFirst().orElseThrow();
            assertEquals(KernelRule.PROHIBIT, second.action());
            assertTrue(second.foreign() && !second.ipv4() && second.understood());
            final KernelRule third = rules.stream().filter(rule -> rule.priority() == 102).findFirst().orElseThrow();
            assertEquals(32_766, third.gotoPriority());
            final List<KernelRoute> routes = netlink.routes().stream().filter(route -> route.table() == 700).toList();
            assertEquals(2, routes.size());
            final KernelRoute route = routes.stream().filter(r -> r.type() == KernelRoute.UNICAST).findFirst()
                .orElseThrow();
            assertEquals(0x10, route.selector().tos());
            assertEquals(1300, route.mtu());
            assertTrue(route.mtuLocked());
            assertTrue(routes.stream().anyMatch(r -> r.type() == KernelRoute.THROW));
        });
    }

    /** The link must be found in the other namespace: exec fails the test otherwise. */
    @Test
    void shouldMoveALinkToAnotherNamespace() {
        namespace.exec("ip", "link", "add", "d0", "type", "veth", "peer", "name", "p0");
        try (TestNamespace other = new TestNamespace(); NetNamespace target = other.open()) {
            inside(netlink -> netlink.move(netlink.link("d0").orElseThrow(), target.fd(), "eth3"));
            other.exec("ip", "link", "show", "eth3");
        }
    }

    private static InterfaceAddress addressOf(final RouteNetlink netlink, final String text) {
        return netlink.addresses().stream().filter(a -> a.address().equals(parse(text))).findFirst().orElseThrow();
    }

    @Test
    void shouldAddAddressesAndRoutes() throws Exception {
        namespace.exec("ip", "link", "add", "d0", "type", "veth", "peer", "name", "p0");
        final InetAddress ipv4 = InetAddress.getByName("10.99.0.2");
        final InetAddress ipv6 = InetAddress.getByName("fd99::2");
        inside(netlink -> {
            final Link link = netlink.link("d0").orElseThrow();
            netlink.setUp(link);
            netlink.addAddress(link, ipv4, 24);
            netlink.addAddress(link, ipv6, 64);
            for (final InetAddress added : new InetAddress[] {ipv4, ipv6}) {
                final InterfaceAddress found =
                    netlink.addresses().stream().filter(a -> a.address().equals(added)).findFirst().orElseThrow();
                assertEquals(link.index(), found.linkIndex());
                assertEquals(added == ipv4 ? 24 : 64, found.prefixLength());
                assertTrue(found.isAssigned() && !found.isToBeAvoided(), found.toString());
                assertFalse(found.isSecondary(), found.toString());
            }
            namespace.exec("ip", "addr", "add", "10.99.0.3/24", "dev", "d0");
            namespace.exec("ip", "addr", "add", "fd99::3/64", "dev", "d0", "nodad", "preferred_lft", "0");
            assertTrue(addressOf(netlink, "10.99.0.3").isSecondary());
            assertTrue(addressOf(netlink, "fd99::3").isToBeAvoided());
            netlink.addDefaultRoute(link, parse("10.99.0.1"));
            netlink.addDefaultRoute(link, parse("fd99::1"));
            final KernelRoute route = netlink.routes().stream()
                .filter(r -> r.prefixLength() == 0 && r.destination() instanceof Inet4Address).findFirst()
                .orElseThrow();
            assertEquals(parse("10.99.0.1"), route.hops().getFirst().gateway());
            assertFalse(route.isDirect());
            assertEquals(RouteNetlink.RT_TABLE_MAIN, route.table());
            final KernelRoute subnet = netlink.routes().stream()
                .filter(r -> r.destination().equals(parse("10.99.0.0")) && r.prefixLength() == 24).findFirst()
                .orElseThrow();
            assertNull(subnet.hops().getFirst().gateway());
            assertTrue(subnet.isDirect());
            assertEquals(link.index(), subnet.hops().getFirst().linkIndex());
        });
        assertTrue(namespace.exec("ip", "addr", "show", "d0").contains("10.99.0.2/24 brd 10.99.0.255"));
        assertFalse(namespace.exec("ip", "addr", "show", "d0").contains("fd99::2/64 scope global tentative"));
        assertTrue(namespace.exec("ip", "route").contains("default via 10.99.0.1"));
        assertTrue(namespace.exec("ip", "-6", "route").contains("default via fd99::1"));
    }

    @Test
    void shouldKnowAMultipathRouteFromADirectOne() {
        namespace.exec("ip", "link", "add", "d0", "type", "veth", "peer", "name", "p0");
        namespace.exec("ip", "addr", "add", "10.99.0.2/24", "dev", "d0");
        namespace.exec("ip", "link", "set", "d0", "up");
        namespace.exec("ip", "route", "add", "10.0.0.0/16", "nexthop", "via", "10.99.0.7", "nexthop", "via",
            "10.99.0.8");
        inside(netlink -> assertFalse(netlink.routes().stream()
            .filter(r -> r.destination().equals(parse("10.0.0.0")) && r.prefixLength() == 16).findFirst()
            .orElseThrow().isDirect()));
    }

    @Test
    void shouldKeepNeighbours() {
        namespace.exec("ip", "link", "add", "d0", "type", "veth", "peer", "name", "p0");
        namespace.exec("ip", "link", "set", "d0", "up");
        inside(netlink -> {
            final Link link = netlink.link("d0").orElseThrow();
            netlink.putNeighbour(link, parse("10.99.0.9"), MAC);
            netlink.putNeighbour(link, parse("10.99.0.9"), MAC + 1);
            assertTrue(netlink.neighbours().contains(
                new KernelNeighbour(link.index(), parse("10.99.0.9"), MAC + 1, KernelNeighbour.PERMANENT)));
        });
        assertTrue(namespace.exec("ip", "neigh").contains("02:42:0a:63:00:03 PERMANENT"));
        inside(netlink -> netlink.deleteNeighbour(netlink.link("d0").orElseThrow(), parse("10.99.0.9")));
        assertFalse(namespace.exec("ip", "neigh").contains("10.99.0.9"));
    }

    @Test
    void shouldSayWhatTheKernelRefuses() {
        inside(netlink -> {
            final Link loopback = netlink.link("lo").orElseThrow();
            final NetlinkException twice = assertThrows(NetlinkException.class, () -> {
                netlink.addAddress(loopback, parse("10.99.0.9"), 32);
                netlink.addAddress(loopback, parse("10.99.0.9"), 32);
            });
            assertTrue(twice.getMessage().startsWith("add address 10.99.0.9/32 to lo: EEXIST"), twice.getMessage());
            final NetlinkException route = assertThrows(NetlinkException.class,
                () -> netlink.addDefaultRoute(loopback, parse("192.0.2.1")));
            assertTrue(route.getMessage().contains("Nexthop has invalid gateway"), route.getMessage());
            assertThrows(NetlinkException.class, () -> netlink.delete(new Link(9999, "none", 0, 0, false, "")));
        });
    }

    private void inside(final Consumer<RouteNetlink> task) {
        opened.call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                task.accept(netlink);
            }
            return null;
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
