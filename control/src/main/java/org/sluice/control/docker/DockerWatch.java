package org.sluice.control.docker;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.model.Aliases;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.PoolSpec;

/**
 * Asks Docker's API for its lists before a client looks: Docker never tells its drivers the names that its users know,
 * nor what it has forgotten. It is never asked on the control thread, for it may itself wait for us; when it does not
 * answer in time, clients see what was known before. Owned by the control thread; any thread may call {@link #touch}
 * and {@link #refresh}.
 */
public final class DockerWatch {
    private static final Logger LOG = LoggerFactory.getLogger(DockerWatch.class);
    private static final long TIMEOUT_MS = 2000;
    private static final long FRESH_NS = TimeUnit.SECONDS.toNanos(1);
    /** Docker's own lists may lack, for a while, things that it has just asked for. */
    private static final long SETTLED_NS = TimeUnit.SECONDS.toNanos(10);
    /** A container is in its list once it has started; volumes and much else may take their time. */
    private static final long ENDPOINT_SETTLED_NS = TimeUnit.MINUTES.toNanos(2);
    private static final int MAX_TOUCHED = 4096;

    private final DockerClient docker;
    private final DesiredState state;
    private final Executor control;
    private final NanoClock clock;
    /** When Docker last called for a network, endpoint or pool, by our name. */
    private final Map<String, Long> touchedNs = new ConcurrentHashMap<>();
    private volatile long readNs;
    private volatile boolean needed;
    private @Nullable DockerInventory inventory;

    /**
     * @param docker  is asked on threads of its own.
     * @param control the control thread.
     */
    DockerWatch(final DockerClient docker, final DesiredState state, final Executor control, final NanoClock clock) {
        this.docker = docker;
        this.state = state;
        this.control = control;
        this.clock = clock;
        readNs = clock.nanoTime() - FRESH_NS;
        needed = hasDockers();
    }

    /** Remembers that Docker has called for something, by any thread. */
    void touch(final String name) {
        touchedNs.put(name, clock.nanoTime());
        needed = true;
        if (touchedNs.size() > MAX_TOUCHED) {
            forgetTouched();
        }
    }

    /**
     * Has Docker's lists read, unless they are fresh or there is nothing of Docker's. The stage is done when that was
     * tried, on any thread.
     */
    public CompletableFuture<Void> refresh() {
        if (!needed || clock.nanoTime() - readNs < FRESH_NS) {
            return CompletableFuture.completedFuture(null);
        }
        final CompletableFuture<DockerInventory> read = new CompletableFuture<>();
        final Thread reader = Thread.ofPlatform().daemon().name("docker-api").start(() -> {
            try {
                read.complete(docker.inventory());
            } catch (final IOException | RuntimeException ex) {
                read.completeExceptionally(ex);
            }
        });
        return read.orTimeout(TIMEOUT_MS, TimeUnit.MILLISECONDS).handle((found, failure) -> {
            if (failure != null) {
                reader.interrupt();
                LOG.debug("Docker does not answer at {}: {}", docker.socket(), failure.getMessage());
            }
            readNs = clock.nanoTime();
            control.execute(() -> take(found));
            return null;
        });
    }

    /** Null when Docker did not answer: what it has is then unknown, but names last. */
    private void take(final @Nullable DockerInventory found) {
        inventory = found;
        needed = hasDockers();
        if (found != null) {
            final Map<String, String> networks = new HashMap<>();
            for (final NetworkSpec spec : state.networks()) {
                final String name = spec.docker() == null ? null : found.networks().get(spec.docker().id());
                if (name != null) {
                    networks.put(spec.name(), name);
                }
            }
            final Map<String, String> endpoints = new HashMap<>();
            state.endpoints().stream().filter(EndpointSpec::ofDocker).forEach(spec -> {
                final String name = found.containers().get(spec.dockerId());
                if (name != null) {
                    endpoints.put(spec.name(), name);
                }
            });
            state.aliases(new Aliases(networks, endpoints));
        }
        forgetTouched();
    }

    private void forgetTouched() {
        final long now = clock.nanoTime();
        touchedNs.values().removeIf(at -> now - at > ENDPOINT_SETTLED_NS);
    }

    private boolean hasDockers() {
        return state.networks().stream().anyMatch(NetworkSpec::ofDocker) || !state.pools().isEmpty();
    }

    /** Whether there is anything of Docker's to ask about. */
    boolean isNeeded() {
        return needed;
    }

    /** Whether Docker has answered when it was last asked. */
    public boolean answers() {
        return inventory != null;
    }

    /** Where Docker is asked. */
    public Path api() {
        return docker.socket();
    }

    /** The things that Docker has forgotten; none while it does not answer. */
    public Forgotten forgotten() {
        final Forgotten all =
            new Forgotten(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        final DockerInventory known = inventory;
        if (known != null) {
            state.endpoints().stream()
                .filter(spec -> spec.ofDocker() && !known.containers().containsKey(spec.dockerId()))
                .filter(spec -> isSettled(spec.name(), ENDPOINT_SETTLED_NS)).forEach(all.endpoints()::add);
            state.networks().stream()
                .filter(spec -> spec.docker() != null && !known.networks().containsKey(spec.docker().id()))
                .filter(spec -> isSettled(spec.name(), SETTLED_NS)).forEach(all.networks()::add);
            // The lists of this host lack the subnets of a global space that swarm's other hosts use.
            state.pools().stream().filter(pool -> pool.id().startsWith(IpamDriver.LOCAL_SPACE + "/"))
                .filter(pool -> isSettled(pool.id(), SETTLED_NS)).forEach(pool -> findForgotten(pool, known, all));
        }
        return all;
    }

    private void findForgotten(final PoolSpec pool, final DockerInventory known, final Forgotten all) {
        if (!known.subnets().contains(pool.subnet())) {
            all.pools().add(pool);
            return;
        }
        pool.leases().stream()
            .filter(address -> !known.addresses().contains(address) && !pool.gateways().contains(address))
            .forEach(address -> all.leases().add(new Forgotten.Lease(pool.id(), address)));
    }

    private boolean isSettled(final String name, final long afterNs) {
        final Long at = touchedNs.get(name);
        return at == null || clock.nanoTime() - at > afterNs;
    }
}
