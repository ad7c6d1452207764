package org.sluice.control.api;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.docker.Docker;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.HostWatch;
import org.sluice.control.model.DesiredState;
import org.sluice.control.network.EndpointManager;
import org.sluice.control.network.NetworkManager;
import org.sluice.control.network.Networking;
import org.sluice.control.observe.Observer;
import org.sluice.control.overlay.OverlayManager;
import org.sluice.control.uplink.RouteMirror;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.conntrack.ConntrackFilter;

/** Carries out the API's requests, behind its HTTP: one method a route. Called on the control thread only. */
public final class ControlApi {
    private final DesiredState state;
    private final SwitchEngine engine;
    private final Networking networking;
    private final Observer observer;
    private final Docker docker;
    private final NetworkViews networkViews;
    private final EndpointViews endpointViews;
    private final PortMapViews portMapViews;
    private final ConnectionViews connectionViews;
    private final RouteViews routeViews;
    private final VtepViews vtepViews;
    private final FdbViews fdbViews;
    private final StatusViews statusViews;

    /** Names that a prune has removed. */
    public record Removed(List<String> removed) {
    }

    /** How many connections were ended. */
    public record Flushed(long flushed) {
    }

    /** How many connections there are. */
    public record Count(long count) {
    }

    /** The ports that a client wants published or taken back, as {@code PortSpec} reads them. */
    public record PortsRequest(@Nullable List<String> ports) {
    }

    /** All the VTEPs that a network should have. */
    public record VtepsRequest(@Nullable List<OverlayManager.Request> vteps) {
    }

    /** The parts of the daemon that the API works on. */
    public record Parts(DesiredState state, SwitchEngine engine, HostWatch host, UplinkManager uplinks,
                        RouteMirror mirror, Networking networking, Observer observer, Docker docker) {
    }

    public ControlApi(final Parts parts, final boolean busy) {
        state = parts.state();
        engine = parts.engine();
        networking = parts.networking();
        observer = parts.observer();
        docker = parts.docker();
        networkViews = new NetworkViews(state, networking.liveNetworks());
        endpointViews = new EndpointViews(state, networking.liveEndpoints());
        portMapViews = new PortMapViews(state);
        connectionViews = new ConnectionViews(engine);
        routeViews = new RouteViews(parts.host(), parts.uplinks(), parts.mirror());
        vtepViews = new VtepViews(state, networking.liveOverlays());
        fdbViews = new FdbViews(state, engine, networking.liveNetworks(), networking.ports());
        statusViews = new StatusViews(parts, endpointViews, busy);
    }

    /** Removes all that Docker has forgotten. */
    Docker.Pruned prune() {
        return docker.prune();
    }

    Views.Network createNetwork(final NetworkManager.Request request) {
        return networkViews.view(networking.networks().create(request));
    }

    List<Views.Network> listNetworks() {
        return networkViews.all();
    }

    Views.Network inspectNetwork(final String name) {
        return networkViews.view(state.network(name));
    }

    void removeNetwork(final String name) {
        networking.networks().remove(name);
    }

    Removed pruneNetworks() {
        return new Removed(networking.networks().prune());
    }

    Views.Endpoint attachEndpoint(final EndpointManager.Request request) {
        return endpointViews.view(networking.endpoints().attach(request));
    }

    List<Views.Endpoint> listEndpoints() {
        return endpointViews.all();
    }

    Views.Endpoint inspectEndpoint(final String name) {
        return endpointViews.view(state.endpoint(name));
    }

    void detachEndpoint(final String name) {
        networking.endpoints().detach(name);
    }

    List<Views.PortMap> publish(final String endpoint, final PortsRequest request) {
        return portMapViews.of(networking.portMaps().publish(endpoint, request.ports()));
    }

    List<Views.PortMap> unpublish(final String endpoint, final PortsRequest request) {
        return portMapViews.of(networking.portMaps().unpublish(endpoint, request.ports()));
    }

    List<Views.PortMap> listPortMaps() {
        return portMapViews.of(state.portMaps());
    }

    List<Views.Connection> listConnections(final ConntrackQuery.Page page) {
        return connectionViews.matching(page);
    }

    Count countConnections(final ConntrackFilter filter) {
        return new Count(connectionViews.count(filter));
    }

    Flushed flushConnections(final ConntrackFilter filter) {
        return new Flushed(engine.flushConnections(filter));
    }

    /** Traces and captures. */
    Observer observer() {
        return observer;
    }

    List<Views.Route> listRoutes() {
        return routeViews.routes();
    }

    List<Views.Neighbour> listNeighbours() {
        return routeViews.neighbours();
    }

    List<Views.Vtep> listVteps() {
        return vtepViews.all();
    }

    List<Views.Vtep> listVteps(final String network) {
        return vtepViews.of(state.network(network));
    }

    Views.Vtep addVtep(final String network, final OverlayManager.Request request) {
        return vtepViews.view(networking.overlays().add(network, request));
    }

    List<Views.Vtep> replaceVteps(final String network, final VtepsRequest request) {
        networking.overlays().replace(network, request.vteps());
        return listVteps(network);
    }

    void removeVtep(final String network, final String address) {
        networking.overlays().remove(network, address);
    }

    List<Views.FdbEntry> listFdb(final @Nullable String network) {
        return fdbViews.all(network);
    }

    void flushFdb(final @Nullable String network) {
        if (network == null) {
            engine.flushFdb();
        } else {
            engine.flushFdb(networking.liveNetworks().get(state.network(network).name()).handle());
        }
    }

    /** Logs a refusal of the system once and counts it, as the workers' errors. */
    void report(final ControlException failure) {
        engine.report(failure);
    }

    Views.Status status() {
        return statusViews.view();
    }
}
