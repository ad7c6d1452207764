package org.sluice.testbed;

import org.sluice.linux.testbed.TestNamespace;

/**
 * Stands for the LAN that a host is connected to: a bridge with a router and two clients. The router also stands for
 * the rest of the world. The host's interface on the LAN is eth0.
 */
public final class Lan implements AutoCloseable {
    public static final String HOST = "192.0.2.10";
    public static final String HOST6 = "2001:db8::10";
    public static final String ROUTER = "192.0.2.1";
    public static final String WORLD = "198.51.100.7";
    public static final String WORLD6 = "2001:db8:ffff::7";
    public static final String CLIENT_1 = "192.0.2.21";
    public static final String CLIENT_2 = "192.0.2.22";
    public static final String CLIENT_1_6 = "2001:db8::21";

    private final TestNamespace router = new TestNamespace();
    private final TestNamespace client1 = new TestNamespace();
    private final TestNamespace client2 = new TestNamespace();

    public Lan() {
        router.exec("ip", "link", "set", "lo", "up");
        router.exec("ip", "link", "add", "br0", "type", "bridge");
        router.exec("ip", "addr", "add", ROUTER + "/24", "dev", "br0");
        router.exec("ip", "addr", "add", "2001:db8::1/64", "dev", "br0", "nodad");
        router.exec("ip", "link", "set", "br0", "up");
        router.exec("ip", "addr", "add", WORLD + "/32", "dev", "lo");
        router.exec("ip", "addr", "add", WORLD6 + "/128", "dev", "lo");
        join(client1, CLIENT_1, CLIENT_1_6, "p1");
        join(client2, CLIENT_2, "2001:db8::22", "p2");
    }

    /** Gives a host its eth0 on this LAN. */
    public void connect(final TestNamespace host) {
        join(host, HOST, HOST6, "p0");
    }

    private void join(final TestNamespace namespace, final String address, final String address6, final String port) {
        router.exec("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace.name());
        router.exec("ip", "link", "set", port, "master", "br0", "up");
        namespace.exec("ip", "link", "set", "lo", "up");
        // No detection of duplicate addresses: neighbours are found at once.
        namespace.exec("sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0");
        namespace.exec("ip", "link", "set", "eth0", "up");
        namespace.exec("ip", "addr", "add", address + "/24", "dev", "eth0");
        namespace.exec("ip", "addr", "add", address6 + "/64", "dev", "eth0", "nodad");
        namespace.exec("ip", "route", "add", "default", "via", ROUTER);
        namespace.exec("ip", "-6", "route", "add", "default", "via", "2001:db8::1");
    }

    public TestNamespace router() {
        return router;
    }

    public TestNamespace client1() {
        return client1;
    }

    public TestNamespace client2() {
        return client2;
    }

    @Override
    public void close() {
        client1.close();
        client2.close();
        router.close();
    }
}
