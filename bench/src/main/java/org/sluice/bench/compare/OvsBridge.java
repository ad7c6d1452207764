package org.sluice.bench.compare;

import java.util.List;

import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.OvsDaemons;

/**
 * A bridge of Open vSwitch's userspace datapath, as fast as possible without DPDK. Containers use its internal ports,
 * which are TAPs, with super-frames ({@code userspace-tso-enable}). Used by one thread.
 */
final class OvsBridge implements AutoCloseable {
    static final String NAME = "br0";

    private final TestNamespace host;
    private final OvsDaemons ovs;

    OvsBridge(final TestNamespace host) {
        this.host = host;
        ovs = new OvsDaemons(host, "other_config:userspace-tso-enable=true");
        ovs.addBridge(NAME);
    }

    /** Gives a container its eth0. */
    void attach(final TestNamespace container, final String address) {
        final String port = "p-" + address.substring(address.lastIndexOf('.') + 1);
        ovs.vsctl("add-port", NAME, port, "--", "set", "interface", port, "type=internal");
        host.exec("ip", "link", "set", port, "netns", container.name(), "name", "eth0");
        container.exec("ip", "addr", "add", address + "/24", "dev", "eth0");
        container.exec("ip", "link", "set", "eth0", "up");
    }

    OvsDaemons daemons() {
        return ovs;
    }

    List<ProcessHandle> processes() {
        return ovs.processes();
    }

    @Override
    public void close() {
        ovs.close();
    }
}
