package org.sluice.control.docker;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.ControlThread;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.network.NetworkManager;

/** The networks that Docker makes and removes. Called by many threads; the work is done on the control thread. */
final class DockerNetworks {
    private final ControlThread control;
    private final DesiredState state;
    private final NetworkManager networks;
    private final DockerEndpoints endpoints;
    private final DockerLookup lookup;

    DockerNetworks(final ControlThread control, final DesiredState state, final NetworkManager networks,
                   final DockerEndpoints endpoints) {
        this.control = control;
        this.state = state;
        this.networks = networks;
        this.endpoints = endpoints;
        lookup = new DockerLookup(state);
    }

    /**
     * @throws ControlException when the request is wrong, or clashes, or the system refuses.
     */
    void create(final NetworkManager.Request request, final NetworkManager.DockerRequest docker) {
        control.run(() -> networks.create(request, docker));
    }

    /**
     * Removes a network, with endpoints that it may have.
     *
     * @throws ControlException when there is none with that id.
     */
    void delete(final String id) {
        control.run(() -> endNow(lookup.network(id)));
    }

    /** Removes a network. Docker ends none that has endpoints: those it has lost sight of. On the control thread. */
    void endNow(final NetworkSpec network) {
        state.endpointsOf(network.name()).forEach(endpoints::endNow);
        networks.end(network);
    }
}
