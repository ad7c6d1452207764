package org.sluice.bench.compare;

import java.util.List;
import java.util.Map;

import org.sluice.linux.testbed.TestNamespace;

/** A container on each of two hosts. The kernel joins them: a VXLAN device and a veth in a bridge, without rules. */
final class KernelVxlanScene implements Scene {
    private final TrafficPath path;
    private final Underlay underlay;

    KernelVxlanScene(final TrafficPath path) {
        this.path = path;
        underlay = new Underlay(path == TrafficPath.OVERLAY_PLAIN);
        try {
            for (int host = 1; host <= 2; host++) {
                setUp(host);
            }
        } catch (final RuntimeException | AssertionError ex) {
            underlay.close();
            throw ex;
        }
    }

    private void setUp(final int number) {
        final TestNamespace host = underlay.host(number);
        final TestNamespace container = underlay.container(number);
        // Without the kernel's br_netfilter this setting does not exist, and nothing needs turning off.
        host.status("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0");
        host.exec("ip", "link", "add", "vxlan0", "mtu", Underlay.MTU, "type", "vxlan", "id",
            String.valueOf(Underlay.VNI), "dstport", "4789", "local", Underlay.hostAddress(number), "remote",
            Underlay.hostAddress(3 - number), "dev", Underlay.LINK);
        host.exec("ip", "link", "add", "br0", "mtu", Underlay.MTU, "type", "bridge");
        host.exec("ip", "link", "add", "veth0", "mtu", Underlay.MTU, "type", "veth", "peer", "name", "eth0", "mtu",
            Underlay.MTU, "netns", container.name());
        host.exec("ip", "link", "set", "vxlan0", "master", "br0", "up");
        host.exec("ip", "link", "set", "veth0", "master", "br0", "up");
        host.exec("ip", "link", "set", "br0", "up");
        container.exec("ip", "addr", "add", Underlay.address(number) + "/24", "dev", "eth0");
        container.exec("ip", "link", "set", "eth0", "up");
    }

    @Override
    public Map<TrafficPath, Route> routes() {
        return Map.of(path, underlay.route());
    }

    @Override
    public List<ProcessHandle> processes() {
        return List.of();
    }

    @Override
    public void close() {
        underlay.close();
    }
}
