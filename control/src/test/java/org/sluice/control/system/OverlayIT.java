package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.OverlayBed.attach;
import static org.sluice.testbed.OverlayBed.awaitPing;
import static org.sluice.testbed.OverlayBed.ip;
import static org.sluice.testbed.OverlayBed.ip6;
import static org.sluice.testbed.OverlayBed.mac;
import static org.sluice.testbed.OverlayBed.ping;
import static org.sluice.testbed.OverlayBed.pingWhole;
import static org.sluice.testbed.SluiceVxlanHost.endpoint;
import static org.sluice.testbed.SluiceVxlanHost.vtep;
import static org.sluice.testbed.TextAssertions.assertContainsAll;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.BulkTransfer;
import org.sluice.testbed.Eavesdropper;
import org.sluice.testbed.OverlayBed;
import org.sluice.testbed.SluiceVxlanHost;
import org.sluice.testbed.UnderlayBridge;
import org.sluice.testbed.VxlanHost;

/** Containers on several hosts talk as on one, whoever makes the overlay on the other host, and wherever they move. */
@RequiresRoot
class OverlayIT {
    private static final int BULK_BYTES = 20_000_000;

    private OverlayBed bed;

    /** Who is on the other host, and what the tunnel is over. */
    private enum Other {
        SLUICE(false), SLUICE_OVER_IPV6(true), KERNEL(false), KERNEL_OVER_IPV6(true), OPEN_VSWITCH(false);

        private final boolean ipv6;

        Other(final boolean ipv6) {
            this.ipv6 = ipv6;
        }

        VxlanHost start(final OverlayBed bed, final int number) {
            return switch (this) {
                case SLUICE, SLUICE_OVER_IPV6 -> bed.sluice(number);
                case KERNEL, KERNEL_OVER_IPV6 -> bed.kernel(number);
                case OPEN_VSWITCH -> bed.openVSwitch(number);
            };
        }
    }

    @AfterEach
    void close() {
        bed.close();
    }

    @ParameterizedTest
    @EnumSource(Other.class)
    void shouldTalkWithTheContainersOf(final Other other) {
        bed = new OverlayBed(other.ipv6, false);
        final SluiceVxlanHost left = bed.sluice(1);
        final VxlanHost right = other.start(bed, 2);
        final TestNamespace a = bed.container(left, 1);
        final TestNamespace b = bed.container(right, 2);
        bed.meet(left, right);

        ping(a, ip(2));
        ping(b, ip(1));
        ping(a, ip6(2));
        ping(b, ip6(1));
        assertTrue(BulkTransfer.send(a, b, ip(2), BULK_BYTES) > 0);
        assertTrue(BulkTransfer.send(b, a, ip6(1), BULK_BYTES) > 0);
        bed.echoUdp(a, ip(1), b, ip(2), 53, 4000);
        bed.echoUdp(b, "fd00:9", a, ip6(1), 53, 4000);
        assertHearsWhatIsForAll(a, b, 2);
        assertHearsWhatIsForAll(b, a, 1);
        assertTakesWhatFits(a, ip(2));
        assertTakesWhatFits(b, ip6(1));
        for (final String reason : new String[] {"VXLAN_MALFORMED", "VNI_UNKNOWN", "VTEP_UNKNOWN",
            "REMOTE_MAC_SPOOFED"}) {
            assertEquals(0, left.drops(reason), reason);
        }
        assertFalse(left.sluice().log().contains("Exception"), left.sluice().log());
    }

    private static void assertHearsWhatIsForAll(final TestNamespace from, final TestNamespace to, final int number) {
        to.exec("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_broadcasts=0");
        final String broadcast = from.tryExec("ping", "-b", "-c", "2", "-i", "0.2", "-W", "2", "10.9.0.255");
        assertTrue(broadcast.contains("from " + ip(number)), broadcast);
        final String multicast = from.tryExec("ping", "-c", "2", "-i", "0.2", "-W", "2", "ff02::1%eth0");
        // From the link-local address, or from the other one while that is still being tested for being free.
        assertTrue(multicast.contains("from fe80::ff:fe00:1" + number)
            || multicast.contains("from fd00:9::1" + number), multicast);
    }

    private void assertTakesWhatFits(final TestNamespace from, final String address) {
        final String whole = pingWhole(from, address, bed.mtu());
        assertTrue(whole.contains("1 received"), whole);
        final String tooLong = pingWhole(from, address, bed.mtu() + 1);
        assertContainsAll(tooLong, "too long", String.valueOf(bed.mtu()));
    }

    @ParameterizedTest
    @EnumSource(value = Other.class, names = {"SLUICE", "KERNEL"})
    void shouldKeepSuperFramesWholeOnTheWayTo(final Other other) {
        bed = new OverlayBed(false, true);
        final SluiceVxlanHost left = bed.sluice(1);
        final VxlanHost right = other.start(bed, 2);
        final TestNamespace a = bed.container(left, 1);
        final TestNamespace b = bed.container(right, 2);
        bed.meet(left, right);
        final Eavesdropper fromSluice = bed.keep(bed.underlay().listenForSuperFrames(1));
        final Eavesdropper fromTheOther = bed.keep(bed.underlay().listenForSuperFrames(2));

        ping(a, ip(2));
        assertTrue(BulkTransfer.send(a, b, ip(2), BULK_BYTES) > 0);
        assertTrue(BulkTransfer.send(b, a, ip6(1), BULK_BYTES) > 0);
        bed.echoUdp(a, ip(1), b, ip(2), 53, 20_000);

        assertTrue(fromSluice.hasHeardAnything(), "Sluice sends super-frames");
        assertTrue(fromTheOther.hasHeardAnything(), "the other sends super-frames");
    }

    @Test
    void shouldFollowContainersThatMoveByLearning() {
        bed = new OverlayBed();
        final SluiceVxlanHost[] hosts = bed.sluices(3, "--vtep-learning", "--subnet", OverlayBed.SUBNET);
        bed.meet(hosts);
        final TestNamespace near = bed.container();
        final TestNamespace far = bed.container();
        final TestNamespace mover = bed.container();
        final TestNamespace silent = bed.container();
        // Without IPv6 its kernel sends nothing when its interface comes up.
        silent.exec("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
        hosts[0].attach(near, mac(1), ip(1) + "/24");
        hosts[2].attach(far, mac(3), ip(3) + "/24");
        hosts[0].attach(mover, mac(4), ip(4) + "/24");
        hosts[0].attach(silent, mac(5), ip(5) + "/24");
        ping(near, ip(4));
        ping(far, ip(4));
        ping(far, ip(5));

        hosts[0].detach(mover);
        hosts[1].attach(mover, mac(4), ip(4) + "/24");

        awaitPing(far, ip(4), "a third host learns where it is");
        awaitPing(near, ip(4), "the host that it has left learns where it is");
        assertTrue(BulkTransfer.send(far, mover, ip(4), 1_000_000) > 0);
        assertTrue(BulkTransfer.send(mover, near, ip(1), 1_000_000) > 0);

        hosts[0].detach(silent);
        hosts[1].attach(silent, mac(5), ip(5) + "/24");

        awaitPing(far, ip(5), "of one, too, that sends nothing by itself");
    }

    @Test
    void shouldFollowAContainerThatMovesAsItIsTold() {
        bed = new OverlayBed();
        final SluiceVxlanHost[] hosts = bed.sluices(3);
        final TestNamespace mover = bed.container(hosts[0], 4);
        final TestNamespace left = bed.container(hosts[0], 1);
        final TestNamespace far = bed.container(hosts[2], 3);
        hosts[0].putVteps(vtep(UnderlayBridge.address(2)), vtep(UnderlayBridge.address(3), remote(3)));
        hosts[1].putVteps(vtep(UnderlayBridge.address(1), remote(1), remote(4)),
            vtep(UnderlayBridge.address(3), remote(3)));
        hosts[2].putVteps(vtep(UnderlayBridge.address(1), remote(1), remote(4)), vtep(UnderlayBridge.address(2)));
        ping(left, ip(4));
        ping(far, ip6(4));

        hosts[0].detach(mover);
        hosts[1].putVteps(vtep(UnderlayBridge.address(1), remote(1)), vtep(UnderlayBridge.address(3), remote(3)));
        attach(hosts[1], mover, 4);
        hosts[0].putVteps(vtep(UnderlayBridge.address(2), remote(4)), vtep(UnderlayBridge.address(3), remote(3)));
        hosts[2].putVteps(vtep(UnderlayBridge.address(1), remote(1)), vtep(UnderlayBridge.address(2), remote(4)));

        ping(left, ip(4));
        ping(far, ip6(4));
        assertTrue(BulkTransfer.send(far, mover, ip(4), 1_000_000) > 0);
        assertTrue(BulkTransfer.send(mover, left, ip6(1), 1_000_000) > 0);
        assertEquals(0, hosts[1].drops("REMOTE_MAC_SPOOFED"));
    }

    private static String remote(final int container) {
        return endpoint(mac(container), ip(container), ip6(container));
    }
}
