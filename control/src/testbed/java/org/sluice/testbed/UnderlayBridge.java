package org.sluice.testbed;

import org.sluice.linux.testbed.TestNamespace;

/**
 * Stands for the network between the hosts of an overlay: a bridge in a namespace of its own. By default it carries
 * only complete wire frames. Veths would otherwise pass on frames of 64 KiB with unfinished checksums, and a host that
 * reads frames from a packet socket does not understand them.
 */
public final class UnderlayBridge implements AutoCloseable {
    public static final String INTERFACE = "eth0";
    private static final int ETHERNET_HEADER_BYTES = 14;

    private final TestNamespace middle = new TestNamespace();
    private final int mtu;
    private final boolean offloads;

    public UnderlayBridge(final int mtu) {
        this(mtu, false);
    }

    /**
     * @param offloads whether the hosts' interfaces take super-frames and unfinished checksums.
     */
    public UnderlayBridge(final int mtu, final boolean offloads) {
        this.mtu = mtu;
        this.offloads = offloads;
        middle.exec("ip", "link", "add", "br0", "mtu", String.valueOf(mtu), "type", "bridge", "mcast_snooping", "0");
        middle.exec("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
        middle.exec("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
        middle.exec("ip", "link", "set", "br0", "up");
    }

    public static String address(final int number) {
        return "192.0.2." + number;
    }

    public static String address6(final int number) {
        return "2001:db8:1::" + Integer.toHexString(number);
    }

    /** Gives a host its eth0, with two addresses. */
    public void connect(final TestNamespace host, final int number) {
        final String port = "u" + number;
        middle.exec("ip", "link", "add", port, "mtu", String.valueOf(mtu), "type", "veth", "peer", "name", INTERFACE,
            "mtu", String.valueOf(mtu), "netns", host.name());
        if (!offloads) {
            middle.exec("ethtool", "-K", port, "tx", "off", "gro", "off");
            host.exec("ethtool", "-K", INTERFACE, "tx", "off", "gro", "off");
        }
        middle.exec("ip", "link", "set", port, "master", "br0", "up");
        address(host, number);
    }

    /** Gives the addresses to a host that has its eth0 already. */
    public static void address(final TestNamespace host, final int number) {
        host.exec("ip", "link", "set", "lo", "up");
        host.exec("sysctl", "-qw", "net.ipv6.conf." + INTERFACE + ".accept_dad=0");
        host.exec("ip", "link", "set", INTERFACE, "up");
        host.exec("ip", "addr", "add", address(number) + "/24", "dev", INTERFACE);
        host.exec("ip", "addr", "add", address6(number) + "/64", "dev", INTERFACE, "nodad");
    }

    /** Listens to the frames from a host that are longer than the MTU allows on a wire. */
    public Eavesdropper listenForSuperFrames(final int number) {
        return new Eavesdropper(middle, "u" + number, "-s", "64", "-Q", "in", "greater",
            String.valueOf(mtu + ETHERNET_HEADER_BYTES + 1));
    }

    @Override
    public void close() {
        middle.close();
    }
}
