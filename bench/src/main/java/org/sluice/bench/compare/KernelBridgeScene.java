package org.sluice.bench.compare;

import java.util.List;
import java.util.Map;

import org.sluice.linux.testbed.TestNamespace;

/** Two containers on a bridge of the kernel's without any rules: what docker0 costs is more than this. */
final class KernelBridgeScene implements Scene {
    private static final String ADDRESS = "10.95.0.3";

    private final Resources resources = new Resources();
    private Map<TrafficPath, Ends> ends;

    KernelBridgeScene() {
        try {
            final TestNamespace host = resources.namespace();
            host.exec("ip", "link", "add", "br0", "type", "bridge");
            host.exec("ip", "link", "set", "br0", "up");
            // Without the kernel's br_netfilter there is no such setting, and nothing to be turned off.
            host.status("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0");
            ends = Map.of(TrafficPath.CONTAINER,
                new Ends(container(host, "10.95.0.2", 1), container(host, ADDRESS, 2), ADDRESS));
        } catch (final RuntimeException | AssertionError ex) {
            resources.close();
            throw ex;
        }
    }

    private Place container(final TestNamespace host, final String address, final int number) {
        final TestNamespace container = resources.namespace();
        final String port = "veth" + number;
        host.exec("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", container.name());
        host.exec("ip", "link", "set", port, "master", "br0", "up");
        container.exec("ip", "addr", "add", address + "/24", "dev", "eth0");
        container.exec("ip", "link", "set", "eth0", "up");
        return Place.of(container);
    }

    @Override
    public Map<TrafficPath, Ends> ends() {
        return ends;
    }

    @Override
    public List<ProcessHandle> processes() {
        return List.of();
    }

    @Override
    public void close() {
        resources.close();
    }
}
