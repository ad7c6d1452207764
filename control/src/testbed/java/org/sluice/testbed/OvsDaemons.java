package org.sluice.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.sluice.linux.testbed.NamespaceHandle;

/**
 * Open vSwitch's two processes, the database and the switch, in a host's namespace and with a folder of their own. They
 * use the userspace datapath, which needs no kernel module.
 */
public final class OvsDaemons implements AutoCloseable {
    private static final String DATABASE = "ovsdb-server";
    private static final String SWITCH = "ovs-vswitchd";
    private static final long WAIT_NS = TimeUnit.SECONDS.toNanos(20);

    private final NamespaceHandle host;
    private final Path folder;
    private final OvsTools tools;
    private final List<Process> daemons = new ArrayList<>();

    /**
     * @param settings of the whole switch, such as {@code other_config:userspace-tso-enable=true}.
     */
    public OvsDaemons(final NamespaceHandle host, final String... settings) {
        this.host = host;
        try {
            // Short: the path of a socket has 107 characters at most.
            folder = Files.createTempDirectory("sluice-ovs");
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
        tools = new OvsTools(folder);
        try {
            final Path database = folder.resolve("conf.db");
            tools.run("ovsdb-tool", "create", database.toString(), tools.schema().toString());
            start(DATABASE, database.toString(), "--remote=punix:" + socket());
            await(socket());
            vsctl("--no-wait", "init");
            for (final String setting : settings) {
                vsctl("--no-wait", "set", "Open_vSwitch", ".", setting);
            }
            // Without the kernel's datapath, which another of the machine's Open vSwitches might use.
            start(SWITCH, "unix:" + socket(), "--disable-system");
            await(control(SWITCH));
        } catch (final RuntimeException | AssertionError ex) {
            close();
            throw ex;
        }
    }

    private Path socket() {
        return folder.resolve("db.sock");
    }

    private Path control(final String program) {
        return folder.resolve(program + ".ctl");
    }

    private void start(final String program, final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--no-chdir", "--unixctl=" + control(program),
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

    /** Both processes, the database first. */
    public List<ProcessHandle> processes() {
        return daemons.stream().map(Process::toHandle).toList();
    }

    /** Makes a bridge of the userspace datapath. */
    public void addBridge(final String name, final String... settings) {
        final List<String> command = new ArrayList<>(List.of("add-br", name, "--", "set", "bridge", name,
            "datapath_type=netdev", "fail-mode=standalone", "other-config:disable-in-band=true"));
        command.addAll(List.of(settings));
        vsctl(command.toArray(String[]::new));
    }

    /** Asks ovs-vswitchd, as with {@code fdb/show br-int}, {@code tnl/neigh/show} or {@code dpctl/dump-flows}. */
    public String appctl(final String... arguments) {
        return tool(Stream.of("ovs-appctl", "--timeout=10", "--target=" + control(SWITCH)), arguments);
    }

    /** Changes or asks the configuration, and waits until a change is in force. */
    public String vsctl(final String... arguments) {
        return tool(Stream.of("ovs-vsctl", "--timeout=10", "--db=unix:" + socket()), arguments);
    }

    /** Adds a flow to a bridge. */
    public void addFlow(final String bridge, final String flow) {
        tool(Stream.of("ovs-ofctl", "--timeout=10"), "add-flow", bridge, flow);
    }

    private String tool(final Stream<String> program, final String... arguments) {
        try {
            return tools.run(Stream.concat(program, Arrays.stream(arguments)).toArray(String[]::new));
        } catch (final AssertionError ex) {
            throw new AssertionError(ex.getMessage() + "\n" + log(), ex);
        }
    }

    private String log() {
        final StringBuilder log = new StringBuilder();
        for (final String file : new String[] {DATABASE + ".log", SWITCH + ".log", SWITCH + ".out"}) {
            final Path path = folder.resolve(file);
            try {
                log.append(Files.exists(path) ? Files.readString(path) : "");
            } catch (final IOException ex) {
                log.append(ex);
            }
        }
        return log.toString();
    }

    /** Ends both processes. The interfaces that they have made stay, because they are persistent. */
    @Override
    public void close() {
        daemons.reversed().forEach(OvsDaemons::end);
        DockerEngine.delete(folder);
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
}
