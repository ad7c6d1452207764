package org.sluice.control.network;

import java.util.Collection;
import java.util.List;

import org.agrona.CloseHelper;

import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.StateStore;
import org.sluice.control.overlay.LiveOverlays;
import org.sluice.control.overlay.OverlayManager;
import org.sluice.control.proxy.HostProxy;
import org.sluice.control.uplink.UplinkManager;

/**
 * The networks of this host, their endpoints and published ports: puts this package's parts together, restores what an
 * earlier daemon has saved, and closes. Owned by the control thread.
 */
public final class Networking implements AutoCloseable {
    private final HostProxy proxy = new HostProxy();
    private final LiveNetworks liveNetworks;
    private final LiveEndpoints liveEndpoints;
    private final NetworkManager networks;
    private final PortMapManager portMaps;
    private final EndpointManager endpoints;
    private final LiveOverlays liveOverlays;
    private final OverlayManager overlays;
    private final InterfaceWatch interfaces;
    private final PortInventory ports;

    public Networking(final StateStore store, final SwitchEngine engine, final UplinkManager uplinks,
                      final LiveOverlays overlays) {
        final DesiredState state = store.state();
        liveNetworks = new LiveNetworks(engine, uplinks, overlays);
        liveEndpoints = new LiveEndpoints(engine, liveNetworks);
        networks = new NetworkManager(store, liveNetworks, new NetworkRequests(state, engine, uplinks));
        portMaps = new PortMapManager(store, new HostPortChooser(state, liveEndpoints, uplinks.natPorts()),
            new PortMapProgrammer(engine, liveEndpoints, uplinks, proxy));
        endpoints = new EndpointManager(store, liveNetworks, liveEndpoints, portMaps);
        liveOverlays = overlays;
        this.overlays = new OverlayManager(store, liveOverlays);
        interfaces = new InterfaceWatch(state, liveEndpoints);
        ports = new PortInventory(state, liveNetworks, liveEndpoints, uplinks, overlays);
        // Connections know an endpoint by its port's number: nothing else may take that.
        endpoints.reserveNumbers();
    }

    /** Brings up what was saved. What cannot be restored is logged, and stays in the state. */
    public void restore() {
        networks.restore();
        endpoints.restore();
        portMaps.restore();
    }

    /** Makes and removes networks. */
    public NetworkManager networks() {
        return networks;
    }

    /** Attaches and detaches endpoints. */
    public EndpointManager endpoints() {
        return endpoints;
    }

    /** Publishes ports and takes them back. */
    public PortMapManager portMaps() {
        return portMaps;
    }

    /** Adds and removes the other hosts of overlay networks. */
    public OverlayManager overlays() {
        return overlays;
    }

    /** The networks that are up. */
    public LiveNetworks liveNetworks() {
        return liveNetworks;
    }

    /** The endpoints that have a port. */
    public LiveEndpoints liveEndpoints() {
        return liveEndpoints;
    }

    /** The overlay networks that are up. */
    public LiveOverlays liveOverlays() {
        return liveOverlays;
    }

    /** All ports of the switch, by the names that its users know. */
    public PortInventory ports() {
        return ports;
    }

    /** The published ports that do not work for the host's own processes, and why. */
    public Collection<String> failures() {
        return proxy.failures();
    }

    /** What containers have done to their interfaces, human-readable. */
    public List<String> issues() {
        return interfaces.issues();
    }

    /** Looks after the interfaces of the endpoints. */
    public InterfaceWatch interfaces() {
        return interfaces;
    }

    /** The proxied connections that had to end so that there was room for others, since the start. */
    public long proxyConnectionsGaveWay() {
        return proxy.connectionsGaveWay();
    }

    /** Sessions of proxied datagrams, likewise. */
    public long proxySessionsGaveWay() {
        return proxy.sessionsGaveWay();
    }

    /** Datagrams that the proxy lost because their receiver was too slow, since the start. */
    public long proxyDatagramsLost() {
        return proxy.datagramsLost();
    }

    /** Lets go; the endpoints' interfaces stay where they are, for the next daemon. */
    @Override
    public void close() {
        CloseHelper.closeAll(proxy, liveEndpoints::close, liveNetworks::close);
    }
}
