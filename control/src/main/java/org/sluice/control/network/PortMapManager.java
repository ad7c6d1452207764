package org.sluice.control.network;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.Undo;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.HostSockets;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.PortMapSpec;
import org.sluice.control.model.PortSpec;
import org.sluice.control.model.Protocols;
import org.sluice.control.model.StateStore;
import org.sluice.control.proxy.HostProxy;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.protocol.IpAddress;

/** Publishes endpoints' ports on the host's addresses and takes them back. Owned by the control thread. */
public final class PortMapManager {
    /** The kernel's own first port for connections that name none. */
    private static final int FIRST_FREE_PORT = 32_768;
    private static final int MAX_PORT = 65_535;

    private final DesiredState state;
    private final StateStore store;
    private final SwitchEngine engine;
    private final EndpointManager endpoints;
    private final UplinkManager uplinks;
    private final HostProxy proxy;
    private final NatPorts natPorts;

    public PortMapManager(final DesiredState state, final StateStore store, final SwitchEngine engine,
                          final EndpointManager endpoints, final UplinkManager uplinks, final HostProxy proxy,
                          final NatPorts natPorts) {
        this.state = state;
        this.store = store;
        this.engine = engine;
        this.endpoints = endpoints;
        this.uplinks = uplinks;
        this.proxy = proxy;
        this.natPorts = natPorts;
    }

    /**
     * Publishes ports of an endpoint: all of them or none.
     *
     * @param specs as {@link PortSpec} reads them.
     * @return what was published, with the ports that were chosen.
     * @throws ControlException when one is not understood, or is taken.
     */
    public List<PortMapSpec> publish(final String endpointName, final List<String> specs) {
        if (specs == null || specs.isEmpty()) {
            throw ControlException.invalid("which ports? name at least one, such as 8080:80");
        }
        final EndpointSpec endpoint = state.endpoint(endpointName);
        final List<PortMapSpec> published = publish(endpoint, specs.stream().map(PortSpec::parse).toList());
        try {
            store.save(state);
        } catch (final RuntimeException ex) {
            published.forEach(map -> withdraw(endpoint, map));
            store.stage(state);
            throw ex;
        }
        return published;
    }

    /**
     * The same; the caller saves the state.
     *
     * @throws ControlException when one is taken.
     */
    public List<PortMapSpec> publish(final EndpointSpec endpoint, final List<PortSpec> wanted) {
        if (state.network(endpoint.network()).internal()) {
            throw ControlException.invalid("endpoint \"" + endpoint.name() + "\" is on the internal network \""
                + endpoint.network() + "\": its ports cannot be published");
        }
        final HostSockets sockets = HostSockets.read();
        final List<PortMapSpec> published = new ArrayList<>();
        try (Undo undo = new Undo()) {
            for (final PortSpec spec : wanted) {
                final PortMapSpec map = choose(endpoint, spec, sockets);
                program(endpoint, map, sockets, undo);
                state.put(map);
                undo.add(() -> state.remove(map));
                published.add(map);
            }
            undo.commit();
        }
        return published;
    }

    /**
     * Takes published ports of an endpoint back; connections that came by them end.
     *
     * @param specs as they were published, or none for all.
     * @throws ControlException when one is not published.
     */
    public List<PortMapSpec> unpublish(final String endpointName, final List<String> specs) {
        final EndpointSpec endpoint = state.endpoint(endpointName);
        final Collection<PortMapSpec> all = state.portMapsOf(endpoint.name());
        final List<PortMapSpec> gone = specs == null || specs.isEmpty() ? List.copyOf(all)
            : specs.stream().map(PortSpec::parse).map(spec -> find(all, spec, endpoint.name())).toList();
        gone.forEach(state::remove);
        try {
            store.save(state);
        } catch (final RuntimeException ex) {
            gone.forEach(state::put);
            store.stage(state);
            throw ex;
        }
        gone.forEach(map -> unprogram(endpoint, map));
        engine.flushUnpublished();
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
            engine.flushUnpublished();
        }
    }

    private void withdraw(final EndpointSpec endpoint, final PortMapSpec map) {
        unprogram(endpoint, map);
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
            try (Undo undo = new Undo()) {
                program(endpoint, narrower, sockets, undo);
                undo.commit();
            }
            state.put(narrower);
        }
    }

    /** Programs what was saved, for the endpoints that are up. */
    public void restore() {
        final HostSockets sockets = HostSockets.read();
        for (final PortMapSpec map : state.portMaps()) {
            final EndpointSpec endpoint = state.endpoint(map.endpoint());
            try (Undo undo = new Undo()) {
                program(endpoint, map, sockets, undo);
                undo.commit();
            }
        }
    }

    private PortMapSpec choose(final EndpointSpec endpoint, final PortSpec spec, final HostSockets sockets) {
        requireFamily(endpoint, spec.hostAddress());
        if (spec.hostFirst() != 0 && spec.hostLast() - spec.hostFirst() + 1 == spec.size()) {
            final PortMapSpec map = mapAt(endpoint, spec, spec.hostFirst());
            final Optional<String> taken = takenBy(map, sockets);
            if (taken.isPresent()) {
                throw ControlException.conflict("cannot publish " + map + ": " + taken.get());
            }
            return map;
        }
        final int first = spec.hostFirst() == 0 ? FIRST_FREE_PORT : spec.hostFirst();
        final int last = spec.hostFirst() == 0 ? Math.max(FIRST_FREE_PORT, lastFreePort()) : spec.hostLast();
        for (int port = first; port + spec.size() - 1 <= last; port++) {
            final PortMapSpec map = mapAt(endpoint, spec, port);
            if (takenBy(map, sockets).isEmpty()) {
                return map;
            }
        }
        throw ControlException.conflict("no host port from " + first + " to " + last + " is free for "
            + PortMapSpec.range(spec.endpointFirst(), spec.endpointLast()) + "/" + Protocols.name(spec.protocol()));
    }

    /** What we choose leaves the ports alone that connections are masqueraded with. */
    private int lastFreePort() {
        return natPorts.first() > FIRST_FREE_PORT ? natPorts.first() - 1 : MAX_PORT;
    }

    private static PortMapSpec mapAt(final EndpointSpec endpoint, final PortSpec spec, final int hostFirst) {
        return new PortMapSpec(endpoint.name(), spec.protocol(), spec.hostAddress(), hostFirst,
            hostFirst + spec.size() - 1, spec.endpointFirst());
    }

    private Optional<String> takenBy(final PortMapSpec map, final HostSockets sockets) {
        Optional<PortMapSpec> other = state.clashing(map);
        while (other.isPresent() && endpoints.isStale(state.endpoint(other.get().endpoint()))) {
            state.remove(other.get());
            other = state.clashing(map);
        }
        if (other.isPresent()) {
            return Optional.of("endpoint \"" + other.get().endpoint() + "\" has " + other.get());
        }
        return sockets.find(map.protocol(), map.hostAddress(), map.hostFirst(), map.hostLast())
            .map(listener -> HostSockets.processOf(listener) + " of the host listens on port " + listener.port()
                + "/" + Protocols.name(map.protocol()) + "; stop it, or choose another port");
    }

    private static void requireFamily(final EndpointSpec endpoint, final InetAddress hostAddress) {
        if (hostAddress != null && endpoint.addresses().stream().noneMatch(own -> isSameFamily(own, hostAddress))) {
            throw ControlException.invalid("endpoint \"" + endpoint.name() + "\" has no "
                + (hostAddress instanceof Inet4Address ? "IPv4" : "IPv6") + " address for packets to "
                + hostAddress.getHostAddress());
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

    /** One map for each family that the endpoint and the host's address have. */
    private void program(final EndpointSpec endpoint, final PortMapSpec map, final HostSockets sockets,
                         final Undo undo) {
        final Optional<SwitchEngine.PortHandle> port = endpoints.port(endpoint.name());
        if (port.isEmpty()) {
            return; // it is gone; when it comes back it is attached anew
        }
        final int owner = port.get().workerIndex();
        for (final InetAddress address : addressesFor(endpoint, map)) {
            final PortMap known = portMap(map, address);
            for (int worker = 0; worker < engine.workerCount(); worker++) {
                final int current = worker;
                engine.execute(worker, new Command.AddPortMap(known), "publish " + map);
                undo.add(() -> engine.execute(current, new Command.RemovePortMap(known), "take " + map + " back"));
            }
            uplinks.publish(owner, known, sockets);
            undo.add(() -> uplinks.unpublish(owner, known));
        }
        proxy.publish(map, endpoint.addresses());
        undo.add(() -> proxy.unpublish(map));
    }

    private void unprogram(final EndpointSpec endpoint, final PortMapSpec map) {
        final Optional<SwitchEngine.PortHandle> port = endpoints.port(endpoint.name());
        if (port.isEmpty()) {
            return;
        }
        // It is gone from the state: a step that fails must not keep the others from being taken.
        try (Undo steps = new Undo()) {
            steps.add(() -> proxy.unpublish(map));
            for (final InetAddress address : addressesFor(endpoint, map)) {
                final PortMap known = portMap(map, address);
                for (int worker = 0; worker < engine.workerCount(); worker++) {
                    final int current = worker;
                    steps.add(
                        () -> engine.execute(current, new Command.RemovePortMap(known), "take " + map + " back"));
                }
                steps.add(() -> uplinks.unpublish(port.get().workerIndex(), known));
            }
        }
    }

    private static List<InetAddress> addressesFor(final EndpointSpec endpoint, final PortMapSpec map) {
        return endpoint.addresses().stream().filter(map::servesFamilyOf).toList();
    }

    private static boolean isSameFamily(final InetAddress one, final InetAddress other) {
        return one instanceof Inet4Address == other instanceof Inet4Address;
    }

    private static PortMap portMap(final PortMapSpec map, final InetAddress endpoint) {
        final InetAddress host = map.forOneAddress() ? map.hostAddress() : null;
        return new PortMap(map.protocol(), endpoint instanceof Inet4Address, IpAddress.high(host), IpAddress.low(host),
            map.hostFirst(), map.hostLast(), IpAddress.high(endpoint), IpAddress.low(endpoint), map.endpointFirst());
    }
}
