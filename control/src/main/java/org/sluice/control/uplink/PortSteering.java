package org.sluice.control.uplink;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.HostSockets;
import org.sluice.control.model.IpPrefix;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.ClaimedTuples;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.linux.bpf.Steering;
import org.sluice.linux.sys.NativeException;

/**
 * One worker's part of the kernel's steering: the answers that it awaits, the ports that its endpoints publish, on the
 * host's addresses, and the networks that are routed as they are. The kernel's part is made when the first
 * uplink needs it. Owned by the control thread.
 */
final class PortSteering implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PortSteering.class);
    private static final InetAddress ANY_IPV4 = InetAddress.ofLiteral("0.0.0.0");
    private static final InetAddress ANY_IPV6 = InetAddress.ofLiteral("::");

    private final SwitchEngine engine;
    private final int worker;
    private final int claimBits;
    /** In the order of their importance. */
    private final Set<InetAddress> addresses = new LinkedHashSet<>();
    private final List<PortMap> maps = new ArrayList<>();
    private final Set<IpPrefix> prefixes = new HashSet<>();
    /** Guarded by this, for the lease; otherwise the control thread's. */
    private @Nullable Steering steering;

    PortSteering(final SwitchEngine engine, final int worker) {
        this.engine = engine;
        this.worker = worker;
        claimBits = ClaimedTuples.bucketBits(engine.connectionCapacity());
    }

    /** The kernel's part, made if need be: it knows all that is ours before any interface has it. */
    Steering open() {
        if (steering != null) {
            return steering;
        }
        final Steering opened = new Steering(claimBits);
        try {
            // Those without room are offered again.
            addresses.removeIf(address -> !isAdded(opened, address));
            prefixes.forEach(prefix -> opened.addPrefix(prefix.network(), prefix.length()));
            maps.forEach(map -> set(opened, map, true));
            engine.execute(worker, opened.claim(), "have the worker tell which answers it awaits");
        } catch (final RuntimeException ex) {
            opened.close();
            throw ex;
        }
        synchronized (this) {
            steering = opened;
        }
        final HostSockets sockets = HostSockets.read();
        maps.forEach(map -> spare(map, sockets));
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
                if (steering == null || isAdded(steering, address)) {
                    addresses.add(address);
                } else {
                    refused.add(address);
                }
            }
        }
        return refused;
    }

    /**
     * Steers the ports of a map from now on.
     *
     * @throws ControlException when too many addresses have ports of their own; nothing is then changed.
     */
    void publish(final PortMap map, final HostSockets sockets) {
        if (steering != null) {
            try {
                set(steering, map, true);
            } catch (final NativeException ex) {
                throw new ControlException(ControlException.Kind.FAILED, "cannot steer the ports " + map.hostFirst()
                    + " to " + map.hostLast() + " of a single address of the host: the kernel has no room for more such"
                    + " ports; publish them on all addresses, or unpublish others (" + ex.getMessage() + ")", ex);
            }
        }
        maps.add(map);
        spare(map, sockets);
    }

    void unpublish(final PortMap map) {
        if (maps.remove(map) && steering != null) {
            set(steering, map, false);
        }
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
            // A worker that has stopped writes no more; one that does not answer may: then the memory stays.
            if (!engine.isAlive(worker) || isUnclaimed()) {
                steering.close();
            }
            steering = null;
        }
    }

    private boolean isUnclaimed() {
        try {
            engine.execute(worker, Command.ClaimTuples.NONE, "end the claims of a worker");
            return true;
        } catch (final ControlException ex) {
            LOG.error("{}", ex.getMessage());
            return false;
        }
    }

    private static boolean isAdded(final Steering kernel, final InetAddress address) {
        try {
            kernel.addAddress(address);
            return true;
        } catch (final NativeException ex) {
            return false;
        }
    }

    private static void set(final Steering kernel, final PortMap map, final boolean on) {
        final InetAddress address = map.isForAllAddresses() ? map.ipv4() ? ANY_IPV4 : ANY_IPV6
            : IpAddress.of(map.hostHigh(), map.hostLow());
        kernel.set(address, Steering.indexOf(map.protocol()), map.hostFirst(), map.hostLast(), on);
    }
}
