package org.sluice.control.uplink;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.engine.PortHandle;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.HostSockets;
import org.sluice.control.host.HostWatch;
import org.sluice.control.host.ReservedPorts;
import org.sluice.control.host.UsedPorts;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.UplinkChoice;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.datapath.nat.PortMap;
import org.sluice.linux.bpf.Steering;
import org.sluice.linux.netlink.InterfaceAddress;
import org.sluice.linux.netlink.Link;

/**
 * The uplinks that are open: for each a packet socket, a steering program and a port in every worker. Opens and closes
 * them as the host's interfaces come and go, has them follow their interfaces' changes without a gap, and says what is
 * not as it should be. Owned by the control thread.
 */
public final class UplinkManager {
    private static final Logger LOG = LoggerFactory.getLogger(UplinkManager.class);
    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(10);
    /** As many as a person reads. */
    private static final int SHOWN_ADDRESSES = 3;
    private static final String RESERVED_FILE = "reserved-ports";

    /** An open uplink. */
    public static final class Uplink {
        /** The interface's name when the uplink was opened. */
        private final String openedAs;
        private final List<UplinkEnd> ends = new ArrayList<>();
        private Link link;

        private Uplink(final Link link) {
            this.link = link;
            openedAs = link.name();
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
            return ends.stream().map(UplinkEnd::port).toList();
        }
    }

    private final SwitchEngine engine;
    private final UplinkChoice choice;
    private final NatPorts natPorts;
    private final ReservedPorts reserved;
    private final UsedPorts used;
    private final List<PortSteering> steerings;
    private final SteeringLease lease;
    private final SteeringWatch steeringWatch;
    private final Map<Integer, Uplink> uplinks = new LinkedHashMap<>();
    /** Those that are to be closed and could not be. */
    private final List<Uplink> closing = new ArrayList<>();
    private final Map<String, String> failures = new TreeMap<>();
    /** When an interface, as it is now, could not be opened. */
    private final Map<Link, Long> failedAtNs = new HashMap<>();
    /** Addresses of the host for which there was no room. */
    private Set<String> unsteered = Set.of();

    /**
     * @param runDir where it keeps what the next daemon must know, however this one ends.
     */
    public UplinkManager(final SwitchEngine engine, final UplinkChoice choice, final NatPorts natPorts,
                         final Path runDir) {
        this.engine = engine;
        this.choice = choice;
        this.natPorts = natPorts;
        reserved = new ReservedPorts(natPorts, runDir.resolve(RESERVED_FILE));
        used = new UsedPorts(engine.hostPorts());
        steerings = IntStream.range(0, engine.workerCount())
            .mapToObj(worker -> new PortSteering(engine, worker)).toList();
        lease = new SteeringLease(steerings, engine.clock());
        steeringWatch = new SteeringWatch(engine.clock());
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

    /** What is not as it should be, human-readable. */
    public List<String> issues() {
        final List<String> issues = new ArrayList<>(failures.values());
        steeringWatch.addIssues(issues);
        lease.failure().ifPresent(issues::add);
        if (reserved.unreserved() > 0) {
            issues.add(reserved.unreserved() + " published ports are among those that the host chooses from for its own"
                + " sockets (net.ipv4.ip_local_port_range), and cannot be kept from it, for it would have too few;"
                + " publish smaller ranges, or others");
        }
        if (!unsteered.isEmpty()) {
            issues.add("ports of " + String.join(", ", unsteered.stream().limit(SHOWN_ADDRESSES).toList())
                + (unsteered.size() > SHOWN_ADDRESSES ? " and others" : "")
                + " are not steered: the host has more than " + Steering.MAX_ADDRESSES + " addresses; remove some");
        }
        return issues;
    }

    /** The source ports that translated connections get on every uplink. */
    public NatPorts natPorts() {
        return natPorts;
    }

    /**
     * Opens what should be open, as the host's interfaces and routes are now; has what is open follow its interface;
     * closes what has no interface any longer; and repeats what has failed before. An uplink that is open stays while
     * its interface exists: whatever its name, its addresses, and the way of the default route.
     *
     * @return whether an uplink was opened or closed.
     */
    public boolean sync(final HostWatch host) {
        final Map<Integer, Link> links =
            host.links().stream().collect(Collectors.toMap(Link::index, Function.identity()));
        final Set<Integer> before = linkIndexes();
        boolean changed = !closing.isEmpty();
        List.copyOf(closing).forEach(this::closeEnds);
        for (final Uplink uplink : List.copyOf(uplinks.values())) {
            changed |= follow(uplink, links.get(uplink.link.index()));
        }
        final Map<Integer, Link> wanted = wanted(host);
        failedAtNs.keySet().retainAll(wanted.values());
        failures.keySet().removeIf(name -> wanted.values().stream().noneMatch(link -> link.name().equals(name)));
        wanted.values().stream().filter(link -> !uplinks.containsKey(link.index()))
            .filter(link -> closing.stream().noneMatch(uplink -> uplink.link.index() == link.index()))
            .forEach(this::tryOpen);
        uplinks.values().forEach(uplink -> steeringWatch.check(uplink.link, uplink.ends));
        choice.names().forEach(name -> explainMissing(name, wanted.values()));
        return changed || !before.equals(linkIndexes());
    }

    /**
     * Has an uplink be as its interface is now.
     *
     * @param now null when there is no such interface any longer.
     * @return whether the uplink was closed.
     */
    private boolean follow(final Uplink uplink, final @Nullable Link now) {
        if (now == null || !uplink.ends.stream().allMatch(UplinkEnd::isBound)) {
            LOG.info("the interface of uplink {} is gone", uplink.link.name());
            close(uplink);
            return true;
        }
        if (now.equals(uplink.link)) {
            return false;
        }
        try {
            if (now.mtu() != uplink.link.mtu() || now.mac() != uplink.link.mac()) {
                uplink.ends.forEach(end -> end.change(now));
            }
            LOG.info("uplink {} has changed: {}", uplink.link.name(), now);
            uplink.link = now;
        } catch (final ControlException ex) {
            LOG.error("uplink {} cannot follow its interface, and will try again: {}", now.name(), ex.getMessage());
        }
        return false;
    }

    private void explainMissing(final String name, final Collection<Link> wanted) {
        final Optional<Uplink> open =
            uplinks.values().stream().filter(uplink -> uplink.openedAs.equals(name)).findFirst();
        if (open.isPresent() && !open.get().link.name().equals(name)) {
            fail(name, "it is called " + open.get().link.name() + " now; it is used until the daemon ends, so name it"
                + " anew with --uplink");
        } else if (wanted.stream().noneMatch(link -> link.name().equals(name))) {
            fail(name, "is not there, or is down, or has no MAC address");
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
                uplink.ends.add(UplinkEnd.open(engine, link, worker, steerings.get(worker).open()));
            }
            uplinks.put(link.index(), uplink);
            failures.remove(link.name());
            reserved.reserve();
            used.watch();
            LOG.info("uplink {} is open", link.name());
        } catch (final RuntimeException ex) {
            close(uplink);
            failedAtNs.put(link, engine.clock().nanoTime());
            fail(link.name(), ex.getMessage());
        }
    }

    private void close(final Uplink uplink) {
        uplinks.remove(uplink.link.index());
        steeringWatch.forget(uplink.link);
        closing.add(uplink);
        closeEnds(uplink);
    }

    /** What cannot be closed now is closed at a later {@link #sync}; until then the interface is not opened again. */
    private void closeEnds(final Uplink uplink) {
        uplink.ends.removeIf(end -> isClosed(uplink, end, false));
        if (uplink.ends.isEmpty()) {
            closing.remove(uplink);
        }
    }

    private static boolean isClosed(final Uplink uplink, final UplinkEnd end, final boolean keepFrames) {
        try {
            end.close(keepFrames);
            return true;
        } catch (final RuntimeException ex) {
            LOG.error("cannot close uplink {}: {}", uplink.link.name(), ex.getMessage());
            return false;
        }
    }

    /**
     * Steers packets to all the host's addresses, but for those of our own networks.
     *
     * @param isHostPort whether an interface is the host's end of one of our networks.
     */
    public void steer(final HostWatch host, final Predicate<String> isHostPort) {
        final Set<InetAddress> locals = host.locals();
        // The uplinks' own first, also of those that are to open: all connections to the outside need them.
        final Set<Integer> ofUplinks = wanted(host).keySet();
        final Set<InetAddress> addresses = host.addresses().stream()
            .filter(address -> !isHostPort.test(host.linkName(address.linkIndex())))
            .sorted(Comparator.comparing(address -> !ofUplinks.contains(address.linkIndex())))
            .map(InterfaceAddress::address).filter(locals::contains)
            .collect(Collectors.toCollection(LinkedHashSet::new));
        final Set<String> refused = new LinkedHashSet<>();
        for (final PortSteering steering : steerings) {
            steering.addresses(addresses).stream().map(IpPrefix::format).forEach(refused::add);
        }
        if (!refused.isEmpty() && !refused.equals(unsteered)) {
            LOG.error("ports of {} are not steered: the host has more than {} addresses", refused,
                Steering.MAX_ADDRESSES);
        }
        unsteered = refused;
    }

    /**
     * Steers the ports of a map to the worker that has its endpoint.
     *
     * @param sockets of the host's: what is open on such a port stays the host's.
     */
    public void publish(final int worker, final PortMap map, final HostSockets sockets) {
        steerings.get(worker).publish(map, sockets);
        reserved.add(map.hostFirst(), map.hostLast());
    }

    /** Gives the ports of a map back to the host. */
    public void unpublish(final int worker, final PortMap map) {
        steerings.get(worker).unpublish(map);
        reserved.remove(map.hostFirst(), map.hostLast());
    }

    /** Steers all packets for a network that is not masqueraded. */
    public void route(final int worker, final IpPrefix prefix) {
        steerings.get(worker).route(prefix);
    }

    /** Ends that. */
    public void unroute(final int worker, final IpPrefix prefix) {
        steerings.get(worker).unroute(prefix);
    }

    /**
     * Closes all.
     *
     * @param keepFrames whether the host gets its frames back only after some time: for connections that the next
     *                   daemon takes up.
     */
    public void close(final boolean keepFrames) {
        lease.close();
        Stream.concat(closing.stream(), uplinks.values().stream())
            .forEach(uplink -> uplink.ends.removeIf(end -> isClosed(uplink, end, keepFrames)));
        uplinks.clear();
        steerings.forEach(PortSteering::close);
        used.close();
        reserved.close();
    }
}
