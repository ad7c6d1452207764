package org.sluice.bench.compare;

import java.util.List;
import java.util.Map;

import org.sluice.linux.testbed.TestNamespace;

/** A container on each of two hosts, joined by the kernel: a VXLAN device and a veth in a bridge, without rules. */
final class KernelVxlanScene implements Scene {
    private final TrafficPath path;
    private final TwoHosts hosts;

    KernelVxlanScene(final TrafficPath path) {
        this.path = path;
        hosts = new TwoHosts(path == TrafficPath.OVERLAY_PLAIN);
        try {
            for (int host = 1; host <= 2; host++) {
                setUp(host);
            }
        } catch (final RuntimeException | AssertionError ex) {
            hosts.close();
            throw ex;
        }
    }

    private void setUp(final int number) {
        final TestNamespace host = hosts.host(number);
        final TestNamespace container = hosts.container(number);
        // Without the kernel's br_netfilter there is no such setting, and nothing to be turned off.
        host.status("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0");
        host.exec("ip", "link", "add", "vxlan0", "mtu", TwoHosts.MTU, "type", "vxlan", "id",
            String.valueOf(TwoHosts.VNI), "dstport", "4789", "local", TwoHosts.hostAddress(number), "remote",
            TwoHosts.hostAddress(3 - number), "dev", TwoHosts.LINK);
        host.exec("ip", "link", "add", "br0", "mtu", TwoHosts.MTU, "type", "bridge");
        host.exec("ip", "link", "add", "veth0", "mtu", TwoHosts.MTU, "type", "veth", "peer", "name", "eth0", "mtu",
            TwoHosts.MTU, "netns", container.name());
        host.exec("ip", "link", "set", "vxlan0", "master", "br0", "up");
        host.exec("ip", "link", "set", "veth0", "master", "br0", "up");
        host.exec("ip", "link", "set", "br0", "up");
        container.exec("ip", "addr", "add", TwoHosts.address(number) + "/24", "dev", "eth0");
        container.exec("ip", "link", "set", "eth0", "up");
    }

    @Override
    public Map<TrafficPath, Ends> ends() {
        return Map.of(path, hosts.ends());
    }

    @Override
    public List<ProcessHandle> processes() {
        return List.of();
    }

    @Override
    public void close() {
        hosts.close();
    }
}
