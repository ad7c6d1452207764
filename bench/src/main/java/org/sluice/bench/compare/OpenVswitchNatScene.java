package org.sluice.bench.compare;

import java.util.List;
import java.util.Map;

import org.sluice.linux.testbed.TestNamespace;

/**
 * Open vSwitch's userspace datapath as a container host's router: flows that track connections and translate addresses
 * (ovs-actions(7), {@code ct}), the wire by a packet socket. The host's address is the switch's, the kernel has none;
 * neighbours are fixed, for nobody answers for the switch.
 */
final class OpenVswitchNatScene implements Scene {
    private static final String GATEWAY = "10.96.0.1";
    private static final String GATEWAY_MAC = "02:00:00:00:00:01";
    private static final String FIRST = "10.96.0.2";
    private static final String SECOND = "10.96.0.3";
    private static final String HOST_MAC = "02:00:00:00:00:10";

    private final Resources resources = new Resources();
    private OvsBridge bridge;
    private Map<TrafficPath, Ends> ends;

    OpenVswitchNatScene() {
        try {
            final World world = resources.keep(new World());
            final TestNamespace host = resources.namespace();
            final TestNamespace one = resources.namespace();
            final TestNamespace two = resources.namespace();
            world.join(host);
            host.exec("sysctl", "-qw", "net.ipv6.conf." + World.LINK + ".disable_ipv6=1");
            bridge = resources.keep(new OvsBridge(host));
            bridge.daemons().vsctl("add-port", OvsBridge.NAME, World.LINK);
            for (final TestNamespace container : List.of(one, two)) {
                bridge.attach(container, container == one ? FIRST : SECOND);
                container.exec("ip", "route", "add", "default", "via", GATEWAY);
                neighbour(container, GATEWAY, GATEWAY_MAC);
            }
            neighbour(world.namespace(), World.HOST, HOST_MAC);
            addFlows(mac(world.namespace()), mac(one), mac(two));
            ends = Map.of(TrafficPath.EGRESS, new Ends(Place.of(one), world.place(), World.ADDRESS),
                TrafficPath.PUBLISHED, new Ends(world.place(), Place.of(two), World.HOST, SECOND));
        } catch (final RuntimeException | AssertionError ex) {
            resources.close();
            throw ex;
        }
    }

    private static void neighbour(final TestNamespace of, final String address, final String mac) {
        of.exec("ip", "neigh", "replace", address, "lladdr", mac, "dev", World.LINK, "nud", "permanent");
    }

    private static String mac(final TestNamespace of) {
        return of.exec("cat", "/sys/class/net/" + World.LINK + "/address").strip();
    }

    /** Table 1 is for what comes from containers, table 2 for what comes from the world, both once it is tracked. */
    private void addFlows(final String worldMac, final String firstMac, final String secondMac) {
        final String toWorld = "dec_ttl,mod_dl_src:" + HOST_MAC + ",mod_dl_dst:" + worldMac + ",output:" + World.LINK;
        flow("table=0,priority=1,actions=NORMAL");
        flow("table=0,priority=9,ip,dl_dst=" + GATEWAY_MAC + ",actions=ct(table=1,zone=1,nat)");
        flow("table=0,priority=9,in_port=" + World.LINK + ",ip,nw_dst=" + World.HOST
            + ",actions=ct(table=2,zone=1,nat)");
        flow("table=1,priority=9,ip,ct_state=+trk+new,actions=ct(commit,zone=1,nat(src=" + World.HOST
            + ":32768-60999))," + toWorld);
        flow("table=1,priority=9,ip,ct_state=+trk+est,actions=" + toWorld);
        flow("table=2,priority=9,ip,ct_state=+trk+est,nw_dst=" + FIRST + ",actions=" + toContainer(firstMac, "p-2"));
        flow("table=2,priority=9,ip,ct_state=+trk+est,nw_dst=" + SECOND + ",actions=" + toContainer(secondMac, "p-3"));
        for (final String published : PUBLISHED) {
            final String port = published.substring(0, published.indexOf(':'));
            flow("table=2,priority=9," + (published.endsWith("udp") ? "udp" : "tcp") + ",ct_state=+trk+new,tp_dst="
                + port + ",actions=ct(commit,zone=1,nat(dst=" + SECOND + ":" + port + ")),"
                + toContainer(secondMac, "p-3"));
        }
    }

    private static String toContainer(final String mac, final String port) {
        return "dec_ttl,mod_dl_src:" + GATEWAY_MAC + ",mod_dl_dst:" + mac + ",output:" + port;
    }

    private void flow(final String flow) {
        bridge.daemons().addFlow(OvsBridge.NAME, flow);
    }

    @Override
    public Map<TrafficPath, Ends> ends() {
        return ends;
    }

    @Override
    public List<ProcessHandle> processes() {
        return bridge.processes();
    }

    @Override
    public void close() {
        resources.close();
    }
}
