package org.sluice.control.docker;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.NetworkSpec;

/** Finds the networks and endpoints that Docker names by its ids. On the control thread only. */
final class DockerLookup {
    private final DesiredState state;

    DockerLookup(final DesiredState state) {
        this.state = state;
    }

    /**
     * @throws ControlException when there is none with that id.
     */
    NetworkSpec network(final String id) {
        final String name = DockerId.nameOf("NetworkID", id);
        return state.networks().stream().filter(network -> network.name().equals(name))
            .filter(network -> network.docker() != null && network.docker().id().equals(id)).findFirst()
            .orElseThrow(() -> ControlException.notFound("there is no network with the id " + id));
    }

    /**
     * @throws ControlException when there is none with that id on the network.
     */
    DockerEndpoint endpoint(final EndpointId id) {
        final NetworkSpec network = network(id.network());
        final String name = DockerId.nameOf("EndpointID", id.endpoint());
        final EndpointSpec spec = state.endpointsOf(network.name()).stream()
            .filter(endpoint -> endpoint.name().equals(name) && id.endpoint().equals(endpoint.dockerId()))
            .findFirst().orElseThrow(() -> ControlException.notFound("there is no endpoint with the id "
                + id.endpoint() + " on the network " + network.name()));
        return new DockerEndpoint(network, spec);
    }
}
