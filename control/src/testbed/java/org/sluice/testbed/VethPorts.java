package org.sluice.testbed;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.NamespaceHandle;

/** The containers of an overlay's host that is not Sluice: a veth each, whose other end is an eth0 in the container. */
public final class VethPorts {
    private static final AtomicInteger NEXT = new AtomicInteger();

    private final NamespaceHandle host;
    private final int mtu;
    private final Map<NamespaceHandle, String> ports = new HashMap<>();

    public VethPorts(final NamespaceHandle host, final int mtu) {
        this.host = host;
        this.mtu = mtu;
    }

    /** Makes a veth and returns the name of the host's end, which is up and has no addresses. */
    public String add(final NamespaceHandle container, final String mac, final String... addresses) {
        final String port = "ovp" + NEXT.incrementAndGet();
        try (NetNamespace opened = container.open()) {
            OverlayHost.run(host, "ip", "link", "add", port, "mtu", String.valueOf(mtu), "type", "veth",
                "peer", "name", "eth0", "address", mac, "mtu", String.valueOf(mtu), "netns", opened.path().toString());
        }
        ports.put(container, port);
        silence(host, port);
        OverlayHost.run(host, "ip", "link", "set", port, "up");
        // No detection of duplicate addresses: neighbours are found at once.
        OverlayHost.run(container, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0");
        OverlayHost.run(container, "ip", "link", "set", "lo", "up");
        OverlayHost.run(container, "ip", "link", "set", "eth0", "up");
        for (final String address : addresses) {
            OverlayHost.run(container, "ip", "addr", "add", address, "dev", "eth0");
        }
        return port;
    }

    /** The host itself is not to talk or listen on an interface that is only a port of a switch. */
    public static void silence(final NamespaceHandle host, final String port) {
        OverlayHost.run(host, "sysctl", "-qw", "net.ipv6.conf." + port + ".disable_ipv6=1");
    }

    /** The name of the host's end. */
    public String port(final NamespaceHandle container) {
        final String port = ports.get(container);
        if (port == null) {
            throw new AssertionError("this container is not attached");
        }
        return port;
    }

    public List<NamespaceHandle> containers() {
        return List.copyOf(ports.keySet());
    }

    /** Deletes both ends. */
    public void remove(final NamespaceHandle container) {
        OverlayHost.run(host, "ip", "link", "del", port(container));
        ports.remove(container);
    }

    /** Deletes what is still there: of a container that is gone the veth is, too. */
    public void close() {
        for (final String port : ports.values()) {
            OverlayHost.deleteLink(host, port);
        }
        ports.clear();
    }
}
