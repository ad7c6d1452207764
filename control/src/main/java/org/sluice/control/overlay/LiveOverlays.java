package org.sluice.control.overlay;

import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.engine.NetworkHandle;
import org.sluice.control.engine.PortHandle;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.VtepSpec;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.MacAddress;

/**
 * The overlay networks that are up: their tunnels, a port of the switch for each VTEP, the endpoints behind it and the
 * kernel's path to it. Brings about what {@link OverlayManager} edits. Owned by the control thread.
 */
public final class LiveOverlays {
    /** Bytes of the underlay's MTU that a tunnel over IPv4 needs for itself. */
    public static final int OVERHEAD_BYTES = TunnelPath.OVERHEAD_IPV4;
    private static final long PATH_PERIOD_SECONDS = 10;
    private static final Logger LOG = LoggerFactory.getLogger(LiveOverlays.class);

    private final DesiredState state;
    private final SwitchEngine engine;
    private final Underlay underlay;
    private final Map<String, Overlay> overlays = new HashMap<>();

    /** A network that is up. */
    private static final class Overlay {
        private final NetworkSpec network;
        private final NetworkHandle handle;
        private final Map<InetAddress, LiveVtep> vteps = new LinkedHashMap<>();

        private Overlay(final NetworkSpec network, final NetworkHandle handle) {
            this.network = network;
            this.handle = handle;
        }
    }

    /** A VTEP that is there. */
    public record LiveVtep(VtepSpec spec, PortHandle port, TunnelPath path) {
        /** Layer-3 bytes of the longest packet that fits the path to it, encapsulated. */
        public int mtu() {
            return path.mtu();
        }
    }

    public LiveOverlays(final DesiredState state, final SwitchEngine engine, final int udpPort) {
        this.state = state;
        this.engine = engine;
        underlay = new Underlay(engine, udpPort);
    }

    /** Where the tunnels end: ports of each worker; none while there is no overlay network. */
    public List<PortHandle> underlayPorts() {
        return underlay.ports();
    }

    /** The VTEPs of a network that are up. */
    public Collection<LiveVtep> vtepsOf(final String network) {
        final Overlay overlay = overlays.get(network);
        return overlay == null ? List.of() : overlay.vteps.values();
    }

    /** Brings the network's tunnels up, with what VTEPs are desired; one that cannot be is logged, and stays. */
    public void bringUp(final NetworkSpec network, final NetworkHandle handle) {
        underlay.acquire();
        final Overlay overlay = new Overlay(network, handle);
        overlays.put(network.name(), overlay);
        for (final VtepSpec vtep : state.vtepsOf(network.name())) {
            try {
                plug(overlay, vtep);
            } catch (final ControlException ex) {
                LOG.error("VTEP {} of network {} could not be restored: {}", IpPrefix.format(vtep.address()),
                    network.name(), ex.getMessage());
            }
        }
    }

    /** Ends the network's tunnels; what is desired stays. A network without any is no error. */
    public void takeDown(final String network) {
        final Overlay overlay = overlays.remove(network);
        if (overlay != null) {
            List.copyOf(overlay.vteps.values()).forEach(vtep -> unplug(overlay, vtep));
            underlay.release();
        }
    }

    /**
     * Gives a network that is up just these VTEPs; what is there and stays is not touched. Removes first: an endpoint
     * may have moved from one VTEP to another.
     *
     * @throws ControlException when the network could not be restored.
     */
    void apply(final NetworkSpec network, final List<VtepSpec> wanted) {
        final Overlay overlay = find(network);
        for (final LiveVtep live : List.copyOf(overlay.vteps.values())) {
            final Optional<VtepSpec> kept =
                wanted.stream().filter(vtep -> vtep.address().equals(live.spec().address())).findFirst();
            if (kept.isEmpty()) {
                unplug(overlay, live);
            } else {
                live.spec().endpoints().stream().filter(endpoint -> !kept.get().endpoints().contains(endpoint))
                    .forEach(endpoint -> tell(overlay, Command.PutRemote.GONE, endpoint));
            }
        }
        for (final VtepSpec vtep : wanted) {
            final LiveVtep live = overlay.vteps.get(vtep.address());
            if (live == null) {
                plug(overlay, vtep);
            } else {
                overlay.vteps.put(vtep.address(), new LiveVtep(vtep, live.port(), live.path()));
                vtep.endpoints().stream().filter(endpoint -> !live.spec().endpoints().contains(endpoint))
                    .forEach(endpoint -> tell(overlay, live.port().index(), endpoint));
            }
        }
    }

    private void plug(final Overlay overlay, final VtepSpec vtep) {
        final int portIndex = engine.reservePort();
        final TunnelPath path;
        final PortHandle port;
        try (PathFinder paths = new PathFinder()) {
            path = paths.to(vtep.address()).orElse(new TunnelPath(overlay.network.mtu(), 0, null));
            port = engine.addVtep(overlay.handle, IpPrefix.format(vtep.address()), path.mtu(),
                IpAddress.high(vtep.address()), IpAddress.low(vtep.address()), portIndex);
        } catch (final RuntimeException ex) {
            engine.releasePort(portIndex);
            throw ex;
        }
        final LiveVtep live = new LiveVtep(vtep, port, path);
        overlay.vteps.put(vtep.address(), live);
        tellRoute(overlay, live);
        vtep.endpoints().forEach(endpoint -> tell(overlay, portIndex, endpoint));
    }

    private void unplug(final Overlay overlay, final LiveVtep vtep) {
        overlay.vteps.remove(vtep.spec().address());
        vtep.spec().endpoints().forEach(endpoint -> tell(overlay, Command.PutRemote.GONE, endpoint));
        engine.removePort(vtep.port());
        engine.releasePort(vtep.port().index());
    }

    private void tell(final Overlay overlay, final int portIndex, final VtepSpec.RemoteEndpoint endpoint) {
        final PortIdentity identity =
            Addresses.identity(MacAddress.parse(endpoint.mac()), endpoint.addresses());
        engine.execute(overlay.handle.workerIndex(),
            new Command.PutRemote(overlay.handle.domainId(), portIndex, identity),
            "program the remote endpoint " + endpoint.mac());
    }

    /**
     * Looks at the paths to the VTEPs now and then: after some minutes the kernel forgets that a path takes only
     * short packets, and notifies nobody.
     *
     * @param control the control thread.
     */
    public void watchPaths(final ScheduledExecutorService control) {
        control.scheduleWithFixedDelay(() -> {
            try {
                refreshPaths();
            } catch (final RuntimeException ex) {
                // Anything that escapes would end the task for good.
                LOG.error("cannot check the paths to the VTEPs; trying again in {} seconds", PATH_PERIOD_SECONDS, ex);
            }
        }, PATH_PERIOD_SECONDS, PATH_PERIOD_SECONDS, TimeUnit.SECONDS);
    }

    /** Asks the kernel anew how long packets to each VTEP may be: routes change, and routers speak up. */
    public void refreshPaths() {
        try (PathFinder paths = new PathFinder()) {
            for (final Overlay overlay : overlays.values()) {
                List.copyOf(overlay.vteps.values()).forEach(vtep -> refreshPath(paths, overlay, vtep));
            }
        }
    }

    /**
     * The host's interfaces, addresses or routes have changed.
     *
     * @param uplinks   numbers of the interfaces that tunnel packets come by.
     * @param addresses the host's.
     */
    public void onHostChanged(final Set<Integer> uplinks, final Set<InetAddress> addresses) {
        underlay.steer(uplinks, addresses);
        refreshPaths();
    }

    /** The same for the VTEP whose port this is. */
    public void refreshPath(final int portIndex) {
        try (PathFinder paths = new PathFinder()) {
            for (final Overlay overlay : overlays.values()) {
                overlay.vteps.values().stream().filter(vtep -> vtep.port().index() == portIndex).findFirst()
                    .ifPresent(vtep -> refreshPath(paths, overlay, vtep));
            }
        }
    }

    private void refreshPath(final PathFinder paths, final Overlay overlay, final LiveVtep before) {
        final TunnelPath path = paths.to(before.spec().address()).orElse(before.path());
        if (path.equals(before.path())) {
            return;
        }
        final LiveVtep now = new LiveVtep(before.spec(), before.port(), path);
        overlay.vteps.put(now.spec().address(), now);
        if (now.mtu() != before.mtu()) {
            LOG.info("packets of network {} to VTEP {} may now be {} bytes long, instead of {}", overlay.network.name(),
                IpPrefix.format(now.spec().address()), now.mtu(), before.mtu());
            engine.execute(overlay.handle.workerIndex(), new Command.SetPortMtu(now.port().index(), now.mtu()),
                "program a path MTU");
        }
        tellRoute(overlay, now);
    }

    private void tellRoute(final Overlay overlay, final LiveVtep vtep) {
        final TunnelPath path = vtep.path();
        engine.execute(overlay.handle.workerIndex(), new Command.SetVtepRoute(vtep.port().index(), path.linkIndex(),
            IpAddress.high(path.source()), IpAddress.low(path.source())), "program the route to a VTEP");
    }

    /**
     * @throws ControlException when the network could not be restored.
     */
    void requireUp(final NetworkSpec network) {
        find(network);
    }

    private Overlay find(final NetworkSpec network) {
        final Overlay overlay = overlays.get(network.name());
        if (overlay == null) {
            throw new ControlException(ControlException.Kind.FAILED, "network \"" + network.name()
                + "\" is down: it could not be restored; see the daemon's log");
        }
        return overlay;
    }
}
