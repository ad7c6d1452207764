package org.sluice.control.model;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.sluice.control.ControlException;

/**
 * What should be: the networks and endpoints, by name, in the order they were made. The single truth that front ends
 * edit. Owned by the control thread.
 */
public final class DesiredState {
    private final Map<String, NetworkSpec> networks = new LinkedHashMap<>();
    private final Map<String, EndpointSpec> endpoints = new LinkedHashMap<>();

    public Collection<NetworkSpec> networks() {
        return networks.values();
    }

    public Collection<EndpointSpec> endpoints() {
        return endpoints.values();
    }

    public boolean hasNetwork(final String name) {
        return networks.containsKey(name);
    }

    /** Whether it is the name of a network's host port. */
    public boolean isHostInterface(final String name) {
        return networks.values().stream().anyMatch(network -> network.hostInterface().equals(name));
    }

    public boolean hasEndpoint(final String name) {
        return endpoints.containsKey(name);
    }

    /**
     * @throws ControlException when there is no such network.
     */
    public NetworkSpec network(final String name) {
        final NetworkSpec network = networks.get(name);
        if (network == null) {
            throw ControlException.notFound("there is no network \"" + name + "\"; see: sluice network ls");
        }
        return network;
    }

    /**
     * @throws ControlException when there is no such endpoint.
     */
    public EndpointSpec endpoint(final String name) {
        final EndpointSpec endpoint = endpoints.get(name);
        if (endpoint == null) {
            throw ControlException.notFound("there is no endpoint \"" + name + "\"; see: sluice endpoint ls");
        }
        return endpoint;
    }

    public List<EndpointSpec> endpointsOf(final String network) {
        return endpoints.values().stream().filter(e -> e.network().equals(network)).toList();
    }

    public void put(final NetworkSpec network) {
        networks.put(network.name(), network);
    }

    public void put(final EndpointSpec endpoint) {
        endpoints.put(endpoint.name(), endpoint);
    }

    public void removeNetwork(final String name) {
        networks.remove(name);
    }

    public void removeEndpoint(final String name) {
        endpoints.remove(name);
    }
}
