package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.sluice.testbed.TextAssertions.assertRefused;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.SluiceHost;

/** The daemon says so when addresses run out, subnets clash, or the kernel refuses. */
@RequiresRoot
class LimitsIT {
    private final SluiceHost host = new SluiceHost();

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldLogOnceAndCountWhatTheSystemRefuses() {
        host.ok("network", "create", "dual", "--subnet", "10.77.0.0/24", "--subnet", "fd77::/64");
        final TestNamespace a = host.container();
        a.exec("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");

        for (int tries = 0; tries < 3; tries++) {
            final SluiceHost.Result refused =
                host.sluice("endpoint", "attach", "dual", "--netns", a.name(), "--ip", "fd77::9", "--name", "six");
            assertEquals(1, refused.status());
            assertRefused(refused, "cannot set up the interface eth0 of endpoint six: add address fd77");
        }

        assertEquals(3, host.json("status").path("errors").get(0).path("count").asInt());
        assertEquals(1, host.log().split("ERROR ErrorLog", -1).length - 1, host.log());
        assertFalse(a.exec("ip", "link").contains("eth0"));
        assertEquals(0, host.json("endpoint", "ls").size());
        host.ok("endpoint", "attach", "dual", "--netns", host.container().name(), "--ip", "fd77::9");
    }

    @Test
    void shouldHandOutARangeToItsEndAndThenSaySo() {
        host.ok("network", "create", "tiny", "--subnet", "10.77.0.0/30");
        host.attach("tiny", "only");

        assertRefused(host.sluice("endpoint", "attach", "tiny", "--netns", host.container().name()),
            "no address is free");

        host.ok("endpoint", "detach", "only");
        assertEquals("tiny-1 10.77.0.2/30\n",
            host.ok("endpoint", "attach", "tiny", "--netns", host.container().name()));
    }

    @Test
    void shouldHandOutDefaultSubnetsThatClashWithNoRoute() {
        host.exec("ip", "link", "add", "wan", "type", "veth", "peer", "name", "wan-peer");
        host.exec("ip", "link", "set", "wan", "up");
        host.exec("ip", "addr", "add", "172.17.5.1/24", "dev", "wan");
        host.exec("ip", "route", "add", "172.18.0.0/16", "via", "172.17.5.2");

        host.ok("network", "create", "one");
        host.ok("network", "create", "two");

        assertEquals("172.19.0.0/16", subnetOf("one"));
        assertEquals("172.20.0.0/16", subnetOf("two"));
    }

    private String subnetOf(final String network) {
        return host.json("network", "inspect", network).path("subnets").get(0).path("subnet").asText();
    }
}
