package org.sluice.control.network;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.Change;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.DockerNetwork;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.StateStore;
import org.sluice.control.model.VtepSpec;

/** Makes and removes networks: in the desired state, and in the switch. Owned by the control thread. */
public final class NetworkManager {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkManager.class);

    /**
     * A client's request. What it left out is null; it needs the name.
     *
     * @param subnets  CIDRs, at most one of each family; one of the default pool where there is none.
     * @param gateways addresses, each in one of the subnets; by default a subnet's first.
     * @param ipRanges CIDRs, each within one of the subnets; by default the whole of it.
     * @param vni      of an overlay network.
     */
    public record Request(@Nullable String name, List<String> subnets, List<String> gateways, List<String> ipRanges,
                          @Nullable Integer mtu, @Nullable Boolean internal, @Nullable Boolean sourceGuard,
                          @Nullable Boolean icc, @Nullable Boolean masquerade, @Nullable Integer vni,
                          @Nullable Boolean vtepLearning) {
        public Request {
            subnets = subnets == null ? List.of() : subnets;
            gateways = gateways == null ? List.of() : gateways;
            ipRanges = ipRanges == null ? List.of() : ipRanges;
        }
    }

    /**
     * The part of a request that only Docker makes.
     *
     * @param hostInterface name of the host port, or null.
     */
    public record DockerRequest(@Nullable DockerNetwork network, @Nullable String hostInterface) {
    }

    private final StateStore store;
    private final DesiredState state;
    private final LiveNetworks live;
    private final NetworkRequests requests;

    NetworkManager(final StateStore store, final LiveNetworks live, final NetworkRequests requests) {
        this.store = store;
        state = store.state();
        this.live = live;
        this.requests = requests;
    }

    /**
     * Makes a network.
     *
     * @throws ControlException when the request is wrong, or clashes, or the system refuses.
     */
    public NetworkSpec create(final Request request) {
        return create(request, new DockerRequest(null, null));
    }

    /**
     * Makes a network for Docker.
     *
     * @throws ControlException when the request is wrong, or clashes, or the system refuses.
     */
    public NetworkSpec create(final Request request, final DockerRequest docker) {
        final NetworkSpec spec = requests.complete(request, docker);
        try (Change change = store.change()) {
            live.bringUp(spec);
            change.undo(() -> live.takeDown(spec.name()));
            state.put(spec);
            change.undo(() -> state.removeNetwork(spec.name()));
            change.save();
            return spec;
        }
    }

    /**
     * Removes a network that is not Docker's.
     *
     * @throws ControlException when there is none, or it is in use.
     */
    public void remove(final String name) {
        final NetworkSpec spec = state.network(name);
        if (spec.ofDocker()) {
            throw ControlException.conflict("network \"" + name + "\" belongs to Docker: use docker network rm;"
                + " if Docker has forgotten it, sluice prune");
        }
        end(spec);
    }

    /**
     * Removes a network, also one of Docker's.
     *
     * @throws ControlException when it is in use.
     */
    public void end(final NetworkSpec spec) {
        final String name = spec.name();
        final List<String> endpoints = state.endpointsOf(name).stream().map(e -> e.name()).toList();
        if (!endpoints.isEmpty()) {
            throw ControlException.conflict("network \"" + name + "\" is in use by " + String.join(", ", endpoints)
                + "; detach them first");
        }
        final List<VtepSpec> vteps = state.vtepsOf(name);
        try (Change change = store.change()) {
            live.takeDown(name);
            change.undo(() -> live.bringUp(spec));
            state.removeNetwork(name);
            change.undo(() -> {
                state.put(spec);
                state.putVteps(name, vteps);
            });
            change.save();
        }
    }

    /** Ends all networks without endpoints; Docker's are Docker's to end. */
    public List<String> prune() {
        final List<String> unused = state.networks().stream().filter(spec -> !spec.ofDocker())
            .map(NetworkSpec::name).filter(name -> state.endpointsOf(name).isEmpty()).toList();
        final List<String> removed = new ArrayList<>();
        for (final String name : unused) {
            try {
                remove(name);
                removed.add(name);
            } catch (final ControlException ex) {
                LOG.error("cannot remove network {}: {}", name, ex.getMessage());
            }
        }
        return removed;
    }

    /** Brings the saved networks up again. One that cannot be is logged, and stays in the state. */
    void restore() {
        for (final NetworkSpec spec : state.networks()) {
            try {
                live.bringUp(spec);
            } catch (final RuntimeException ex) {
                LOG.error("network {} could not be restored: {}", spec.name(), ex.getMessage());
            }
        }
    }
}
