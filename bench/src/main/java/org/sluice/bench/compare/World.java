package org.sluice.bench.compare;

import org.sluice.linux.testbed.TestNamespace;

/** The world beyond a host: a machine at the other end of the host's wire, a veth pair. Used by one thread. */
final class World implements AutoCloseable {
    static final String LINK = "eth0";
    static final String ADDRESS = "192.0.2.1";
    /** The host's address. */
    static final String HOST = "192.0.2.10";

    private final TestNamespace namespace = new TestNamespace();

    Place place() {
        return Place.of(namespace);
    }

    TestNamespace namespace() {
        return namespace;
    }

    /** Joins a host to the world, through the host's {@link #LINK}. */
    void connect(final TestNamespace host) {
        join(host);
        host.exec("ip", "addr", "add", HOST + "/24", "dev", LINK);
        host.exec("ip", "route", "add", "default", "via", ADDRESS);
    }

    /** The same for a host whose kernel does not have its address. */
    void join(final TestNamespace host) {
        namespace.exec("ip", "link", "set", "lo", "up");
        namespace.exec("ip", "link", "add", LINK, "type", "veth", "peer", "name", LINK, "netns", host.name());
        namespace.exec("ip", "addr", "add", ADDRESS + "/24", "dev", LINK);
        namespace.exec("ip", "link", "set", LINK, "up");
        host.exec("ip", "link", "set", LINK, "up");
    }

    @Override
    public void close() {
        namespace.close();
    }
}
