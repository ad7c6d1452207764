package org.sluice.control.api;

import java.util.List;

import org.sluice.control.ControlException;
import org.sluice.control.EndpointManager;
import org.sluice.control.NetworkManager;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.DesiredState;

/** What the API can do, behind its HTTP: one method a route. Called on the control thread only. */
public final class ControlApi {
    private final DesiredState state;
    private final SwitchEngine engine;
    private final NetworkManager networks;
    private final EndpointManager endpoints;
    private final Reporter reporter;

    /** Names that a prune has removed. */
    public record Removed(List<String> removed) {
    }

    public ControlApi(final DesiredState state, final SwitchEngine engine, final NetworkManager networks,
                      final EndpointManager endpoints, final boolean busy) {
        this.state = state;
        this.engine = engine;
        this.networks = networks;
        this.endpoints = endpoints;
        reporter = new Reporter(state, engine, networks, endpoints, busy);
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

    List<Views.FdbEntry> listFdb(final String network) {
        return reporter.fdb(network);
    }

    void flushFdb(final String network) {
        if (network == null) {
            engine.flushFdb();
        } else {
            state.network(network);
            engine.flushFdb(networks.live(network).handle());
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
