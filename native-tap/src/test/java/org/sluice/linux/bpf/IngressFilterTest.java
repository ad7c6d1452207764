package org.sluice.linux.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;

/** The filter takes what is ours from the host, and nothing once its process has been dead for some time. */
@RequiresRoot
class IngressFilterTest {
    private static final int UDP = Steering.indexOf(17);

    private final TestNamespace host = new TestNamespace();
    private final TestNamespace wire = new TestNamespace();
    private final NetNamespace opened = host.open();
    private final Steering steering = new Steering(8);
    private int index;

    @BeforeEach
    void connect() throws Exception {
        host.exec("ip", "link", "add", "up0", "type", "veth", "peer", "name", "w0", "netns", wire.name());
        host.exec("ip", "link", "set", "lo", "up");
        host.exec("ip", "addr", "add", "192.0.2.10/24", "dev", "up0");
        host.exec("ip", "link", "set", "up0", "up");
        wire.exec("ip", "addr", "add", "192.0.2.1/24", "dev", "w0");
        wire.exec("ip", "link", "set", "w0", "up");
        index = opened.call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                return netlink.link("up0").orElseThrow().index();
            }
        });
        steering.addAddress(InetAddress.getByName("192.0.2.10"));
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
    }

    @AfterEach
    void clean() {
        steering.close();
        opened.close();
        host.close();
        wire.close();
    }

    @Test
    void shouldTakeFramesAwayUntilItIsClosed() throws Exception {
        final IngressFilter filter = opened.call(() -> steering.attach(index, 0));
        assertEquals(1, refused(7000, 7001), "7000 is ours, 7001 the host's");
        opened.call(() -> {
            filter.close();
            return null;
        });
        assertEquals(2, refused(7000, 7001));
        assertFalse(host.exec("tc", "qdisc", "show", "dev", "up0").contains("clsact"), "as it was before");
    }

    @Test
    void shouldTakeFramesUntilTheLeaseOfADeadProcessEnds() throws Exception {
        opened.call(() -> steering.attach(index, 0));
        assertEquals(0, refused(7000), "nobody renews it, and it still takes frames");
        steering.renewLease(-2); // as if so much time had passed
        assertTrue(host.exec("tc", "filter", "show", "dev", "up0", "ingress").contains("sluice"), "it is still there");
        assertEquals(1, refused(7000), "but it takes nothing");
        steering.renewLease();
        try (Steering later = new Steering(8)) {
            final IngressFilter next = opened.call(() -> later.attach(index, 0));
            assertEquals(1, refused(7000), "the next daemon's stands in its place, which knows of no port yet");
            opened.call(() -> {
                next.close();
                return null;
            });
        }
        assertEquals("", host.exec("tc", "filter", "show", "dev", "up0", "ingress"));
    }

    @Test
    void shouldLeaveWhatWasThereBefore() throws Exception {
        host.exec("tc", "qdisc", "add", "dev", "up0", "clsact");
        final IngressFilter filter = opened.call(() -> steering.attach(index, 0));
        opened.call(() -> {
            filter.close();
            return null;
        });
        assertTrue(host.exec("tc", "qdisc", "show", "dev", "up0").contains("clsact"));
        assertEquals("", host.exec("tc", "filter", "show", "dev", "up0", "ingress"));
    }

    @Test
    void shouldKeepTheFilterOfAnotherWorker() throws Exception {
        final IngressFilter first = opened.call(() -> steering.attach(index, 0));
        final IngressFilter second = opened.call(() -> steering.attach(index, 1));
        opened.call(() -> {
            second.close();
            return null;
        });
        assertEquals(1, refused(7000, 7001), "the first one's is still there");
        opened.call(() -> {
            first.close();
            return null;
        });
    }

    @Test
    void shouldBePutBackWhenAnotherProgramRemovesIt() throws Exception {
        final IngressFilter filter = opened.call(() -> steering.attach(index, 0));
        assertFalse(filter.restore(), "it is there");

        host.exec("tc", "qdisc", "del", "dev", "up0", "clsact");
        assertTrue(filter.restore());
        assertEquals(0, refused(7000));
        host.exec("tc", "filter", "del", "dev", "up0", "ingress");
        assertTrue(filter.restore());
        assertEquals(0, refused(7000));

        filter.close();
        assertEquals(1, refused(7000));
    }

    @Test
    void shouldLeaveTheFilterOfAnotherProgram() throws Exception {
        host.exec("tc", "qdisc", "add", "dev", "up0", "clsact");
        host.exec("tc", "filter", "add", "dev", "up0", "ingress", "prio", "1", "protocol", "ip", "bpf", "bytecode",
            "1,6 0 0 0");
        final IllegalStateException refused = assertThrows(IllegalStateException.class,
            () -> opened.call(() -> steering.attach(index, 0)));
        assertTrue(refused.getMessage().contains("kind bpf"), refused.getMessage());
        assertTrue(host.exec("tc", "filter", "show", "dev", "up0", "ingress").contains("protocol ip "));
    }

    @Test
    void shouldNotRemoveWhatHasTakenItsPlace() throws Exception {
        final IngressFilter first = opened.call(() -> steering.attach(index, 0));
        final IngressFilter next = opened.call(() -> steering.attach(index, 0));

        first.close();
        assertFalse(next.restore(), "it is still there");
        assertEquals(0, refused(7000));

        next.close();
    }

    /** How many of the datagrams to these ports the host has seen. */
    private long refused(final int... ports) {
        final long before = noPorts();
        for (final int port : ports) {
            wire.exec("bash", "-c", "echo hello > /dev/udp/192.0.2.10/" + port);
        }
        return noPorts() - before;
    }

    private long noPorts() {
        return Long.parseLong(host.exec("grep", "Udp:", "/proc/net/snmp").split("\n")[1].split(" ")[2]);
    }
}
