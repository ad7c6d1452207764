package org.sluice.testbed;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.sluice.linux.testbed.NamespaceHandle;

/**
 * Stands for a host where Open vSwitch makes the overlay. Its userspace datapath needs no kernel module, and holds the
 * underlay interface itself through a packet socket. The bridge br-phy has that interface and the host's underlay
 * addresses. The bridge br-int has the containers and one VXLAN port for each peer.
 * <p>
 * Open vSwitch takes every frame as it is on a wire: nobody may send it unfinished checksums or frames above the MTU.
 * This class turns the containers' offloads off; {@link UnderlayBridge} turns off those of the underlay.
 */
public final class OvsVxlanHost implements VxlanHost {
    private static final String PHY = "br-phy";
    private static final String INT = "br-int";
    private static final long WAIT_NS = TimeUnit.SECONDS.toNanos(20);

    private final NamespaceHandle host;
    private final String underlay;
    private final String local;
    private final int vni;
    private final VethPorts ports;
    private final OvsDaemons ovs;
    private final List<String> addresses = new ArrayList<>();
    private String reversePathFilter = "0";
    private int peers;

    /**
     * @param underlay the name of the underlay interface; OVS takes it over until this is closed.
     * @param local    the host's address on the underlay, IPv4 or IPv6.
     * @param mtu      of the overlay.
     */
    public OvsVxlanHost(final NamespaceHandle host, final String underlay, final String local, final int vni,
                 final int mtu) {
        this.host = host;
        this.underlay = underlay;
        this.local = local;
        this.vni = vni;
        ports = new VethPorts(host, mtu);
        ovs = new OvsDaemons(host);
        try {
            takeUnderlay();
            ovs.addBridge(INT);
        } catch (final RuntimeException | AssertionError ex) {
            close();
            throw ex;
        }
    }

    private void takeUnderlay() {
        for (final String line : ip("-o", "addr", "show", "dev", underlay, "scope", "global").strip().split("\n")) {
            // 2: eth0    inet 192.0.2.1/24 scope global eth0 ...
            addresses.add(line.split("\\s+")[3]);
        }
        reversePathFilter = Commands.run(host, "sysctl", "-n", "net.ipv4.conf." + underlay + ".rp_filter").strip();
        final String mac = ip("-o", "link", "show", "dev", underlay).replaceAll("(?s).*link/ether (\\S+).*", "$1");
        ip("addr", "flush", "dev", underlay);
        // The kernel still sees the frames of this interface. With these settings it neither answers for the addresses,
        // which are br-phy's now, nor reports that nobody listens on UDP port 4789.
        VethPorts.silence(host, underlay);
        sysctl("net.ipv4.conf." + underlay + ".rp_filter=1");
        Commands.run(host, "ethtool", "-K", underlay, "tx", "off", "gro", "off");
        ovs.addBridge(PHY, "other-config:hwaddr=" + mac, "--", "add-port", PHY, underlay);
        sysctl("net.ipv6.conf." + PHY + ".accept_dad=0");
        ip("link", "set", PHY, "up");
        addAddresses(PHY);
    }

    private void addAddresses(final String link) {
        for (final String address : addresses) {
            ip("addr", "add", address, "dev", link);
        }
    }

    @Override
    public NamespaceHandle host() {
        return host;
    }

    @Override
    public void attach(final NamespaceHandle container, final String mac, final String... containerAddresses) {
        final String port = ports.add(container, mac, containerAddresses);
        Commands.run(container, "ethtool", "-K", "eth0", "tx", "off", "gro", "off");
        Commands.run(host, "ethtool", "-K", port, "gro", "off");
        ovs.vsctl("add-port", INT, port);
    }

    @Override
    public void detach(final NamespaceHandle container) {
        ovs.vsctl("del-port", INT, ports.port(container));
        ports.remove(container);
    }

    @Override
    public void addPeer(final String underlayAddress) {
        final String port = "vx" + ++peers;
        // Protected: frames from one peer are not flooded to another, which has them already.
        ovs.vsctl("add-port", INT, port, "--", "set", "port", port, "protected=true", "--", "set", "interface", port,
            "type=vxlan", "options:key=" + vni, "options:local_ip=\"" + local + "\"",
            "options:remote_ip=\"" + underlayAddress + "\"");
        awaitRoute(underlayAddress);
    }

    /** The kernel announces br-phy's addresses after some time; until then Open vSwitch drops frames to the peer. */
    private void awaitRoute(final String address) {
        final long deadline = System.nanoTime() + WAIT_NS;
        while (!appctl("ovs/route/lookup", address).contains("dev " + PHY)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("no route to " + address + ": " + appctl("ovs/route/show"));
            }
            SluiceHost.sleep(10);
        }
    }

    /** Asks ovs-vswitchd, as {@link OvsDaemons#appctl} does. */
    public String appctl(final String... arguments) {
        return ovs.appctl(arguments);
    }

    private String ip(final String... arguments) {
        return Commands.run(host,
            Stream.concat(Stream.of("ip"), Arrays.stream(arguments)).toArray(String[]::new));
    }

    private void sysctl(final String setting) {
        Commands.run(host, "sysctl", "-qw", setting);
    }

    /** Ends both processes and gives the underlay interface its addresses back. */
    @Override
    public void close() {
        try {
            ovs.close();
        } finally {
            ports.close();
            // Its own interfaces stay when it ends: it has them made persistent.
            for (final String link : new String[] {INT, PHY, "ovs-netdev"}) {
                Commands.deleteLink(host, link);
            }
            giveUnderlayBack();
        }
    }

    private void giveUnderlayBack() {
        if (!addresses.isEmpty()) {
            sysctl("net.ipv4.conf." + underlay + ".rp_filter=" + reversePathFilter);
            sysctl("net.ipv6.conf." + underlay + ".disable_ipv6=0");
            addAddresses(underlay);
        }
    }
}
