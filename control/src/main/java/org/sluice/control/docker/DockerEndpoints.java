package org.sluice.control.docker;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.ControlThread;
import org.sluice.control.host.LinkPlumber;
import org.sluice.control.ipam.MacAllocator;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.PortSpec;
import org.sluice.control.model.StateStore;
import org.sluice.control.network.EndpointManager;
import org.sluice.control.network.PortMapManager;
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
 * is done on the caller's thread; the state and the tables change on the control thread. What is looked up by a
 * supplier is looked up there. An answer waits for the disk where a daemon that comes after this one must know:
 * once a container has an interface, or ports, and once its endpoint is no more. What leads up to that goes to the disk
 * with it.
 */
final class DockerEndpoints {
    private static final Logger LOG = LoggerFactory.getLogger(DockerEndpoints.class);
    /** With the twelve characters of the id, the longest name there can be is 15. */
    private static final String INTERFACE_PREFIX = "sl-";

    private static final long MOVE_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long MOVE_PERIOD_MS = 5;

    private final ControlThread control;
    private final DesiredState state;
    private final StateStore store;
    private final EndpointManager endpoints;
    private final PortMapManager portMaps;
    private final DockerWatch watch;

    DockerEndpoints(final ControlThread control, final DesiredState state, final StateStore store,
                    final EndpointManager endpoints, final PortMapManager portMaps, final DockerWatch watch) {
        this.control = control;
        this.state = state;
        this.store = store;
        this.endpoints = endpoints;
        this.portMaps = portMaps;
        this.watch = watch;
    }

    /**
     * Makes an endpoint, without an interface.
     *
     * @param ips at most one address of each subnet; others are chosen.
     * @param mac or null.
     * @throws ControlException when there is one of the id already, or an address is not to be had.
     */
    EndpointSpec create(final Supplier<NetworkSpec> network, final String id, final List<String> ips,
                        final String mac) {
        final String name = DockerId.nameOf("EndpointID", id);
        watch.touch(name);
        return control.call(() -> {
            final NetworkSpec of = network.get();
            if (state.hasEndpoint(name)) {
                throw ControlException.conflict("there is an endpoint " + name + " already");
            }
            if (mac != null) {
                MacAllocator.parse(mac);
            }
            final List<InetAddress> addresses = ips.stream().map(IpPrefix::parseAddress).toList();
            state.endpointsOf(of.name()).stream().filter(other -> other.ofDocker()
                && !Collections.disjoint(other.addresses(), addresses)).forEach(this::endStale);
            final EndpointSpec reserved = endpoints.reserve(new EndpointManager.Reservation(of.name(), name, null, 0,
                INTERFACE_PREFIX + name, ips, mac, id));
            store.stage(state);
            return reserved;
        });
    }

    /** Docker has given its address to another: it has lost sight of it, as when one of us two died half-way. */
    private void endStale(final EndpointSpec stale) {
        LOG.warn("the endpoint {} is stale: Docker has given its address to another endpoint", stale.name());
        endNow(stale);
    }

    /** Ends an endpoint on the control thread; the caller saves the state. */
    void endNow(final EndpointSpec spec) {
        end(spec).ifPresent(LinkPlumber::destroySoon);
    }

    /**
     * Makes the interface for a container and plugs it in; Docker moves it.
     *
     * @throws ControlException when a container has joined already, or the system refuses.
     */
    EndpointSpec join(final Supplier<EndpointSpec> wanted, final String sandboxKey) {
        final LinkPlumber.LinkSpec link = control.call(() -> {
            final EndpointSpec spec = requireNotJoined(wanted.get());
            watch.touch(spec.name());
            return endpoints.linkOf(spec);
        });
        // Another call that makes it at the same time fails here: the name is taken.
        final TapDevice device = LinkPlumber.handOver(link);
        final EndpointSpec joined;
        try {
            joined = control.call(() -> {
                final EndpointSpec now = requireNotJoined(wanted.get()).withNetns(sandboxKey);
                device.persistent(true);
                endpoints.plug(now, device);
                state.put(now);
                store.stage(state);
                return now;
            });
        } catch (final RuntimeException ex) {
            LinkPlumber.destroy(device);
            throw ex;
        }
        commitOr(() -> leave(wanted));
        Thread.ofPlatform().daemon().name("finish " + joined.name()).start(() -> finishOnceMoved(joined));
        return joined;
    }

    /**
     * Docker moves the interface some time after this call, and tells nobody. What is to be done then comes before the
     * container's first packet; should Docker take longer than it ever does, it is left undone.
     */
    private static void finishOnceMoved(final EndpointSpec spec) {
        final long deadlineNs = System.nanoTime() + MOVE_TIMEOUT_NS;
        try {
            while (LinkPlumber.isInHost(spec.ifname())) {
                if (System.nanoTime() - deadlineNs > 0) {
                    return;
                }
                Thread.sleep(MOVE_PERIOD_MS);
            }
            try (NetNamespace sandbox = NetNamespace.open(Path.of(spec.netns()))) {
                LinkPlumber.finishMoved(sandbox, MacAddress.parse(spec.mac()));
            }
        } catch (final NativeException | NamespaceException ex) {
            LOG.debug("the container of {} has gone already", spec.name(), ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private static EndpointSpec requireNotJoined(final EndpointSpec spec) {
        if (spec.netns() != null) {
            throw ControlException.conflict("the endpoint " + spec.name() + " belongs to the sandbox "
                + spec.netns() + " already");
        }
        return spec;
    }

    /**
     * Publishes ports of a joined endpoint; those that are published already stay as they are.
     *
     * @param ports what is to be published.
     * @throws ControlException when one is taken; what was published before stays.
     */
    void publish(final Supplier<EndpointSpec> wanted, final Function<EndpointSpec, List<PortSpec>> ports) {
        final boolean changed = control.call(() -> {
            final EndpointSpec spec = wanted.get();
            watch.touch(spec.name());
            if (spec.netns() == null) {
                throw ControlException.conflict("no container has joined the endpoint " + spec.name());
            }
            final List<PortSpec> missing = ports.apply(spec).stream()
                .filter(port -> !portMaps.isPublished(spec, port)).toList();
            if (!missing.isEmpty()) {
                // Newer engines give a container one gateway for each family, and tell only the second one of it.
                state.endpoints().stream().filter(other -> spec.netns().equals(other.netns())
                    && !other.equals(spec)).forEach(portMaps::narrow);
                portMaps.publish(spec, missing);
                store.stage(state);
            }
            return !missing.isEmpty();
        });
        if (changed) {
            commitOr(() -> unpublish(wanted));
        }
    }

    /** Takes an endpoint's ports back; connections that came by them end. */
    void unpublish(final Supplier<EndpointSpec> wanted) {
        control.run(() -> {
            portMaps.withdraw(wanted.get());
            store.stage(state);
        });
    }

    /** Ends the interface; a container may join again. */
    void leave(final Supplier<EndpointSpec> wanted) {
        final Optional<TapDevice> device = control.call(() -> {
            final EndpointSpec spec = wanted.get();
            if (spec.netns() == null) {
                throw ControlException.conflict("no container has joined the endpoint " + spec.name());
            }
            return unplug(spec);
        });
        device.ifPresent(LinkPlumber::destroySoon);
    }

    private Optional<TapDevice> unplug(final EndpointSpec spec) {
        portMaps.withdraw(spec);
        final Optional<TapDevice> device = endpoints.unplug(spec);
        if (device.isEmpty()) {
            // It could not be restored; if it is back in the host, it goes here.
            LinkPlumber.takeUpHandedOver(endpoints.linkOf(spec)).ifPresent(LinkPlumber::destroySoon);
        }
        state.put(spec.withNetns(null));
        store.stage(state);
        return device;
    }

    /** Ends an endpoint, also one that a container has not left. */
    void delete(final Supplier<EndpointSpec> wanted) {
        final Optional<TapDevice> device = control.call(() -> end(wanted.get()));
        device.ifPresent(LinkPlumber::destroySoon);
        store.commit();
    }

    private Optional<TapDevice> end(final EndpointSpec spec) {
        final Optional<TapDevice> left = spec.netns() == null ? Optional.empty() : unplug(spec);
        endpoints.forget(spec);
        store.stage(state);
        return left;
    }

    /** Saves what has changed; where that fails, takes it back. */
    private void commitOr(final Runnable undo) {
        try {
            store.commit();
        } catch (final RuntimeException ex) {
            try {
                undo.run();
            } catch (final RuntimeException second) {
                LOG.error("cannot undo a change that could not be saved", second);
            }
            throw ex;
        }
    }
}
