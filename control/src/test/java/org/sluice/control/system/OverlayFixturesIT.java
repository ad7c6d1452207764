package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Deque;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.BulkTransfer;
import org.sluice.testbed.KernelVxlanHost;
import org.sluice.testbed.LossyWire;
import org.sluice.testbed.OvsVxlanHost;
import org.sluice.testbed.UnderlayBridge;
import org.sluice.testbed.VxlanHost;

/** The hosts and wires by which overlays are tested work among themselves, without Sluice. */
@RequiresRoot
class OverlayFixturesIT {
    private static final int VNI = 4242;
    private static final int UNDERLAY_MTU = 1500;
    private static final int BULK_BYTES = 20_000_000;

    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    @AfterEach
    void close() {
        Throwable failure = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (final Exception | AssertionError ex) {
                // The rest is closed all the same.
                failure = ex;
            }
        }
        if (failure != null) {
            throw new AssertionError("something could not be closed", failure);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldConnectKernels(final boolean ipv6) {
        final UnderlayBridge underlay = keep(new UnderlayBridge(UNDERLAY_MTU));
        final KernelVxlanHost left = kernel(underlay, 1, ipv6);
        final KernelVxlanHost right = kernel(underlay, 2, ipv6);
        final TestNamespace a = container(left, 1);
        final TestNamespace b = container(right, 2);
        meet(ipv6, left, right);
        talk(a, b);
        assertTrue(left.fdb().contains("02:00:00:00:00:02 dst " + address(2, ipv6)), "it learns: " + left.fdb());
        left.detach(a);
        assertEquals(1, a.status("ip", "link", "show", "eth0"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldConnectOpenVSwitchWithKernels(final boolean ipv6) {
        final UnderlayBridge underlay = keep(new UnderlayBridge(UNDERLAY_MTU));
        final TestNamespace host = host();
        underlay.connect(host, 1);
        final OvsVxlanHost ovs =
            keep(new OvsVxlanHost(host, UnderlayBridge.INTERFACE, address(1, ipv6), VNI, mtu(ipv6)));
        final KernelVxlanHost second = kernel(underlay, 2, ipv6);
        final KernelVxlanHost third = kernel(underlay, 3, ipv6);
        final TestNamespace a = container(ovs, 1);
        final TestNamespace b = container(second, 2);
        final TestNamespace c = container(third, 3);
        meet(ipv6, ovs, second, third);
        talk(a, b);
        assertTrue(BulkTransfer.send(b, a, "10.9.0.1", BULK_BYTES) > 0);
        ping(a, "10.9.0.3");
        ping(c, "fd00:9::2");
        assertTrue(ovs.appctl("fdb/show", "br-int").contains("02:00:00:00:00:03"), "it learns");
        ovs.detach(a);
        assertEquals(1, a.status("ip", "link", "show", "eth0"));
        ovs.attach(a, "02:00:00:00:00:04", "10.9.0.4/24");
        ping(a, "10.9.0.2");
        // Afterwards the host is as it was.
        open.remove(ovs);
        ovs.close();
        ping(host, address(2, true));
        assertEquals("", TestNamespace.run("ip", "netns", "pids", host.name()));
        assertEquals("2", host.exec("sh", "-c", "ip -o link | wc -l").strip(), "only lo and eth0 are left");
    }

    @Test
    void shouldLeaveNothingBehindWhenItCannotStart() {
        final TestNamespace host = host();
        assertThrows(IllegalStateException.class,
            () -> new OvsVxlanHost(host, "no-such", UnderlayBridge.address(1), VNI, mtu(false)));
        assertEquals("", TestNamespace.run("ip", "netns", "pids", host.name()));
        assertEquals("1", host.exec("sh", "-c", "ip -o link | wc -l").strip(), "only lo is there");
    }

    @Test
    void shouldArriveIntactOverALossyWire() {
        final TestNamespace leftHost = host();
        final TestNamespace rightHost = host();
        final LossyWire wire = keep(new LossyWire(leftHost, UnderlayBridge.INTERFACE, rightHost,
            UnderlayBridge.INTERFACE, new LossyWire.Faults(0.01, 0.02, 0.01), 42));
        UnderlayBridge.address(leftHost, 1);
        UnderlayBridge.address(rightHost, 2);
        final KernelVxlanHost left = keep(new KernelVxlanHost(leftHost, address(1, false), VNI, mtu(false)));
        final KernelVxlanHost right = keep(new KernelVxlanHost(rightHost, address(2, false), VNI, mtu(false)));
        final TestNamespace a = container(left, 1);
        final TestNamespace b = container(right, 2);
        meet(false, left, right);
        assertTrue(BulkTransfer.send(a, b, "10.9.0.2", 5_000_000) > 0);
        final String counts = wire.carried() + " carried, " + wire.lost() + " lost, " + wire.reordered()
            + " reordered, " + wire.duplicated() + " duplicated";
        assertTrue(wire.carried() > 3500, counts);
        assertTrue(wire.lost() > 10, counts);
        assertTrue(wire.reordered() > 20, counts);
        assertTrue(wire.duplicated() > 10, counts);
        assertTrue(wire.lost() < wire.carried() / 25, counts);
        assertEquals(UNDERLAY_MTU + 14, wire.longest(), "frames are as long as on a wire, and no longer");
    }

    private <T extends AutoCloseable> T keep(final T closeable) {
        open.push(closeable);
        return closeable;
    }

    private TestNamespace host() {
        return keep(new TestNamespace());
    }

    private KernelVxlanHost kernel(final UnderlayBridge underlay, final int number, final boolean ipv6) {
        final TestNamespace host = host();
        underlay.connect(host, number);
        return keep(new KernelVxlanHost(host, address(number, ipv6), VNI, mtu(ipv6)));
    }

    private TestNamespace container(final VxlanHost host, final int number) {
        final TestNamespace container = keep(new TestNamespace());
        host.attach(container, "02:00:00:00:00:0" + number, "10.9.0." + number + "/24", "fd00:9::" + number + "/64");
        return container;
    }

    /** Each knows all others. Host n has address n. */
    private static void meet(final boolean ipv6, final VxlanHost... hosts) {
        for (int from = 0; from < hosts.length; from++) {
            for (int to = 0; to < hosts.length; to++) {
                if (from != to) {
                    hosts[from].addPeer(address(to + 1, ipv6));
                }
            }
        }
    }

    private static String address(final int number, final boolean ipv6) {
        return ipv6 ? UnderlayBridge.address6(number) : UnderlayBridge.address(number);
    }

    private static int mtu(final boolean ipv6) {
        return VxlanHost.mtu(address(1, ipv6), UNDERLAY_MTU);
    }

    private static void talk(final TestNamespace a, final TestNamespace b) {
        ping(a, "10.9.0.2");
        ping(a, "fd00:9::2");
        // As much as fits, and no fragments: the MTUs agree.
        final int mtu = Integer.parseInt(a.exec("cat", "/sys/class/net/eth0/mtu").strip());
        a.exec("ping", "-c", "1", "-W", "5", "-M", "do", "-s", String.valueOf(mtu - 28), "10.9.0.2");
        assertTrue(BulkTransfer.send(a, b, "10.9.0.2", BULK_BYTES) > 0);
        assertTrue(BulkTransfer.send(b, a, "fd00:9::1", BULK_BYTES) > 0);
    }

    /** The first may be lost while the hosts get to know each other; one that comes twice is a loop. */
    private static void ping(final TestNamespace from, final String address) {
        final String output = from.exec("ping", "-c", "4", "-i", "0.2", "-W", "2", address);
        assertFalse(output.contains("DUP!"), output);
    }
}
