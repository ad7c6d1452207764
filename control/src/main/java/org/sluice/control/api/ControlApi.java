package org.sluice.control.api;

import java.util.List;

import org.sluice.control.base.ControlException;
import org.sluice.control.docker.Docker;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.DesiredState;
import org.sluice.control.network.EndpointManager;
import org.sluice.control.network.NetworkManager;
import org.sluice.control.network.PortMapManager;
import org.sluice.control.observe.Observer;
import org.sluice.control.overlay.OverlayManager;
import org.sluice.control.uplink.RouteMirror;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.conntrack.ConntrackFilter;

/** What the API can do, behind its HTTP: one method a route. Called on the control thread only. */
public final class ControlApi {
    private final DesiredState state;
    private final SwitchEngine engine;
    private final NetworkManager networks;
    private final EndpointManager endpoints;
    private final PortMapManager portMaps;
    private final OverlayManager overlays;
    private final Observer observer;
    private final Docker docker;
    private final Reporter reporter;
    private final RoutingReporter routing;
    private final OverlayReporter overlay;

    /** Names that a prune has removed. */
    public record Removed(List<String> removed) {
    }

    /** How many connections were ended. */
    public record Flushed(long flushed) {
    }

    /** How many connections there are. */
    public record Count(long count) {
    }

    /** What a client wants published or taken back, as {@code PortSpec} reads it. */
    public record PortsRequest(List<String> ports) {
    }

    /** All the VTEPs that a network should have. */
    public record VtepsRequest(List<OverlayManager.Request> vteps) {
    }

    /** What the API works on. */
    public record Parts(DesiredState state, SwitchEngine engine, NetworkManager networks, EndpointManager endpoints,
                        PortMapManager portMaps, UplinkManager uplinks, OverlayManager overlays, RouteMirror mirror,
                        Observer observer, Docker docker) {
    }

    public ControlApi(final Parts parts, final boolean busy) {
        state = parts.state();
        engine = parts.engine();
        networks = parts.networks();
        endpoints = parts.endpoints();
        portMaps = parts.portMaps();
        overlays = parts.overlays();
        observer = parts.observer();
        docker = parts.docker();
        reporter = new Reporter(parts, busy);
        routing = new RoutingReporter(parts);
        overlay = new OverlayReporter(parts);
    }

    /** Ends what Docker has forgotten. */
    Docker.Pruned prune() {
        return docker.prune();
    }

    Views.Network createNetwork(final NetworkManager.Request request) {
        return reporter.network(networks.create(request));
    }

    List<Views.Network> listNetworks() {
        return reporter.networks();
    }

    Views.Network inspectNetwork(final String name) {
        return reporter.network(state.network(name));
    }

    void removeNetwork(final String name) {
        networks.remove(name);
    }

    Removed pruneNetworks() {
        return new Removed(networks.prune());
    }

    Views.Endpoint attachEndpoint(final EndpointManager.Request request) {
        return reporter.endpoint(endpoints.attach(request));
    }

    List<Views.Endpoint> listEndpoints() {
        return reporter.endpoints();
    }

    Views.Endpoint inspectEndpoint(final String name) {
        return reporter.endpoint(state.endpoint(name));
    }

    void detachEndpoint(final String name) {
        endpoints.detach(name);
    }

    List<Views.PortMap> publish(final String endpoint, final PortsRequest request) {
        return routing.portMaps(portMaps.publish(endpoint, request.ports()));
    }

    List<Views.PortMap> unpublish(final String endpoint, final PortsRequest request) {
        return routing.portMaps(portMaps.unpublish(endpoint, request.ports()));
    }

    List<Views.PortMap> listPortMaps() {
        return routing.portMaps(state.portMaps());
    }

    List<Views.Connection> listConnections(final ConntrackFilter filter) {
        return routing.connections(filter);
    }

    Count countConnections(final ConntrackFilter filter) {
        return new Count(routing.count(filter));
    }

    Flushed flushConnections(final ConntrackFilter filter) {
        return new Flushed(engine.flushConnections(filter));
    }

    /** Traces and captures. */
    Observer observer() {
        return observer;
    }

    List<Views.Route> listRoutes() {
        return routing.routes();
    }

    List<Views.Neighbour> listNeighbours() {
        return routing.neighbours();
    }

    List<Views.Vtep> listVteps() {
        return overlay.vteps();
    }

    List<Views.Vtep> listVteps(final String network) {
        return overlay.vteps(state.network(network));
    }

    Views.Vtep addVtep(final String network, final OverlayManager.Request request) {
        return overlay.vtep(overlays.add(network, request));
    }

    List<Views.Vtep> replaceVteps(final String network, final VtepsRequest request) {
        overlays.replace(network, request.vteps());
        return listVteps(network);
    }

    void removeVtep(final String network, final String address) {
        overlays.remove(network, address);
    }

    List<Views.FdbEntry> listFdb(final String network) {
        return reporter.fdb(network);
    }

    void flushFdb(final String network) {
        if (network == null) {
            engine.flushFdb();
        } else {
            engine.flushFdb(networks.live(state.network(network).name()).handle());
        }
    }

    /** What the system has refused is logged once and counted, as the workers' errors are. */
    void report(final ControlException failure) {
        engine.report(failure);
    }

    Views.Status status() {
        return reporter.status();
    }
}
