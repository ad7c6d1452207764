package org.sluice.control.docker;

import java.util.ArrayList;
import java.util.List;

import org.agrona.CloseHelper;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.ControlThread;
import org.sluice.control.http.UnixHttpServer;
import org.sluice.control.ipam.PoolManager;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.PoolSpec;
import org.sluice.control.model.StateStore;
import org.sluice.control.network.Networking;

/**
 * Puts the parts together that have to do with Docker: the drivers, on the socket where Docker calls them, and the
 * watch.
 */
public final class Docker implements AutoCloseable {
    /** A container may publish each port there is, of each protocol, at 110 bytes a port. */
    private static final UnixHttpServer.Limits LIMITS = new UnixHttpServer.Limits(0, 32 << 20);

    private final DesiredState state;
    private final StateStore store;
    private final PoolManager pools;
    private final DockerEndpoints endpoints;
    private final DockerNetworks networks;
    private final DockerWatch watch;
    private final @Nullable PluginService service;
    private final @Nullable UnixHttpServer server;

    /** The names of all that a prune has removed. */
    public record Pruned(List<String> endpoints, List<String> networks, List<String> pools, List<String> addresses) {
    }

    /** On the control thread. From now on Docker is answered; its calls wait for that thread. */
    public Docker(final DockerSockets sockets, final ControlThread control, final StateStore store,
                  final Networking networking, final NanoClock clock) {
        this.store = store;
        state = store.state();
        pools = new PoolManager(state);
        watch = new DockerWatch(new DockerClient(sockets.engine()), state, control.executor(), clock);
        endpoints = new DockerEndpoints(control, store, networking, watch, clock);
        networks = new DockerNetworks(control, state, networking.networks(), endpoints);
        if (sockets.plugin() == null) {
            service = null;
            server = null;
        } else {
            service = new PluginService(new NetworkDriver(networks, endpoints, watch),
                new IpamDriver(control, store, pools, watch));
            server = new UnixHttpServer(sockets.plugin(), LIMITS, service);
        }
    }

    /** Knows what Docker's API lists. */
    public DockerWatch watch() {
        return watch;
    }

    /**
     * Removes all that Docker has forgotten.
     *
     * @throws ControlException when Docker does not answer: then nobody knows what it has forgotten.
     */
    public Pruned prune() {
        if (watch.isNeeded() && !watch.answers()) {
            throw ControlException.conflict("Docker does not answer at " + watch.api() + ", so nobody knows what it"
                + " has forgotten; start it, or name its socket with sluice daemon --docker-host");
        }
        final Forgotten forgotten = watch.forgotten();
        final Pruned pruned =
            new Pruned(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (final EndpointSpec endpoint : forgotten.endpoints()) {
            endpoints.endNow(endpoint);
            pruned.endpoints().add(endpoint.name());
        }
        for (final NetworkSpec network : forgotten.networks()) {
            networks.endNow(network);
            pruned.networks().add(network.name());
        }
        for (final PoolSpec pool : forgotten.pools()) {
            pools.end(pool);
            pruned.pools().add(pool.id());
        }
        forgotten.leases().forEach(lease -> {
            pools.release(lease.pool(), lease.address());
            pruned.addresses().add(IpPrefix.format(lease.address()));
        });
        store.save();
        return pruned;
    }

    /** Answers no more calls, once those under way are carried out. Not on the control thread, which they need. */
    @Override
    public void close() {
        CloseHelper.closeAll(service, server);
    }
}
