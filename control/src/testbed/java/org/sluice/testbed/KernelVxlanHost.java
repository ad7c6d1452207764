package org.sluice.testbed;

import org.sluice.linux.testbed.NamespaceHandle;

/** Stands for a host where the kernel makes the overlay: a bridge, a VXLAN device that learns, and veths. */
public final class KernelVxlanHost implements VxlanHost {
    private static final String EVERYBODY = "00:00:00:00:00:00";

    private final NamespaceHandle host;
    private final VethPorts ports;
    private final String vxlan;
    private final String bridge;

    /**
     * @param local the host's address on the underlay, IPv4 or IPv6.
     * @param mtu   of the overlay.
     */
    public KernelVxlanHost(final NamespaceHandle host, final String local, final int vni, final int mtu) {
        this.host = host;
        ports = new VethPorts(host, mtu);
        vxlan = "vx" + vni;
        bridge = "vxbr" + vni;
        try {
            // The host must stay invisible in its overlay: no addresses, and no queries for groups.
            ip("link", "add", bridge, "type", "bridge", "mcast_snooping", "0");
            ip("link", "add", vxlan, "mtu", String.valueOf(mtu), "type", "vxlan", "id", String.valueOf(vni),
                "dstport", "4789", "local", local, "learning");
            VethPorts.silence(host, bridge);
            VethPorts.silence(host, vxlan);
            ip("link", "set", vxlan, "master", bridge, "up");
            ip("link", "set", bridge, "up");
        } catch (final RuntimeException ex) {
            close();
            throw ex;
        }
    }

    private void ip(final String... arguments) {
        final String[] command = new String[arguments.length + 1];
        command[0] = "ip";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Commands.run(host, command);
    }

    @Override
    public NamespaceHandle host() {
        return host;
    }

    @Override
    public void attach(final NamespaceHandle container, final String mac, final String... addresses) {
        ip("link", "set", ports.add(container, mac, addresses), "master", bridge);
    }

    @Override
    public void detach(final NamespaceHandle container) {
        ports.remove(container);
    }

    @Override
    public void addPeer(final String underlayAddress) {
        Commands.run(host, "bridge", "fdb", "append", EVERYBODY, "dev", vxlan, "dst", underlayAddress);
    }

    /** The FDB of the VXLAN device: {@code MAC dst ADDRESS ...}, one entry in each line. */
    public String fdb() {
        return Commands.run(host, "bridge", "fdb", "show", "dev", vxlan);
    }

    @Override
    public void close() {
        ports.close();
        Commands.deleteLink(host, vxlan);
        Commands.deleteLink(host, bridge);
    }
}
