package org.sluice.testbed;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.NamespaceHandle;

/** Plugs containers into an overlay host that is not Sluice: each gets a veth pair, and its end is called eth0. */
final class VethPorts {
    private static final AtomicInteger NEXT = new AtomicInteger();

    private final NamespaceHandle host;
    private final int mtu;
    private final Map<NamespaceHandle, String> ports = new HashMap<>();

    VethPorts(final NamespaceHandle host, final int mtu) {
        this.host = host;
        this.mtu = mtu;
    }

    /** Makes a veth and returns the name of the host's end, which is up and has no addresses. */
    String add(final NamespaceHandle container, final String mac, final String... addresses) {
        final String port = "ovp" + NEXT.incrementAndGet();
        try (NetNamespace opened = container.open()) {
            Commands.run(host, "ip", "link", "add", port, "mtu", String.valueOf(mtu), "type", "veth",
                "peer", "name", "eth0", "address", mac, "mtu", String.valueOf(mtu), "netns", opened.path().toString());
        }
        ports.put(container, port);
        silence(host, port);
        Commands.run(host, "ip", "link", "set", port, "up");
        // No detection of duplicate addresses: neighbours are found at once.
        Commands.run(container, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0");
        Commands.run(container, "ip", "link", "set", "lo", "up");
        Commands.run(container, "ip", "link", "set", "eth0", "up");
        for (final String address : addresses) {
            Commands.run(container, "ip", "addr", "add", address, "dev", "eth0");
        }
        return port;
    }

    /** Keeps the host itself from talking and listening on an interface that is only a port of a switch. */
    static void silence(final NamespaceHandle host, final String port) {
        Commands.run(host, "sysctl", "-qw", "net.ipv6.conf." + port + ".disable_ipv6=1");
    }

    /** The name of the host's end. */
    String port(final NamespaceHandle container) {
        final String port = ports.get(container);
        if (port == null) {
            throw new AssertionError("this container is not attached");
        }
        return port;
    }

    /** Deletes both ends. */
    void remove(final NamespaceHandle container) {
        Commands.run(host, "ip", "link", "del", port(container));
        ports.remove(container);
    }

    /** Deletes the veths that are left. A container that has gone took its own with it. */
    void close() {
        for (final String port : ports.values()) {
            Commands.deleteLink(host, port);
        }
        ports.clear();
    }
}
