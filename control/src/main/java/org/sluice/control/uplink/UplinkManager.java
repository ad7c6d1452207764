package org.sluice.control.uplink;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.agrona.CloseHelper;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.Undo;
import org.sluice.control.engine.PortHandle;
import org.sluice.control.engine.PortSetup;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.HostSockets;
import org.sluice.control.host.HostWatch;
import org.sluice.control.host.ReservedPorts;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.UplinkChoice;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.datapath.nat.PortMap;
import org.sluice.linux.bpf.IngressFilter;
import org.sluice.linux.bpf.Steering;
import org.sluice.linux.device.UplinkDevice;
import org.sluice.linux.netlink.InterfaceAddress;
import org.sluice.linux.netlink.Link;

/**
 * The uplinks that are open: for each a packet socket, a steering program and a port in every worker. Opens and closes
 * them as the host's interfaces come and go. Owned by the control thread.
 */
public final class UplinkManager {
    private static final Logger LOG = LoggerFactory.getLogger(UplinkManager.class);
    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long LEASE_PERIOD_SECONDS = 1;

    /** One worker's end of an uplink. */
    private record End(PortHandle port, UplinkDevice device, IngressFilter ingress) {
    }

    /** An open uplink. */
    public static final class Uplink {
        private final Link link;
        private final List<End> ends = new ArrayList<>();

        private Uplink(final Link link) {
            this.link = link;
        }

        public Link link() {
            return link;
        }

        /** Index of its port in a worker. */
        public int portIndex(final int worker) {
            return ends.get(worker).port().index();
        }

        /** Its ports, one for each worker. */
        public List<PortHandle> ports() {
            return ends.stream().map(End::port).toList();
        }
    }

    private final SwitchEngine engine;
    private final UplinkChoice choice;
    private final NatPorts natPorts;
    private final ReservedPorts reserved;
    private final ScheduledExecutorService leases =
        Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("leases").factory());
    private final List<PortSteering> steerings;
    private final Map<Integer, Uplink> uplinks = new LinkedHashMap<>();
    private final Map<String, String> failures = new TreeMap<>();
    /** When an interface, as it is now, could not be opened. */
    private final Map<Link, Long> failedAtNs = new HashMap<>();

    public UplinkManager(final SwitchEngine engine, final UplinkChoice choice, final NatPorts natPorts) {
        this.engine = engine;
        this.choice = choice;
        this.natPorts = natPorts;
        reserved = new ReservedPorts(natPorts);
        steerings = IntStream.range(0, engine.workerCount())
            .mapToObj(worker -> new PortSteering(natPorts.slice(worker, engine.workerCount()))).toList();
        // On a thread of its own: whatever keeps the control thread must not end connections.
        leases.scheduleWithFixedDelay(this::renewLeases, LEASE_PERIOD_SECONDS, LEASE_PERIOD_SECONDS, TimeUnit.SECONDS);
    }

    /** The uplink on an interface, if there is one. */
    public Optional<Uplink> find(final int linkIndex) {
        return Optional.ofNullable(uplinks.get(linkIndex));
    }

    public Collection<Uplink> all() {
        return uplinks.values();
    }

    /** The numbers of their interfaces. */
    public Set<Integer> linkIndexes() {
        return Set.copyOf(uplinks.keySet());
    }

    /** Why interfaces that should be uplinks are none, human-readable. */
    public Collection<String> failures() {
        return failures.values();
    }

    /** The source ports that translated connections get on every uplink. */
    public NatPorts natPorts() {
        return natPorts;
    }

    /** Opens what should be open, as the host's interfaces and routes are now, and closes the rest. */
    public void sync(final HostWatch host) {
        final Map<Integer, Link> wanted = wanted(host);
        for (final Uplink uplink : List.copyOf(uplinks.values())) {
            if (!uplink.link.equals(wanted.get(uplink.link.index()))) {
                LOG.info("uplink {} is gone or has changed", uplink.link.name());
                close(uplink);
            }
        }
        failedAtNs.keySet().retainAll(wanted.values());
        failures.keySet().removeIf(name -> wanted.values().stream().noneMatch(link -> link.name().equals(name)));
        wanted.values().stream().filter(link -> !uplinks.containsKey(link.index())).forEach(this::tryOpen);
        for (final String name : choice.names()) {
            if (wanted.values().stream().noneMatch(link -> link.name().equals(name))) {
                fail(name, "is not there, or is down, or has no MAC address");
            }
        }
    }

    private Map<Integer, Link> wanted(final HostWatch host) {
        final Set<Integer> ofDefaultRoutes = host.linksOfDefaultRoutes();
        return host.links().stream()
            .filter(link -> link.up() && link.mac() != 0)
            .filter(link -> choice.auto() ? ofDefaultRoutes.contains(link.index())
                : choice.names().contains(link.name()))
            .collect(Collectors.toMap(Link::index, link -> link));
    }

    private void fail(final String interfaceName, final @Nullable String why) {
        final String failure = "interface " + interfaceName + " cannot be used as uplink: " + why;
        if (!failure.equals(failures.put(interfaceName, failure))) {
            LOG.error("{}", failure);
        }
    }

    private void tryOpen(final Link link) {
        final Long failed = failedAtNs.get(link);
        if (failed != null && engine.clock().nanoTime() - failed < RETRY_NS) {
            return; // every change in the kernel's tables leads here
        }
        final Uplink uplink = new Uplink(link);
        try {
            for (int worker = 0; worker < engine.workerCount(); worker++) {
                openEnd(uplink, worker);
            }
            uplinks.put(link.index(), uplink);
            failures.remove(link.name());
            reserved.reserve();
            LOG.info("uplink {} is open", link.name());
        } catch (final RuntimeException ex) {
            close(uplink);
            failedAtNs.put(link, engine.clock().nanoTime());
            fail(link.name(), ex.getMessage());
        }
    }

    /** After a failure nothing of this end stays open; the caller closes the other ends with the uplink. */
    private void openEnd(final Uplink uplink, final int worker) {
        final Link link = uplink.link;
        final Steering steering = steerings.get(worker).open();
        final UplinkDevice device = UplinkDevice.open(link.name(), link.index(), steering.filterFd());
        try (Undo undo = new Undo()) {
            undo.add(device::close);
            final PortHandle port = engine.addNetworkWithPort("uplink " + link.name(), DomainPolicy.OPEN, worker,
                new PortSetup(link.name(), device, link.mtu(), PortKind.UPLINK,
                    new PortIdentity(link.mac(), 0, 0, 0)));
            undo.add(() -> engine.removeNetworkWithPort(port));
            uplink.ends.add(new End(port, device, steering.attach(link.index(), worker)));
            undo.commit();
        }
    }

    private void close(final Uplink uplink) {
        close(uplink, false);
    }

    private void close(final Uplink uplink, final boolean keepFrames) {
        uplinks.remove(uplink.link.index());
        for (final End end : uplink.ends) {
            if (keepFrames) {
                end.ingress().leave();
            } else {
                // First the host gets its frames back.
                CloseHelper.quietClose(end.ingress());
            }
            engine.removeNetworkWithPort(end.port());
            end.device().close();
        }
    }

    /**
     * Steers the published and reserved ports of all the host's addresses, but for those of our own networks.
     *
     * @param isHostPort whether an interface is the host's end of one of our networks.
     */
    public void steer(final HostWatch host, final Predicate<String> isHostPort) {
        final Set<InetAddress> locals = host.locals();
        final Set<InetAddress> addresses = host.addresses().stream()
            .filter(address -> !isHostPort.test(host.linkName(address.linkIndex())))
            .map(InterfaceAddress::address).filter(locals::contains).collect(Collectors.toSet());
        for (final PortSteering steering : steerings) {
            for (final InetAddress refused : steering.addresses(addresses)) {
                LOG.error("ports of {} are not steered: the host has more than {} addresses",
                    IpPrefix.format(refused), Steering.MAX_ADDRESSES);
            }
        }
    }

    /**
     * Steers the ports of a map to the worker that has its endpoint.
     *
     * @param sockets of the host's: what is open on such a port stays the host's.
     */
    public void publish(final int worker, final PortMap map, final HostSockets sockets) {
        steerings.get(worker).publish(map, sockets);
    }

    /** Gives the ports of a map back to the host. */
    public void unpublish(final int worker, final PortMap map) {
        steerings.get(worker).unpublish(map);
    }

    /** Steers all packets for a network that is not masqueraded. */
    public void route(final int worker, final IpPrefix prefix) {
        steerings.get(worker).route(prefix);
    }

    /** Ends that. */
    public void unroute(final int worker, final IpPrefix prefix) {
        steerings.get(worker).unroute(prefix);
    }

    /** Keeps the switch's frames taken from the host for some time more. */
    private void renewLeases() {
        for (final PortSteering steering : steerings) {
            try {
                steering.renewLease();
            } catch (final RuntimeException ex) {
                LOG.error("cannot renew the lease of the uplinks' filters", ex);
            }
        }
    }

    /**
     * Closes all.
     *
     * @param keepFrames whether the host gets its frames back only after some time: for connections that the next
     *                   daemon takes up.
     */
    public void close(final boolean keepFrames) {
        leases.shutdownNow();
        List.copyOf(uplinks.values()).forEach(uplink -> close(uplink, keepFrames));
        steerings.forEach(PortSteering::close);
        reserved.close();
    }
}
