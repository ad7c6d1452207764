package org.sluice.control.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

import org.junit.jupiter.api.Test;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;

class AddressPoolTest {
    @Test
    void shouldNeverGiveAnAddressTwiceNorAReservedOne() {
        final AddressPool pool = pool("10.1.0.0/26", "10.1.0.1", "10.1.0.0/26");
        final Random random = new Random(4);
        final Set<InetAddress> held = new HashSet<>();
        for (int step = 0; step < 20_000; step++) {
            if (held.size() < 61 && random.nextInt(5) > 1) {
                final InetAddress taken = pool.take();
                assertTrue(held.add(taken), "given twice: " + taken);
                assertFalse(Set.of("10.1.0.0", "10.1.0.1", "10.1.0.63").contains(taken.getHostAddress()));
            } else if (!held.isEmpty()) {
                final List<InetAddress> list = new ArrayList<>(held);
                final InetAddress back = list.get(random.nextInt(list.size()));
                held.remove(back);
                pool.release(back);
            }
        }
        while (held.size() < 61) {
            held.add(pool.take());
        }
        assertThrows(ControlException.class, pool::take);
    }

    @Test
    void shouldLetAnAddressRestBeforeItIsUsedAgain() {
        final AddressPool pool = pool("10.1.0.0/24", "10.1.0.1", "10.1.0.0/24");
        final InetAddress first = pool.take();
        assertEquals("10.1.0.2", first.getHostAddress());
        pool.release(first);
        assertEquals("10.1.0.3", pool.take().getHostAddress());
    }

    @Test
    void shouldStayWithinTheRangeButTakeAnyOnDemand() {
        final AddressPool pool = pool("10.1.0.0/24", "10.1.0.1", "10.1.0.128/30");
        pool.take(IpPrefix.parseAddress("10.1.0.77"));
        final Set<String> taken = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            taken.add(pool.take().getHostAddress());
        }
        assertEquals(Set.of("10.1.0.128", "10.1.0.129", "10.1.0.130", "10.1.0.131"), taken);
        assertThrows(ControlException.class, pool::take);
    }

    @Test
    void shouldHandOutOfAHugeIpv6Subnet() {
        final AddressPool pool = pool("fd00::/64", "fd00::1", "fd00::/64");
        assertEquals("fd00::2", IpPrefix.format(pool.take()));
        assertEquals("fd00::3", IpPrefix.format(pool.take()));
    }

    @Test
    void shouldMakeMacsAsDockerDoes() {
        assertEquals(0x0242_0A01_0002L, MacAllocator.macFor(List.of(IpPrefix.parseAddress("fd00::9"),
            IpPrefix.parseAddress("10.1.0.2"))));
        assertEquals(0x0242_0000_0009L, MacAllocator.macFor(List.of(IpPrefix.parseAddress("fd00::9"))));
    }

    @Test
    void shouldChooseAnotherMacWhereOneIsTaken() {
        final List<InetAddress> addresses = List.of(IpPrefix.parseAddress("10.1.0.2"));
        final NetworkSpec network = new NetworkSpec("web", List.of(), 1500, false, true, true, true, "sl-web",
            "02:42:0a:01:00:01", 0, null, null);

        assertEquals("02:42:0a:01:00:02", MacAllocator.choose(network, null, addresses, List.of()));
        assertNotEquals("02:42:0a:01:00:02",
            MacAllocator.choose(network, null, addresses, List.of("02:42:0a:01:00:02")));
    }

    private static AddressPool pool(final String subnet, final String gateway, final String range) {
        final AddressPool pool = new AddressPool(IpPrefix.parse(subnet), IpPrefix.parse(range));
        pool.take(IpPrefix.parseAddress(gateway));
        return pool;
    }
}
