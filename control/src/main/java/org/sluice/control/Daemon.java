package org.sluice.control;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.api.ApiRouter;
import org.sluice.control.api.ControlApi;
import org.sluice.control.base.ControlException;
import org.sluice.control.base.ControlThread;
import org.sluice.control.docker.Docker;
import org.sluice.control.docker.DockerSockets;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.engine.WorkerEvents;
import org.sluice.control.host.HostWatch;
import org.sluice.control.host.NamespaceLock;
import org.sluice.control.http.UnixHttpServer;
import org.sluice.control.model.DaemonOptions;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.StateStore;
import org.sluice.control.network.Networking;
import org.sluice.control.observe.Observer;
import org.sluice.control.overlay.LiveOverlays;
import org.sluice.control.uplink.RouteMirror;
import org.sluice.control.uplink.UplinkManager;

/**
 * The daemon: the switch, what it should be, and the API, put together. One thread, "control", makes every change;
 * starting and closing run on it too.
 */
public final class Daemon implements AutoCloseable {
    /** The API's socket in the run folder. */
    public static final String API_SOCKET = "api.sock";

    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);
    private static final NanoClock CLOCK = SystemNanoClock.INSTANCE;
    private static final long REPAIR_PERIOD_SECONDS = 1;
    private static final String LOCK_FILE = "daemon.lock";
    private static final long NAMESPACE_CHECK_SECONDS = 1;
    private static final long INTERFACE_CHECK_SECONDS = 1;
    /** Names of the files that hold what only the daemon's user may know. */
    private static final String OWN_FILES = "{*.dat,*.conntrack,state.json*," + LOCK_FILE + "}";

    private static final UnixHttpServer.Limits API_LIMITS = new UnixHttpServer.Limits(60, 1 << 20);

    private final ControlThread control = new ControlThread();
    /** Closed in this order: the last one that was opened comes first. */
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    /** Not one of the parts: its calls need the control thread to come to their end. */
    private @Nullable Docker docker;
    private @Nullable SwitchEngine engine;

    private Daemon(final FileChannel lock) {
        parts.push(lock);
    }

    /**
     * Starts a daemon and restores what an earlier one has saved. When this returns, it answers.
     *
     * @param onDeath runs when a worker has ended by an error, and must not wait: the caller closes the daemon.
     * @throws ControlException when another daemon has a folder, the network namespace or a socket.
     * @throws UncheckedIOException when a folder or file cannot be used.
     */
    public static Daemon start(final DaemonOptions options, final DockerSockets sockets, final Runnable onDeath) {
        final Daemon daemon = new Daemon(lock(options.runDir(), "--run-dir"));
        try {
            daemon.control.run(() -> daemon.open(options, sockets, onDeath));
            return daemon;
        } catch (final RuntimeException ex) {
            daemon.close();
            throw ex;
        }
    }

    private void open(final DaemonOptions options, final DockerSockets sockets, final Runnable onDeath) {
        // All owners are asked before anything is touched: a daemon that cannot start takes nothing from another.
        part(lock(options.stateDir(), "--state-dir"));
        part(NamespaceLock.take(options.runDir()));
        UnixHttpServer.requireUnserved(options.runDir().resolve(API_SOCKET));
        if (sockets.plugin() != null) {
            UnixHttpServer.requireUnserved(sockets.plugin());
        }
        final StateStore store = StateStore.open(options.stateDir());
        final DesiredState state = store.state();
        parts.push(store::commit);

        // Closed after the workers, which wake it.
        final WorkerEvents events = part(new WorkerEvents(control.executor()));
        final SwitchEngine started = part(new SwitchEngine(options, CLOCK, events::wakeUp, onDeath));
        engine = started;
        final HostWatch host = part(new HostWatch(control.executor()));
        final UplinkManager uplinks =
            new UplinkManager(started, options.uplinks(), options.natPorts(), options.runDir());
        parts.push(() -> uplinks.close(!state.endpoints().isEmpty()));
        final LiveOverlays overlays = new LiveOverlays(state, started, options.vxlanPort());
        final Networking networking = part(new Networking(store, started, uplinks, overlays));
        networking.restore();
        final RouteMirror mirror = new RouteMirror(started, uplinks, host, name -> state.networks().stream()
            .filter(network -> network.hostInterface().equals(name)).findFirst()
            .flatMap(network -> networking.liveNetworks().find(network.name()))
            .map(network -> network.handle().domainId()));
        // An uplink that opens replaces the filter of the daemon before: without the addresses, the host would reset
        // every connection that a packet comes of.
        host.listen(() -> uplinks.steer(host, state::isHostInterface));
        // In this order: routes lead to uplinks, and ports are steered to workers that know the host's addresses.
        host.listen(() -> uplinks.sync(host));
        host.listen(mirror);
        host.listen(() -> uplinks.steer(host, state::isHostInterface));
        host.listen(() -> overlays.onHostChanged(uplinks.linkIndexes(), host.locals()));
        host.start();
        control.executor().scheduleWithFixedDelay(() -> repair(uplinks, host, () -> {
            mirror.onHostChanged();
            uplinks.steer(host, state::isHostInterface);
            overlays.onHostChanged(uplinks.linkIndexes(), host.locals());
        }), REPAIR_PERIOD_SECONDS,
            REPAIR_PERIOD_SECONDS, TimeUnit.SECONDS);
        events.start(started, answers(mirror, overlays));
        overlays.watchPaths(control.executor());
        control.executor().scheduleWithFixedDelay(() -> lookAfter(networking), INTERFACE_CHECK_SECONDS,
            INTERFACE_CHECK_SECONDS, TimeUnit.SECONDS);
        control.executor().scheduleWithFixedDelay(() -> endAbandoned(networking), NAMESPACE_CHECK_SECONDS,
            NAMESPACE_CHECK_SECONDS, TimeUnit.SECONDS);

        final Docker answered = new Docker(sockets, control, store, networking, CLOCK);
        docker = answered;
        final Observer observer = part(new Observer(state, started, networking, host::linkName, control.executor()));
        final ControlApi api = new ControlApi(
            new ControlApi.Parts(state, started, host, uplinks, mirror, networking, observer, answered),
            options.busy());
        part(new UnixHttpServer(options.runDir().resolve(API_SOCKET), API_LIMITS,
            new ApiRouter(api, control.executor(), answered.watch()::refresh)));
        LOG.info("ready: {} networks, {} endpoints, {} worker(s), {} idle, API at {}", state.networks().size(),
            state.endpoints().size(), options.workers(), options.busy() ? "busy" : "adaptive",
            options.runDir().resolve(API_SOCKET));
    }

    /** Anything that escapes would end the periodic task for good. */
    private static void endAbandoned(final Networking networking) {
        try {
            networking.endpoints().endAbandoned();
        } catch (final RuntimeException ex) {
            LOG.error("cannot let go of an endpoint whose namespace is gone; trying again", ex);
        }
    }

    private static void lookAfter(final Networking networking) {
        try {
            networking.interfaces().look();
        } catch (final RuntimeException ex) {
            LOG.error("cannot look after the interfaces of the endpoints; trying again", ex);
        }
    }

    private <T extends AutoCloseable> T part(final T opened) {
        parts.push(opened);
        return opened;
    }

    /** Puts right what other programs have taken away, and repeats what has failed. */
    private static void repair(final UplinkManager uplinks, final HostWatch host, final Runnable onUplinksChanged) {
        try {
            if (uplinks.sync(host)) {
                onUplinksChanged.run();
            }
        } catch (final RuntimeException ex) {
            LOG.error("cannot look after the uplinks: {}", ex.getMessage());
        }
    }

    /** Answers what the workers ask. */
    private static WorkerEvents.Listener answers(final RouteMirror mirror, final LiveOverlays overlays) {
        return new WorkerEvents.Listener() {
            @Override
            public void onNeighbourWanted(final int worker, final int portIndex, final InetAddress address) {
                mirror.onNeighbourWanted(worker, portIndex, address);
            }

            @Override
            public void onPathTooSmall(final int portIndex) {
                overlays.refreshPath(portIndex);
            }
        };
    }

    /**
     * Whether control answers and all workers work. Not to be called on the control thread.
     *
     * @throws ControlException when the daemon is stopping.
     */
    public boolean isAlive() {
        return control.call(() -> engine != null && IntStream.range(0, engine.workerCount()).allMatch(engine::isAlive));
    }

    /** Stops answering, then forwarding. The endpoints' interfaces stay where they are, for the next daemon. */
    @Override
    public void close() {
        if (docker != null) {
            closeQuietly(docker);
        }
        control.close(() -> parts.forEach(Daemon::closeQuietly));
        LOG.info("stopped");
    }

    private static void closeQuietly(final AutoCloseable part) {
        try {
            part.close();
        } catch (final Exception ex) {
            LOG.error("cannot close a part of the daemon", ex);
        }
    }

    /** An earlier version left its files readable by all. */
    private static void tighten(final Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, OWN_FILES)) {
            for (final Path file : files) {
                if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
                }
            }
        }
    }

    /** One daemon a folder. */
    private static FileChannel lock(final Path folder, final String option) {
        try {
            Files.createDirectories(folder);
            final FileChannel channel = FileChannel.open(folder.resolve(LOCK_FILE), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
            final FileLock held = channel.tryLock();
            if (held == null) {
                channel.close();
                throw ControlException.conflict("another daemon runs on " + folder
                    + "; stop it, or give this one a " + option + " of its own");
            }
            tighten(folder);
            return channel;
        } catch (final OverlappingFileLockException ex) {
            throw ControlException.invalid("--run-dir and --state-dir are both " + folder
                + "; give each a folder of its own");
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot use the folder " + folder + ": " + ex.getMessage(), ex);
        }
    }
}
