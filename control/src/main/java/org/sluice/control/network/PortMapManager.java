package org.sluice.control.network;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.host.HostSockets;
import org.sluice.control.model.Change;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.PortMapSpec;
import org.sluice.control.model.PortSpec;
import org.sluice.control.model.StateStore;

/** Publishes endpoints' ports on the host's addresses and takes them back. Owned by the control thread. */
public final class PortMapManager {
    private static final Logger LOG = LoggerFactory.getLogger(PortMapManager.class);

    private final StateStore store;
    private final DesiredState state;
    private final HostPortChooser chooser;
    private final PortMapProgrammer programmer;

    PortMapManager(final StateStore store, final HostPortChooser chooser, final PortMapProgrammer programmer) {
        this.store = store;
        state = store.state();
        this.chooser = chooser;
        this.programmer = programmer;
    }

    /**
     * Publishes ports of an endpoint: all of them or none.
     *
     * @param specs as {@link PortSpec} reads them.
     * @return what was published, with the ports that were chosen.
     * @throws ControlException when one is not understood, or is taken.
     */
    public List<PortMapSpec> publish(final String endpointName, final @Nullable List<String> specs) {
        if (specs == null || specs.isEmpty()) {
            throw ControlException.invalid("which ports? name at least one, such as 8080:80");
        }
        final EndpointSpec endpoint = state.endpoint(endpointName);
        try (Change change = store.change()) {
            final List<PortMapSpec> published =
                publish(endpoint, specs.stream().map(PortSpec::parse).toList(), change);
            change.save();
            return published;
        }
    }

    /**
     * The same, as a part of a change.
     *
     * @throws ControlException when one is taken.
     */
    public List<PortMapSpec> publish(final EndpointSpec endpoint, final List<PortSpec> wanted,
                                     final Change change) {
        if (state.network(endpoint.network()).internal()) {
            throw ControlException.invalid("endpoint \"" + endpoint.name() + "\" is on the internal network \""
                + endpoint.network() + "\": its ports cannot be published");
        }
        final HostSockets sockets = HostSockets.read();
        final List<PortMapSpec> published = new ArrayList<>();
        for (final PortSpec spec : wanted) {
            final PortMapSpec map = chooser.choose(endpoint, spec, sockets);
            programmer.program(endpoint, map, sockets);
            change.undo(() -> programmer.unprogram(endpoint, map));
            state.put(map);
            change.undo(() -> state.remove(map));
            published.add(map);
        }
        return published;
    }

    /**
     * Takes published ports of an endpoint back; connections that came by them end.
     *
     * @param specs as they were published; none, or null, for all.
     * @throws ControlException when one is not published.
     */
    public List<PortMapSpec> unpublish(final String endpointName, final @Nullable List<String> specs) {
        final EndpointSpec endpoint = state.endpoint(endpointName);
        final Collection<PortMapSpec> all = state.portMapsOf(endpoint.name());
        final List<PortMapSpec> gone = specs == null || specs.isEmpty() ? List.copyOf(all)
            : specs.stream().map(PortSpec::parse).map(spec -> find(all, spec, endpoint.name())).toList();
        try (Change change = store.change()) {
            gone.forEach(state::remove);
            change.undo(() -> gone.forEach(state::put));
            change.save();
        }
        gone.forEach(map -> programmer.unprogram(endpoint, map));
        programmer.endConnections();
        return gone;
    }

    /**
     * Takes the ports of an endpoint back that is about to be detached; its connections end with it.
     *
     * @return what was published, no longer in the state.
     */
    List<PortMapSpec> forget(final EndpointSpec endpoint) {
        final List<PortMapSpec> gone = List.copyOf(state.portMapsOf(endpoint.name()));
        gone.forEach(map -> withdraw(endpoint, map));
        return gone;
    }

    /**
     * Takes all ports of an endpoint back, and ends the connections that came by them; the caller saves the state.
     */
    public void withdraw(final EndpointSpec endpoint) {
        if (!forget(endpoint).isEmpty()) {
            programmer.endConnections();
        }
    }

    private void withdraw(final EndpointSpec endpoint, final PortMapSpec map) {
        programmer.unprogram(endpoint, map);
        state.remove(map);
    }

    /**
     * Leaves the ports that an endpoint has on all of the host's addresses on those of its own family alone, if it has
     * but one: another endpoint of the same container serves the other. The caller saves the state.
     */
    public void narrow(final EndpointSpec endpoint) {
        final InetAddress own = endpoint.addresses().getFirst();
        final List<PortMapSpec> wide =
            state.portMapsOf(endpoint.name()).stream().filter(map -> map.hostAddress() == null).toList();
        if (wide.isEmpty() || !endpoint.addresses().stream().allMatch(address -> isSameFamily(address, own))) {
            return;
        }
        final HostSockets sockets = HostSockets.read();
        for (final PortMapSpec map : wide) {
            withdraw(endpoint, map);
            final PortMapSpec narrower = map.on(IpPrefix.of(own, 0).network());
            programmer.program(endpoint, narrower, sockets);
            state.put(narrower);
        }
    }

    /** Programs what was saved, for the endpoints that are up. One that cannot be is logged and stays in the state. */
    void restore() {
        final HostSockets sockets = HostSockets.read();
        for (final PortMapSpec map : state.portMaps()) {
            try {
                programmer.program(state.endpoint(map.endpoint()), map, sockets);
            } catch (final RuntimeException ex) {
                LOG.warn("port {} of endpoint {} is not published: {}", map, map.endpoint(), ex.getMessage());
            }
        }
    }

    /** Whether an endpoint's port is published as wanted. */
    public boolean isPublished(final EndpointSpec endpoint, final PortSpec wanted) {
        return state.portMapsOf(endpoint.name()).stream().anyMatch(map -> isAsWanted(map, wanted));
    }

    private static boolean isAsWanted(final PortMapSpec map, final PortSpec wanted) {
        return map.protocol() == wanted.protocol()
            && map.endpointFirst() == wanted.endpointFirst() && map.endpointLast() == wanted.endpointLast()
            && (wanted.hostFirst() == 0 || map.hostFirst() >= wanted.hostFirst() && map.hostLast() <= wanted.hostLast())
            && (wanted.hostAddress() == null || wanted.hostAddress().equals(map.hostAddress())
                || map.hostAddress() == null && wanted.hostAddress().isAnyLocalAddress());
    }

    private static PortMapSpec find(final Collection<PortMapSpec> all, final PortSpec wanted, final String endpoint) {
        return all.stream().filter(map -> isAsWanted(map, wanted)).findFirst()
            .orElseThrow(() -> ControlException.notFound("endpoint \"" + endpoint
                + "\" has no such port published; see: sluice port ls"));
    }

    private static boolean isSameFamily(final InetAddress one, final InetAddress other) {
        return one instanceof Inet4Address == other instanceof Inet4Address;
    }
}
