package org.sluice.control.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.sluice.linux.NamespaceHandle;

/**
 * Open vSwitch with its own database and sockets, in a host's namespace, with the userspace datapath: that needs no
 * kernel module, but it holds the underlay interface itself, by a packet socket. br-phy has that interface and the
 * host's underlay addresses; br-int has the containers and a VXLAN port a peer.
 * <p>
 * It takes every frame as it is on a wire. So nothing may send it frames with unfinished checksums or of more than the
 * MTU: not the containers, which this sees to, and not the other end of the underlay interface, which the test sees to
 * ({@link Underlay} does).
 */
final class OvsVxlanHost implements OverlayHost {
    private static final String PHY = "br-phy";
    private static final String INT = "br-int";
    private static final long WAIT_NS = TimeUnit.SECONDS.toNanos(20);

    private final NamespaceHandle host;
    private final String underlay;
    private final String local;
    private final int vni;
    private final VethPorts ports;
    private final OvsTools tools;
    private final List<String> addresses = new ArrayList<>();
    private final List<Process> daemons = new ArrayList<>();
    private final Path folder;
    private String reversePathFilter = "0";
    private int peers;

    /**
     * @param underlay the name of the underlay interface; OVS takes it over until this is closed.
     * @param local    the host's address on the underlay, IPv4 or IPv6.
     * @param mtu      of the overlay.
     */
    OvsVxlanHost(final NamespaceHandle host, final String underlay, final String local, final int vni,
                 final int mtu) {
        this.host = host;
        this.underlay = underlay;
        this.local = local;
        this.vni = vni;
        ports = new VethPorts(host, mtu);
        try {
            // Short: the path of a socket has 107 characters at most.
            folder = Files.createTempDirectory("sluice-ovs");
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
        tools = new OvsTools(folder);
        try {
            startDaemons();
            takeUnderlay();
            vsctl("add-br", INT, "--", "set", "bridge", INT, "datapath_type=netdev", "fail-mode=standalone",
                "other-config:disable-in-band=true");
        } catch (final RuntimeException | AssertionError ex) {
            close();
            throw ex;
        }
    }

    private void startDaemons() {
        final Path database = folder.resolve("conf.db");
        tools.run("ovsdb-tool", "create", database.toString(), tools.schema().toString());
        start("ovsdb-server", database.toString(), "--remote=punix:" + folder.resolve("db.sock"));
        await(folder.resolve("db.sock"));
        vsctl("--no-wait", "init");
        // Without the kernel's datapath, which another of the machine's Open vSwitches might use.
        start("ovs-vswitchd", "unix:" + folder.resolve("db.sock"), "--disable-system");
        await(folder.resolve("ovs-vswitchd.ctl"));
    }

    private void start(final String program, final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--no-chdir", "--unixctl=" + folder.resolve(program + ".ctl"),
            "--pidfile=" + folder.resolve(program + ".pid"), "-vconsole:off",
            "--log-file=" + folder.resolve(program + ".log")));
        final ProcessBuilder builder = tools.builder(command.toArray(String[]::new)).redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve(program + ".out").toFile()));
        daemons.add(Peers.in(host, builder::start));
    }

    private void await(final Path file) {
        final long deadline = System.nanoTime() + WAIT_NS;
        while (!Files.exists(file)) {
            if (!daemons.getLast().isAlive() || System.nanoTime() > deadline) {
                throw new AssertionError("Open vSwitch did not start: " + log());
            }
            SluiceHost.sleep(10);
        }
    }

    private void takeUnderlay() {
        for (final String line : ip("-o", "addr", "show", "dev", underlay, "scope", "global").strip().split("\n")) {
            // 2: eth0    inet 192.0.2.1/24 scope global eth0 ...
            addresses.add(line.split("\\s+")[3]);
        }
        reversePathFilter = OverlayHost.run(host, "sysctl", "-n", "net.ipv4.conf." + underlay + ".rp_filter").strip();
        final String mac = ip("-o", "link", "show", "dev", underlay).replaceAll("(?s).*link/ether (\\S+).*", "$1");
        ip("addr", "flush", "dev", underlay);
        // The kernel still sees what comes in there. By these it neither answers for the addresses, which are br-phy's
        // now, nor says that nobody listens on UDP port 4789.
        VethPorts.silence(host, underlay);
        sysctl("net.ipv4.conf." + underlay + ".rp_filter=1");
        OverlayHost.run(host, "ethtool", "-K", underlay, "tx", "off", "gro", "off");
        vsctl("add-br", PHY, "--", "set", "bridge", PHY, "datapath_type=netdev", "fail-mode=standalone",
            "other-config:disable-in-band=true", "other-config:hwaddr=" + mac, "--", "add-port", PHY, underlay);
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
        OverlayHost.run(container, "ethtool", "-K", "eth0", "tx", "off", "gro", "off");
        OverlayHost.run(host, "ethtool", "-K", port, "gro", "off");
        vsctl("add-port", INT, port);
    }

    @Override
    public void detach(final NamespaceHandle container) {
        vsctl("del-port", INT, ports.port(container));
        ports.remove(container);
    }

    @Override
    public void addPeer(final String underlayAddress) {
        final String port = "vx" + ++peers;
        // Protected: what comes from one peer is not flooded to another, who has it already.
        vsctl("add-port", INT, port, "--", "set", "port", port, "protected=true", "--", "set", "interface", port,
            "type=vxlan", "options:key=" + vni, "options:local_ip=\"" + local + "\"",
            "options:remote_ip=\"" + underlayAddress + "\"");
        awaitRoute(underlayAddress);
    }

    /** It hears from the kernel, some time later, of br-phy's addresses; until then it would drop what is for there. */
    private void awaitRoute(final String address) {
        final long deadline = System.nanoTime() + WAIT_NS;
        while (!appctl("ovs/route/lookup", address).contains("dev " + PHY)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("no route to " + address + ": " + appctl("ovs/route/show"));
            }
            SluiceHost.sleep(10);
        }
    }

    /** Asks ovs-vswitchd, as with {@code fdb/show br-int}, {@code tnl/neigh/show} or {@code dpctl/dump-flows}. */
    String appctl(final String... arguments) {
        return tool("ovs-appctl", "--timeout=10", "--target=" + folder.resolve("ovs-vswitchd.ctl"), arguments);
    }

    /** Changes or asks the configuration, and waits until a change is in force. */
    String vsctl(final String... arguments) {
        return tool("ovs-vsctl", "--timeout=10", "--db=unix:" + folder.resolve("db.sock"), arguments);
    }

    private String tool(final String program, final String option1, final String option2, final String... arguments) {
        final Stream<String> command = Stream.concat(Stream.of(program, option1, option2), Arrays.stream(arguments));
        try {
            return tools.run(command.toArray(String[]::new));
        } catch (final AssertionError ex) {
            throw new AssertionError(ex.getMessage() + "\n" + log(), ex);
        }
    }

    private String ip(final String... arguments) {
        return OverlayHost.run(host,
            Stream.concat(Stream.of("ip"), Arrays.stream(arguments)).toArray(String[]::new));
    }

    private void sysctl(final String setting) {
        OverlayHost.run(host, "sysctl", "-qw", setting);
    }

    private String log() {
        final StringBuilder log = new StringBuilder();
        for (final String file : new String[] {"ovsdb-server.log", "ovs-vswitchd.log", "ovs-vswitchd.out"}) {
            final Path path = folder.resolve(file);
            try {
                log.append(Files.exists(path) ? Files.readString(path) : "");
            } catch (final IOException ex) {
                log.append(ex);
            }
        }
        return log.toString();
    }

    /** Ends both processes and gives the underlay interface its addresses back. */
    @Override
    public void close() {
        try {
            daemons.reversed().forEach(OvsVxlanHost::end);
        } finally {
            try {
                ports.close();
                // Its own interfaces stay when it ends: it has them made persistent.
                for (final String link : new String[] {INT, PHY, "ovs-netdev"}) {
                    OverlayHost.deleteLink(host, link);
                }
                giveUnderlayBack();
            } finally {
                DockerEngine.delete(folder);
            }
        }
    }

    private static void end(final Process process) {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (final InterruptedException ex) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
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
