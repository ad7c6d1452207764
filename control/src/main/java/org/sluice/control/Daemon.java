package org.sluice.control;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.api.ApiRouter;
import org.sluice.control.api.ControlApi;
import org.sluice.control.base.ControlException;
import org.sluice.control.base.ControlThread;
import org.sluice.control.docker.Docker;
import org.sluice.control.docker.DockerSockets;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.http.UnixHttpServer;
import org.sluice.control.model.DaemonOptions;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.StateStore;
import org.sluice.control.network.EndpointManager;
import org.sluice.control.network.NetworkManager;
import org.sluice.control.network.PortMapManager;
import org.sluice.control.observe.Observer;
import org.sluice.control.overlay.OverlayManager;
import org.sluice.control.proxy.HostProxy;
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
    private static final String LOCK_FILE = "daemon.lock";

    private static final UnixHttpServer.Limits API_LIMITS = new UnixHttpServer.Limits(60, 1 << 20);

    private final ControlThread control = new ControlThread();
    private final FileChannel lock;
    private FileChannel stateLock;
    private StateStore store;
    private DesiredState state;
    private SwitchEngine engine;
    private NetworkManager networks;
    private EndpointManager endpoints;
    private UplinkManager uplinks;
    private OverlayManager overlays;
    private HostProxy proxy;
    private Observer observer;
    private volatile RouteMirror mirror;
    private UnixHttpServer server;
    private Docker docker;

    private Daemon(final FileChannel lock) {
        this.lock = lock;
    }

    /**
     * Starts a daemon and restores what an earlier one has saved. When this returns, it answers.
     *
     * @throws ControlException when another daemon runs on the run folder.
     * @throws UncheckedIOException when a folder or file cannot be used.
     */
    public static Daemon start(final DaemonOptions options, final DockerSockets sockets) {
        final Daemon daemon = new Daemon(lock(options.runDir(), "--run-dir"));
        try {
            daemon.control.run(() -> daemon.open(options, sockets));
            return daemon;
        } catch (final RuntimeException ex) {
            daemon.close();
            throw ex;
        }
    }

    private void open(final DaemonOptions options, final DockerSockets sockets) {
        stateLock = lock(options.stateDir(), "--state-dir");
        store = new StateStore(options.stateDir());
        state = store.load();
        engine = new SwitchEngine(options, () -> {
            final RouteMirror current = mirror;
            if (current != null) {
                current.wakeUp();
            }
        });
        uplinks = new UplinkManager(engine, options.uplinks(), options.natPorts());
        overlays = new OverlayManager(state, store, engine, options.vxlanPort());
        networks = new NetworkManager(state, store, engine, uplinks, overlays);
        endpoints = new EndpointManager(state, store, engine, networks);
        endpoints.reservePorts();
        mirror = new RouteMirror(engine, uplinks, overlays, state::isHostInterface, control.executor());
        proxy = new HostProxy();
        final PortMapManager portMaps =
            new PortMapManager(state, store, engine, endpoints, uplinks, proxy, options.natPorts());
        endpoints.portMaps(portMaps);
        networks.restore();
        endpoints.restore();
        portMaps.restore();
        mirror.start();
        overlays.watchPaths(control.executor());
        docker = new Docker(sockets, control, state, store, networks, endpoints, portMaps);
        observer = new Observer(state, engine, networks, endpoints, uplinks, overlays, control.executor());
        final ControlApi api = new ControlApi(
            new ControlApi.Parts(state, engine, networks, endpoints, portMaps, uplinks, overlays, mirror, observer,
                docker),
            options.busy());
        server = new UnixHttpServer(options.runDir().resolve(API_SOCKET), API_LIMITS,
            new ApiRouter(api, control.executor(), docker.watch()::refresh));
        LOG.info("ready: {} networks, {} endpoints, {} worker(s), {} idle, API at {}", state.networks().size(),
            state.endpoints().size(), options.workers(), options.busy() ? "busy" : "adaptive",
            options.runDir().resolve(API_SOCKET));
    }

    /** Stops answering, then forwarding. The endpoints' interfaces stay where they are, for the next daemon. */
    @Override
    public void close() {
        // Its calls need the control thread to come to their end.
        closeQuietly(docker);
        control.close(() -> {
            closeQuietly(server);
            closeQuietly(observer);
            closeQuietly(proxy);
            closeQuietly(endpoints == null ? null : endpoints::close);
            closeQuietly(networks == null ? null : networks::close);
            closeQuietly(uplinks == null ? null : () -> uplinks.close(!state.endpoints().isEmpty()));
            closeQuietly(engine);
            closeQuietly(store == null ? null : store::commit);
            // After the workers, which call upon it.
            closeQuietly(mirror);
            closeQuietly(stateLock);
            closeQuietly(lock);
        });
        LOG.info("stopped");
    }

    private static void closeQuietly(final AutoCloseable part) {
        if (part != null) {
            try {
                part.close();
            } catch (final Exception ex) {
                LOG.error("cannot close a part of the daemon", ex);
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
            return channel;
        } catch (final OverlappingFileLockException ex) {
            throw ControlException.invalid("--run-dir and --state-dir are both " + folder
                + "; give each a folder of its own");
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot use the folder " + folder + ": " + ex.getMessage(), ex);
        }
    }
}
