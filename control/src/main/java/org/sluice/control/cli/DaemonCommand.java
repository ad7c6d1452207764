package org.sluice.control.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.agrona.concurrent.ShutdownSignalBarrier;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import org.sluice.control.Daemon;
import org.sluice.control.docker.DockerSockets;
import org.sluice.control.model.DaemonOptions;
import org.sluice.control.model.UplinkChoice;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.linux.sys.LibC;

/** {@code sluice daemon}: runs in the foreground until SIGTERM or SIGINT, or until a worker has ended by an error. */
@Command(name = "daemon", description = "Run the switch in the foreground until SIGTERM or SIGINT.")
final class DaemonCommand implements Callable<Integer> {
    private static final int MAX_WORKERS = 64;
    private static final int MIN_NAT_PORT = 1024;
    private static final int MAX_PORT = 65_535;
    /** The mode bits of the group and of all others. */
    private static final int OTHERS = 077;

    /** What a worker does while it has no frames. */
    enum Idle {
        BUSY, ADAPTIVE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--run-dir", paramLabel = "DIR", defaultValue = ClientOptions.DEFAULT_RUN_DIR,
        description = "Folder of the socket, the counters and the connection tables. Default: $SLUICE_RUN_DIR, or"
            + " /run/sluice.")
    private Path runDir;

    @Option(names = "--state-dir", paramLabel = "DIR", defaultValue = "${env:SLUICE_STATE_DIR:-/var/lib/sluice}",
        description = "Folder of the saved networks, endpoints and ports. Default: $SLUICE_STATE_DIR, or"
            + " /var/lib/sluice.")
    private Path stateDir;

    @Option(names = "--idle", paramLabel = "busy|adaptive", defaultValue = "adaptive",
        description = "What a worker does without frames. busy: spin, for the lowest latency; adaptive: sleep."
            + " Default: ${DEFAULT-VALUE}.")
    private Idle idle;

    @Option(names = "--workers", paramLabel = "N", defaultValue = "1",
        description = "Forwarding threads, 1 to " + MAX_WORKERS + "; the daemon spreads networks over them. Default:"
            + " ${DEFAULT-VALUE}.")
    private int workers;

    @Option(names = "--uplink", paramLabel = "IFACE,...|auto|none", defaultValue = "auto", split = ",",
        hideParamSyntax = true,
        description = "Interface that leads to the outside; repeat it, or separate several by commas. auto: the"
            + " interfaces of the default routes; none: leave the host's interfaces alone. Default: ${DEFAULT-VALUE}.")
    private List<String> uplinks;

    @Option(names = "--nat-ports", paramLabel = "FIRST-LAST", defaultValue = "49152-65535",
        description = "Source ports for masqueraded connections that cannot keep their own, within " + MIN_NAT_PORT
            + " to " + MAX_PORT + "; the daemon reserves them from the host. Default: ${DEFAULT-VALUE}.")
    private String natPorts;

    @Option(names = "--docker-socket", paramLabel = "PATH|none", defaultValue = "/run/docker/plugins/sluice.sock",
        description = "Socket of the Docker driver; the file's name without .sock is the driver's name. none: serve"
            + " no driver. Default: ${DEFAULT-VALUE}.")
    private String dockerSocket;

    @Option(names = "--docker-host", paramLabel = "PATH", defaultValue = "/var/run/docker.sock",
        description = "Socket of Docker's API, which gives the names of containers and networks. Default:"
            + " ${DEFAULT-VALUE}.")
    private Path dockerHost;

    @Option(names = "--vxlan-port", paramLabel = "N", defaultValue = "4789",
        description = "UDP port of the VXLAN tunnels, the same on all hosts. Default: ${DEFAULT-VALUE}.")
    private int vxlanPort;

    @Mixin
    private ConntrackOptions conntrack;

    @Override
    @SuppressWarnings("try") // The daemon works by itself until it is closed.
    public Integer call() {
        if (workers < 1 || workers > MAX_WORKERS) {
            throw new CliException("--workers takes a number from 1 to " + MAX_WORKERS + ", not " + workers);
        }
        if (vxlanPort < 1 || vxlanPort > MAX_PORT) {
            throw new CliException("--vxlan-port takes a number from 1 to " + MAX_PORT + ", not " + vxlanPort);
        }
        final AtomicBoolean failed = new AtomicBoolean();
        // Its files tell of everybody's connections: they are its own user's alone.
        LibC.INSTANCE.umask(OTHERS);
        try (ShutdownSignalBarrier barrier = new ShutdownSignalBarrier();
            Daemon daemon = Daemon.start(new DaemonOptions(runDir.toAbsolutePath(), stateDir.toAbsolutePath(),
                idle == Idle.BUSY, workers, UplinkChoice.parse(uplinks), parseNatPorts(),
                conntrack.toConfig(), vxlanPort), dockerSockets(), () -> {
                    failed.set(true);
                    barrier.signal();
                })) {
            ServiceManager.ready();
            ServiceManager.watch(daemon::isAlive);
            barrier.await();
            ServiceManager.stopping();
        }
        return failed.get() ? 1 : 0; // a service manager starts it again
    }

    private DockerSockets dockerSockets() {
        final Path plugin = "none".equals(dockerSocket) ? null : Path.of(dockerSocket).toAbsolutePath();
        // The root folder has no name.
        if (plugin != null && !String.valueOf(plugin.getFileName()).matches("[a-zA-Z0-9][a-zA-Z0-9_.-]*\\.sock")) {
            throw new CliException("--docker-socket takes the path of a file that ends in .sock, or none, not "
                + dockerSocket);
        }
        return new DockerSockets(plugin, dockerHost.toAbsolutePath());
    }

    private NatPorts parseNatPorts() {
        final Matcher range = Pattern.compile("(\\d{1,5})-(\\d{1,5})").matcher(natPorts);
        if (range.matches()) {
            final int first = Integer.parseInt(range.group(1));
            final int last = Integer.parseInt(range.group(2));
            if (first >= MIN_NAT_PORT && last <= MAX_PORT && last - first + 1 >= workers) {
                return new NatPorts(first, last);
            }
        }
        throw new CliException("--nat-ports takes a range of " + MIN_NAT_PORT + " to " + MAX_PORT
            + ", with a port for each worker, not " + natPorts);
    }
}
