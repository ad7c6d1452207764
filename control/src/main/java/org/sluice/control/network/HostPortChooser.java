package org.sluice.control.network;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.host.HostSockets;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.PortMapSpec;
import org.sluice.control.model.PortSpec;
import org.sluice.control.model.Protocols;
import org.sluice.datapath.nat.NatPorts;

/**
 * Chooses the host's ports that an endpoint's ports are published on: those asked for, or any that are free. Owned by
 * the control thread.
 */
final class HostPortChooser {
    /** The kernel's own first port for connections that name none. */
    private static final int FIRST_FREE_PORT = 32_768;
    private static final int MAX_PORT = 65_535;

    private final DesiredState state;
    private final LiveEndpoints endpoints;
    private final NatPorts natPorts;

    HostPortChooser(final DesiredState state, final LiveEndpoints endpoints, final NatPorts natPorts) {
        this.state = state;
        this.endpoints = endpoints;
        this.natPorts = natPorts;
    }

    /**
     * Chooses.
     *
     * @param sockets of the host's: a port that a process listens on is taken.
     * @throws ControlException when the endpoint has no address of the wanted family, or no port is free.
     */
    PortMapSpec choose(final EndpointSpec endpoint, final PortSpec spec, final HostSockets sockets) {
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

    /** The switch chooses no port that it masquerades connections with. */
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

    private static void requireFamily(final EndpointSpec endpoint, final @Nullable InetAddress hostAddress) {
        if (hostAddress != null && endpoint.addresses().stream().noneMatch(own -> isSameFamily(own, hostAddress))) {
            throw ControlException.invalid("endpoint \"" + endpoint.name() + "\" has no "
                + (hostAddress instanceof Inet4Address ? "IPv4" : "IPv6") + " address for packets to "
                + hostAddress.getHostAddress());
        }
    }

    private static boolean isSameFamily(final InetAddress one, final InetAddress other) {
        return one instanceof Inet4Address == other instanceof Inet4Address;
    }
}
