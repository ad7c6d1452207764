package org.sluice.bench.compare;

import java.util.List;

import org.sluice.linux.testbed.TestNamespace;

/** Two hosts on one wire, a veth pair, and a namespace for a container on each. */
final class TwoHosts implements AutoCloseable {
    static final String LINK = "eth0";
    static final int VNI = 42;
    /** What the wire's 1500 leave to the containers. */
    static final String MTU = "1450";
    /** Of the container on the second host. */
    static final String TARGET = address(2);

    private static final List<String> OFFLOADS = List.of("tso", "gso", "gro", "tx-udp_tnl-segmentation",
        "tx-udp_tnl-csum-segmentation", "tx-udp-segmentation", "tx-gso-list", "tx-gso-partial", "rx-gro-list",
        "rx-udp-gro-forwarding");

    private final Resources resources = new Resources();
    private final List<TestNamespace> hosts = List.of(resources.namespace(), resources.namespace());
    private final List<TestNamespace> containers = List.of(resources.namespace(), resources.namespace());

    /**
     * @param plain whether no frame on the wire may be longer than 1514 bytes; otherwise super-frames cross it whole.
     */
    TwoHosts(final boolean plain) {
        hosts.getFirst().exec("ip", "link", "add", LINK, "type", "veth", "peer", "name", LINK, "netns",
            hosts.getLast().name());
        for (int host = 1; host <= 2; host++) {
            if (plain) {
                for (final String offload : OFFLOADS) {
                    // Not every kernel knows all of them.
                    host(host).status("ethtool", "-K", LINK, offload, "off");
                }
            }
            host(host).exec("ip", "addr", "add", hostAddress(host) + "/24", "dev", LINK);
            host(host).exec("ip", "link", "set", LINK, "up");
        }
    }

    TestNamespace host(final int number) {
        return hosts.get(number - 1);
    }

    TestNamespace container(final int number) {
        return containers.get(number - 1);
    }

    static String hostAddress(final int number) {
        return "192.0.2." + number;
    }

    /** Of the container on that host: the upper half of the subnet is the second host's. */
    static String address(final int number) {
        return "10.9.0." + (number == 1 ? 2 : 130);
    }

    Ends ends() {
        return new Ends(Place.of(container(1)), Place.of(container(2)), TARGET);
    }

    @Override
    public void close() {
        resources.close();
    }
}
