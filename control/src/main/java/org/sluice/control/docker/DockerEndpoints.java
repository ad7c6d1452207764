package org.sluice.control.docker;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.ControlThread;
import org.sluice.control.base.Undo;
import org.sluice.control.host.LinkPlumber;
import org.sluice.control.ipam.MacAllocator;
import org.sluice.control.model.Change;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.PortSpec;
import org.sluice.control.model.StateStore;
import org.sluice.control.network.EndpointLinks;
import org.sluice.control.network.EndpointManager;
import org.sluice.control.network.LiveEndpoints;
import org.sluice.control.network.Networking;
import org.sluice.control.network.PortMapManager;
import org.sluice.control.network.Reservation;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.linux.device.TapDevice;
import org.sluice.linux.sys.NamespaceException;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.NetNamespace;

/**
 * The endpoints of Docker's containers, from their making to their end. An endpoint is made, with addresses; a
 * container joins it: then there is an interface, which Docker moves into the container; its ports are published and
 * taken back; the container leaves, and Docker has moved the interface back; the endpoint is deleted.
 * <p>
 * Called by many threads at once, a container's calls one after the other. What takes time, the kernel and the disk,
 * is done on the caller's thread; the state and the tables change on the control thread. An answer waits for the disk
 * where a daemon that comes after this one must know: once a container has an interface, or ports, and once its
 * endpoint is no more. What leads up to that goes to the disk with it.
 */
final class DockerEndpoints {
    private static final Logger LOG = LoggerFactory.getLogger(DockerEndpoints.class);
    /** With the twelve characters of the id, the longest name there can be is 15. */
    private static final String INTERFACE_PREFIX = "sl-";

    private static final long MOVE_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long MOVE_PERIOD_MS = 5;

    private final ControlThread control;
    private final StateStore store;
    private final DesiredState state;
    private final EndpointManager endpoints;
    private final LiveEndpoints live;
    private final PortMapManager portMaps;
    private final DockerLookup lookup;
    private final DockerWatch watch;
    private final NanoClock clock;

    DockerEndpoints(final ControlThread control, final StateStore store, final Networking networking,
                    final DockerWatch watch, final NanoClock clock) {
        this.control = control;
        this.store = store;
        state = store.state();
        endpoints = networking.endpoints();
        live = networking.liveEndpoints();
        portMaps = networking.portMaps();
        lookup = new DockerLookup(state);
        this.watch = watch;
        this.clock = clock;
    }

    /**
     * Makes an endpoint, without an interface.
     *
     * @param ips at most one address of each subnet; others are chosen.
     * @param mac or null for any.
     * @throws ControlException when there is one of the id already, or an address is not to be had.
     */
    DockerEndpoint create(final EndpointId id, final List<String> ips, final @Nullable String mac) {
        final String name = DockerId.nameOf("EndpointID", id.endpoint());
        watch.touch(name);
        return control.call(() -> {
            final NetworkSpec network = lookup.network(id.network());
            if (state.hasEndpoint(name)) {
                throw ControlException.conflict("there is an endpoint " + name + " already");
            }
            if (mac != null) {
                MacAllocator.parse(mac);
            }
            final List<InetAddress> addresses = ips.stream().map(IpPrefix::parseAddress).toList();
            state.endpointsOf(network.name()).stream().filter(other -> other.ofDocker()
                && !Collections.disjoint(other.addresses(), addresses)).forEach(this::endStale);
            final EndpointSpec reserved = endpoints.reserve(new Reservation(network.name(), name, null, 0,
                INTERFACE_PREFIX + name, ips, mac, id.endpoint()));
            store.stage();
            return new DockerEndpoint(network, reserved);
        });
    }

    /**
     * Makes sure that there is an endpoint.
     *
     * @throws ControlException when there is none with that id.
     */
    void require(final EndpointId id) {
        control.run(() -> lookup.endpoint(id));
    }

    /**
     * Docker has lost sight of this endpoint, as when it or the daemon died half-way: it has given its address away.
     */
    private void endStale(final EndpointSpec stale) {
        LOG.warn("the endpoint {} is stale: Docker has given its address to another endpoint", stale.name());
        endNow(stale);
    }

    /** Ends an endpoint; the caller saves the state. On the control thread. */
    void endNow(final EndpointSpec spec) {
        end(spec).ifPresent(LinkPlumber::destroySoon);
    }

    /**
     * Makes the interface for a container and plugs it in; Docker moves it. The kernel takes its time to make one, so
     * that is done between two visits to the control thread.
     *
     * @throws ControlException when a container has joined already, or the system refuses.
     */
    DockerEndpoint join(final EndpointId id, final String sandboxKey) {
        final LinkPlumber.LinkSpec link = control.call(() -> {
            final DockerEndpoint found = requireNotJoined(lookup.endpoint(id));
            watch.touch(found.spec().name());
            return EndpointLinks.linkOf(found.network(), found.spec());
        });
        // Another call that makes it at the same time fails here: the name is taken.
        final TapDevice device = LinkPlumber.handOver(link);
        final DockerEndpoint joined;
        try {
            joined = control.call(() -> plug(requireNotJoined(lookup.endpoint(id)), sandboxKey, device));
        } catch (final RuntimeException ex) {
            LinkPlumber.destroy(device);
            throw ex;
        }
        commitOr(() -> leave(id));
        Thread.ofPlatform().daemon().name("finish " + joined.spec().name())
            .start(() -> finishOnceMoved(joined.spec(), sandboxKey));
        return joined;
    }

    /** On the control thread. */
    private DockerEndpoint plug(final DockerEndpoint found, final String sandboxKey, final TapDevice device) {
        final EndpointSpec spec = found.spec().withNetns(sandboxKey);
        device.persistent(true);
        live.plug(spec, device);
        state.put(spec);
        store.stage();
        return new DockerEndpoint(found.network(), spec);
    }

    /**
     * Docker moves the interface some time after this call, and tells nobody. What is to be done then comes before the
     * container's first packet; should Docker take longer than it ever does, it is left undone.
     */
    private void finishOnceMoved(final EndpointSpec spec, final String sandboxKey) {
        final long deadlineNs = clock.nanoTime() + MOVE_TIMEOUT_NS;
        try {
            while (LinkPlumber.isInHost(spec.ifname())) {
                if (clock.nanoTime() - deadlineNs > 0) {
                    return;
                }
                Thread.sleep(MOVE_PERIOD_MS);
            }
            try (NetNamespace sandbox = NetNamespace.open(Path.of(sandboxKey))) {
                LinkPlumber.finishMoved(sandbox, MacAddress.parse(spec.mac()));
            }
        } catch (final NativeException | NamespaceException ex) {
            LOG.debug("the container of {} has gone already", spec.name(), ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private static DockerEndpoint requireNotJoined(final DockerEndpoint found) {
        final EndpointSpec spec = found.spec();
        if (spec.netns() != null) {
            throw ControlException.conflict("the endpoint " + spec.name() + " belongs to the sandbox "
                + spec.netns() + " already");
        }
        return found;
    }

    /**
     * Publishes ports of a joined endpoint; those that are published already stay as they are.
     *
     * @throws ControlException when one is taken; what was published before stays.
     */
    void publish(final EndpointId id, final PortBindings bindings) {
        final boolean changed = control.call(() -> publish(lookup.endpoint(id), bindings));
        if (changed) {
            commitOr(() -> unpublish(id));
        }
    }

    /** On the control thread. Returns whether anything has changed. */
    private boolean publish(final DockerEndpoint found, final PortBindings bindings) {
        watch.touch(found.spec().name());
        final EndpointSpec spec = requireJoined(found.spec());
        final List<PortSpec> missing = bindings.toSpecs(found).stream()
            .filter(port -> !portMaps.isPublished(spec, port)).toList();
        if (missing.isEmpty()) {
            return false;
        }
        try (Change change = store.change()) {
            // Newer engines give a container one gateway for each family, and tell only the second one of it.
            state.endpoints().stream().filter(other -> Objects.equals(spec.netns(), other.netns())
                && !other.equals(spec)).forEach(portMaps::narrow);
            portMaps.publish(spec, missing, change);
            change.stage();
        }
        return true;
    }

    /** Takes an endpoint's ports back; connections that came by them end. */
    void unpublish(final EndpointId id) {
        control.run(() -> {
            portMaps.withdraw(lookup.endpoint(id).spec());
            store.stage();
        });
    }

    /** Ends the interface; a container may join again. */
    void leave(final EndpointId id) {
        control.call(() -> unplug(requireJoined(lookup.endpoint(id).spec()))).ifPresent(LinkPlumber::destroySoon);
    }

    /** Ends an endpoint, also one that a container has not left. */
    void delete(final EndpointId id) {
        control.call(() -> end(lookup.endpoint(id).spec())).ifPresent(LinkPlumber::destroySoon);
        store.commit();
    }

    /** On the control thread. */
    private Optional<TapDevice> end(final EndpointSpec spec) {
        final Optional<TapDevice> left = spec.netns() == null ? Optional.empty() : unplug(spec);
        endpoints.forget(spec);
        store.stage();
        return left;
    }

    /** On the control thread. */
    private Optional<TapDevice> unplug(final EndpointSpec spec) {
        portMaps.withdraw(spec);
        final Optional<TapDevice> device = live.unplug(spec);
        if (device.isEmpty()) {
            // It could not be restored; if it is back in the host, it goes here.
            LinkPlumber.takeUpHandedOver(EndpointLinks.linkOf(state.network(spec.network()), spec))
                .ifPresent(LinkPlumber::destroySoon);
        }
        state.put(spec.withNetns(null));
        store.stage();
        return device;
    }

    private static EndpointSpec requireJoined(final EndpointSpec spec) {
        if (spec.netns() == null) {
            throw ControlException.conflict("no container has joined the endpoint " + spec.name());
        }
        return spec;
    }

    /** Saves what has changed; where that fails, takes it back. On the caller's thread: it waits for the disk. */
    private void commitOr(final Runnable step) {
        try (Undo undo = new Undo()) {
            undo.add(step);
            store.commit();
            undo.commit();
        }
    }
}
