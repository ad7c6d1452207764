package org.sluice.control.uplink;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.sluice.control.host.HostSockets;
import org.sluice.control.model.IpPrefix;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.linux.bpf.Steering;

/**
 * One worker's part of the kernel's steering: its share of the NAT ports, the ports that its endpoints publish, and
 * the networks that are routed as they are; on each of the host's addresses. The kernel's part is made when the first
 * uplink needs it. Owned by the control thread.
 */
final class PortSteering implements AutoCloseable {
    private final NatPorts natPorts;
    /** In the order of their importance. */
    private final Set<InetAddress> addresses = new LinkedHashSet<>();
    private final List<PortMap> maps = new ArrayList<>();
    private final Set<IpPrefix> prefixes = new HashSet<>();
    /** Guarded by this, for the lease; otherwise the control thread's. */
    private @Nullable Steering steering;

    PortSteering(final NatPorts natPorts) {
        this.natPorts = natPorts;
    }

    /** The kernel's part, made if need be. */
    Steering open() {
        if (steering != null) {
            return steering;
        }
        final Steering opened = new Steering(natPorts.first(), natPorts.last());
        synchronized (this) {
            steering = opened;
        }
        final HostSockets sockets = HostSockets.read();
        maps.forEach(map -> spare(map, sockets));
        // Those without room are offered again.
        addresses.removeIf(address -> !program(opened, address));
        prefixes.forEach(prefix -> opened.addPrefix(prefix.network(), prefix.length()));
        return opened;
    }

    /** Keeps frames taken from the host for some time more. By any thread. */
    synchronized void renewLease() {
        if (steering != null) {
            steering.renewLease();
        }
    }

    /** Returns the addresses that could not be taken, for there are too many; they are tried again the next time. */
    List<InetAddress> addresses(final Set<InetAddress> wanted) {
        final List<InetAddress> refused = new ArrayList<>();
        for (final InetAddress gone : addresses.stream().filter(a -> !wanted.contains(a)).toList()) {
            addresses.remove(gone);
            if (steering != null) {
                steering.removeAddress(gone);
            }
        }
        for (final InetAddress address : wanted) {
            if (!addresses.contains(address)) {
                if (steering == null || program(steering, address)) {
                    addresses.add(address);
                } else {
                    refused.add(address);
                }
            }
        }
        return refused;
    }

    void publish(final PortMap map, final HostSockets sockets) {
        maps.add(map);
        spare(map, sockets);
        addresses.forEach(address -> set(address, map, true));
    }

    void unpublish(final PortMap map) {
        maps.remove(map);
        addresses.forEach(address -> set(address, map, false));
    }

    /** Leaves connections of the host's alone that use a port of the map. */
    private void spare(final PortMap map, final HostSockets sockets) {
        final Steering kernel = steering;
        if (kernel != null) {
            sockets.flows(map.protocol(), map.hostFirst(), map.hostLast())
                .forEach(flow -> kernel.leaveToHost(map.protocol(), flow.remote(), flow.local()));
        }
    }

    void route(final IpPrefix prefix) {
        if (prefixes.add(prefix) && steering != null) {
            steering.addPrefix(prefix.network(), prefix.length());
        }
    }

    void unroute(final IpPrefix prefix) {
        if (prefixes.remove(prefix) && steering != null) {
            steering.removePrefix(prefix.network(), prefix.length());
        }
    }

    @Override
    public synchronized void close() {
        if (steering != null) {
            steering.close();
            steering = null;
        }
    }

    private boolean program(final Steering kernel, final InetAddress address) {
        if (!kernel.addAddress(address)) {
            return false;
        }
        maps.forEach(map -> set(address, map, true));
        return true;
    }

    private void set(final InetAddress address, final PortMap map, final boolean on) {
        final boolean meant = map.isForAllAddresses() ? address instanceof Inet4Address == map.ipv4()
            : IpAddress.high(address) == map.hostHigh() && IpAddress.low(address) == map.hostLow();
        if (steering != null && meant) {
            steering.set(address, Steering.indexOf(map.protocol()), map.hostFirst(), map.hostLast(), on);
        }
    }
}
