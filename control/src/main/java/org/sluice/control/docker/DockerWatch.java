package org.sluice.control.docker;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.http.UnixHttpClient;
import org.sluice.control.model.Aliases;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.PoolSpec;

/**
 * Asks Docker's API what it has, before people look: for the names that Docker never tells its drivers, and for what
 * Docker has forgotten. It is never asked on the control thread, for it may itself wait for us; when it does not answer
 * in time, people see what was known before. Owned by the control thread but for {@link #refresh}.
 */
public final class DockerWatch {
    private static final Logger LOG = LoggerFactory.getLogger(DockerWatch.class);
    private static final long TIMEOUT_MS = 2000;
    private static final long FRESH_NS = TimeUnit.SECONDS.toNanos(1);
    /** What Docker has just asked for may not be in its own lists yet. */
    private static final long SETTLED_NS = TimeUnit.SECONDS.toNanos(10);
    /** A container is in its list once it has started; volumes and much else may take their time. */
    private static final long ENDPOINT_SETTLED_NS = TimeUnit.MINUTES.toNanos(2);
    private static final int MAX_TOUCHED = 4096;

    private final JsonMapper json = JsonMapper.builder().build();
    private final Path api;
    private final DesiredState state;
    private final Executor control;
    /** When Docker last called for a network, endpoint or pool, by our name. */
    private final Map<String, Long> touchedNs = new ConcurrentHashMap<>();
    private volatile long readNs = System.nanoTime() - FRESH_NS;
    private volatile boolean needed;
    private DockerInventory inventory;

    /** An address of a pool. */
    public record Lease(String pool, InetAddress address) {
    }

    /** What is ours, and Docker knows nothing of it. */
    public record Forgotten(List<EndpointSpec> endpoints, List<NetworkSpec> networks, List<PoolSpec> pools,
                            List<Lease> leases) {
        /** For people. */
        public List<String> toSentences() {
            final List<String> sentences = new ArrayList<>();
            endpoints.forEach(spec -> sentences.add("Docker has forgotten the endpoint " + spec.name()));
            networks.forEach(spec -> sentences.add("Docker has forgotten the network " + spec.name()));
            pools.forEach(spec -> sentences.add("Docker has forgotten the address pool " + spec.id()));
            leases.forEach(lease -> sentences.add("Docker has forgotten the address "
                + IpPrefix.format(lease.address()) + " of the pool " + lease.pool()));
            return sentences.stream().map(sentence -> sentence + "; remove it with: sluice prune").toList();
        }
    }

    /**
     * @param api     Docker's socket.
     * @param control the control thread.
     */
    DockerWatch(final Path api, final DesiredState state, final Executor control) {
        this.api = api;
        this.state = state;
        this.control = control;
        needed = hasDockers();
    }

    /** Remembers that Docker has called for something, by any thread. */
    void touch(final String name) {
        touchedNs.put(name, System.nanoTime());
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
        if (!needed || System.nanoTime() - readNs < FRESH_NS) {
            return CompletableFuture.completedFuture(null);
        }
        final CompletableFuture<DockerInventory> read = new CompletableFuture<>();
        final Thread reader = Thread.ofPlatform().daemon().name("docker-api").start(() -> {
            try {
                read.complete(DockerInventory.read(get("/networks"), get("/containers/json?all=1")));
            } catch (final IOException | RuntimeException ex) {
                read.completeExceptionally(ex);
            }
        });
        return read.orTimeout(TIMEOUT_MS, TimeUnit.MILLISECONDS).handle((found, failure) -> {
            if (failure != null) {
                reader.interrupt();
                LOG.debug("Docker does not answer at {}: {}", api, failure.getMessage());
            }
            readNs = System.nanoTime();
            control.execute(() -> take(found));
            return null;
        });
    }

    private JsonNode get(final String target) throws IOException {
        final UnixHttpClient.Answer answer = UnixHttpClient.call(api, "GET", target, new byte[0]);
        if (!answer.isSuccess()) {
            throw new IOException("Docker answers " + target + " with " + answer.statusLine());
        }
        return json.readTree(answer.body());
    }

    /** Null when Docker did not answer: what it has is then unknown, but names last. */
    private void take(final DockerInventory found) {
        inventory = found;
        needed = hasDockers();
        if (found != null) {
            final Map<String, String> networks = new HashMap<>();
            state.networks().stream().filter(NetworkSpec::ofDocker).forEach(spec -> {
                final String name = found.networks().get(spec.docker().id());
                if (name != null) {
                    networks.put(spec.name(), name);
                }
            });
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
        final long now = System.nanoTime();
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
        return api;
    }

    /** What Docker has forgotten; nothing while it does not answer. */
    public Forgotten forgotten() {
        final Forgotten all =
            new Forgotten(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        if (inventory != null) {
            state.endpoints().stream()
                .filter(spec -> spec.ofDocker() && !inventory.containers().containsKey(spec.dockerId()))
                .filter(spec -> isSettled(spec.name(), ENDPOINT_SETTLED_NS)).forEach(all.endpoints()::add);
            state.networks().stream()
                .filter(spec -> spec.ofDocker() && !inventory.networks().containsKey(spec.docker().id()))
                .filter(spec -> isSettled(spec.name(), SETTLED_NS)).forEach(all.networks()::add);
            // What swarm's other hosts have of a global space is in no list of this one's.
            state.pools().stream().filter(pool -> pool.id().startsWith(IpamDriver.LOCAL_SPACE + "/"))
                .filter(pool -> isSettled(pool.id(), SETTLED_NS)).forEach(pool -> findForgotten(pool, all));
        }
        return all;
    }

    private void findForgotten(final PoolSpec pool, final Forgotten all) {
        if (!inventory.subnets().contains(pool.subnet())) {
            all.pools().add(pool);
            return;
        }
        pool.leases().stream()
            .filter(address -> !inventory.addresses().contains(address) && !pool.gateways().contains(address))
            .forEach(address -> all.leases().add(new Lease(pool.id(), address)));
    }

    private boolean isSettled(final String name, final long afterNs) {
        final Long at = touchedNs.get(name);
        return at == null || System.nanoTime() - at > afterNs;
    }
}
