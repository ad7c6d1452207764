package org.sluice.control.uplink;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.overlay.OverlayManager;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.EventChannel;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.linux.netlink.InterfaceAddress;
import org.sluice.linux.netlink.KernelNeighbour;
import org.sluice.linux.netlink.KernelRoute;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.RouteMonitor;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NativeException;

/**
 * Keeps the workers' routes, local addresses and neighbours what the kernel's are. When something has changed, the
 * kernel's tables are read anew and the differences are sent. Neighbours come one by one, and the kernel is asked to
 * find those that a worker wants. Owned by the control thread; the monitor's thread only hands over.
 */
public final class RouteMirror implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RouteMirror.class);
    private static final int RT_TABLE_LOCAL = 255;

    /** A prefix of the kernel's main table. */
    private record Prefix(InetAddress network, int length) {
    }

    private record NeighbourKey(int linkIndex, InetAddress address) {
    }

    private final SwitchEngine engine;
    private final UplinkManager uplinks;
    private final Executor control;
    private final RouteMonitor monitor;
    private final RouteNetlink netlink;
    private final Predicate<String> isHostPort;
    private final OverlayManager overlays;
    private final AtomicBoolean syncPending = new AtomicBoolean();
    private final AtomicBoolean eventsPending = new AtomicBoolean();
    private final List<Map<Prefix, List<org.sluice.datapath.route.Route.Hop>>> programmed = new ArrayList<>();
    private final Map<NeighbourKey, KernelNeighbour> neighbours = new HashMap<>();
    private Set<InetAddress> locals = new HashSet<>();
    private Map<Integer, Link> linksByIndex = Map.of();
    private List<InterfaceAddress> addresses = List.of();
    private List<KernelRoute> routes = List.of();
    private volatile boolean closed;

    /**
     * Listens from now on; {@link #start()} reads for the first time.
     *
     * @param isHostPort whether an interface is the host's end of one of our networks.
     * @param control    runs what is to be done, one after the other.
     */
    public RouteMirror(final SwitchEngine engine, final UplinkManager uplinks, final OverlayManager overlays,
                       final Predicate<String> isHostPort, final Executor control) {
        this.engine = engine;
        this.uplinks = uplinks;
        this.overlays = overlays;
        this.isHostPort = isHostPort;
        this.control = control;
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            programmed.add(new HashMap<>());
        }
        monitor = new RouteMonitor(new Listener());
        netlink = new RouteNetlink();
    }

    /** Mirrors all that there is. */
    public void start() {
        readNeighbours();
        sync();
        monitor.start();
    }

    /** Makes control look at the workers' events. Any thread may call it. */
    public void wakeUp() {
        monitor.wakeUp();
    }

    private final class Listener implements RouteMonitor.Listener {
        @Override
        public void onRoutesChanged() {
            if (syncPending.compareAndSet(false, true)) {
                run(() -> {
                    syncPending.set(false);
                    sync();
                });
            }
        }

        @Override
        public void onNeighbour(final KernelNeighbour neighbour) {
            run(() -> {
                remember(neighbour);
                tellWorkers(neighbour);
            });
        }

        @Override
        public void onLost() {
            run(() -> {
                readNeighbours();
                neighbours.values().forEach(RouteMirror.this::tellWorkers);
                sync();
            });
        }

        @Override
        public void onWakeUp() {
            if (eventsPending.compareAndSet(false, true)) {
                run(() -> {
                    eventsPending.set(false);
                    pollEvents();
                });
            }
        }
    }

    private void run(final Runnable task) {
        try {
            control.execute(() -> {
                if (!closed) {
                    try {
                        task.run();
                    } catch (final NativeException | ControlException ex) {
                        LOG.error("cannot mirror the kernel's routes: {}", ex.getMessage());
                    }
                }
            });
        } catch (final RejectedExecutionException ex) {
            LOG.debug("the daemon is stopping", ex);
        }
    }

    private void pollEvents() {
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            final int current = worker;
            engine.pollEvents(worker, new EventChannel.Handler() {
                @Override
                public void onNeighbourWanted(final int portIndex, final long high, final long low) {
                    uplinks.all().stream().filter(uplink -> uplink.portIndex(current) == portIndex).findFirst()
                        .ifPresent(uplink -> want(current, uplink, IpAddress.of(high, low)));
                }

                @Override
                public void onPathTooSmall(final int portIndex) {
                    overlays.refreshPath(portIndex);
                }
            });
        }
    }

    /** A worker has packets for the neighbour. The kernel says nothing new of one that it knows to be fresh. */
    private void want(final int worker, final UplinkManager.Uplink uplink, final InetAddress address) {
        final KernelNeighbour known = neighbours.get(new NeighbourKey(uplink.link().index(), address));
        if (known != null && known.isUsable()) {
            tellWorker(worker, uplink, known);
        }
        try {
            netlink.useNeighbour(uplink.link().index(), address);
        } catch (final NativeException ex) {
            LOG.debug("cannot have the kernel resolve {}", address, ex);
        }
    }

    private void readNeighbours() {
        neighbours.clear();
        netlink.neighbours().forEach(this::remember);
    }

    private void remember(final KernelNeighbour neighbour) {
        final NeighbourKey key = new NeighbourKey(neighbour.linkIndex(), neighbour.address());
        if (neighbour.isUsable()) {
            neighbours.put(key, neighbour);
        } else {
            neighbours.remove(key);
        }
    }

    private void tellWorkers(final KernelNeighbour neighbour) {
        final UplinkManager.Uplink uplink = uplinks.get(neighbour.linkIndex());
        for (int worker = 0; uplink != null && worker < engine.workerCount(); worker++) {
            tellWorker(worker, uplink, neighbour);
        }
    }

    private void tellWorker(final int worker, final UplinkManager.Uplink uplink, final KernelNeighbour neighbour) {
        engine.execute(worker, new Command.PutNeighbour(uplink.portIndex(worker), IpAddress.high(neighbour.address()),
            IpAddress.low(neighbour.address()), neighbour.isUsable() ? neighbour.mac() : 0), "program a neighbour");
    }

    /** Reads the kernel's tables and sends what is different. */
    public void sync() {
        final List<Link> links = netlink.links();
        linksByIndex = links.stream().collect(Collectors.toMap(Link::index, link -> link));
        addresses = netlink.addresses();
        routes = netlink.routes();
        uplinks.sync(links, mainRoutes());
        syncLocals();
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            syncRoutes(worker);
        }
        overlays.onHostChanged(
            uplinks.all().stream().map(uplink -> uplink.link().index()).collect(Collectors.toSet()), locals);
    }

    private List<KernelRoute> mainRoutes() {
        return routes.stream().filter(route -> route.table() == RouteNetlink.RT_TABLE_MAIN).toList();
    }

    private void syncLocals() {
        final Set<InetAddress> now = routes.stream()
            .filter(route -> route.type() == KernelRoute.LOCAL && route.table() == RT_TABLE_LOCAL)
            .map(KernelRoute::destination)
            .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
            .collect(Collectors.toSet());
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            for (final InetAddress address : now) {
                if (!locals.contains(address)) {
                    setLocal(worker, address, true);
                }
            }
            for (final InetAddress address : locals) {
                if (!now.contains(address)) {
                    setLocal(worker, address, false);
                }
            }
        }
        // Nothing comes back to an address that is gone, and what leaves with it is another one's next.
        locals.stream().filter(address -> !now.contains(address))
            .map(address -> Addresses.prefixOf(IpPrefix.single(address)))
            .forEach(address -> engine.flushConnections(ConntrackFilter.masqueradedWith(address)));
        locals = now;
        uplinks.addresses(addresses.stream()
            .filter(address -> !isOurs(address.linkIndex()) && now.contains(address.address()))
            .map(InterfaceAddress::address).collect(Collectors.toSet()));
    }

    private boolean isOurs(final int linkIndex) {
        final Link link = linksByIndex.get(linkIndex);
        return link != null && isHostPort.test(link.name());
    }

    private void setLocal(final int worker, final InetAddress address, final boolean present) {
        engine.execute(worker,
            new Command.SetLocalAddress(IpAddress.high(address), IpAddress.low(address), present),
            "program an address");
    }

    private void syncRoutes(final int worker) {
        final Map<Prefix, KernelRoute> best = new HashMap<>();
        for (final KernelRoute route : mainRoutes()) {
            best.merge(new Prefix(route.destination(), route.prefixLength()), route,
                (one, other) -> other.priority() < one.priority() ? other : one);
        }
        final Map<Prefix, List<org.sluice.datapath.route.Route.Hop>> known = programmed.get(worker);
        for (final Prefix gone : known.keySet().stream().filter(prefix -> !best.containsKey(prefix)).toList()) {
            engine.execute(worker, new Command.RemoveRoute(IpAddress.high(gone.network()),
                IpAddress.low(gone.network()), Addresses.length(gone.network(), gone.length())), "remove a route");
            known.remove(gone);
        }
        best.forEach((prefix, route) -> {
            final List<org.sluice.datapath.route.Route.Hop> hops = hopsOf(route, worker);
            if (!hops.equals(known.get(prefix))) {
                engine.execute(worker, new Command.PutRoute(new org.sluice.datapath.route.Route(
                    IpAddress.high(prefix.network()), IpAddress.low(prefix.network()),
                    Addresses.length(prefix.network(), prefix.length()),
                    hops.toArray(org.sluice.datapath.route.Route.Hop[]::new))), "add a route");
                known.put(prefix, hops);
            }
        });
    }

    /** None where the way is by an interface that is no uplink: such packets go nowhere rather than elsewhere. */
    private List<org.sluice.datapath.route.Route.Hop> hopsOf(final KernelRoute route, final int worker) {
        return route.type() != KernelRoute.UNICAST ? List.of() : route.hops().stream()
            .filter(hop -> uplinks.get(hop.linkIndex()) != null)
            .limit(Command.PutRoute.MAX_HOPS)
            .map(hop -> {
                final InetAddress source = sourceOf(route, hop).orElse(null);
                return new org.sluice.datapath.route.Route.Hop(uplinks.get(hop.linkIndex()).portIndex(worker),
                    hop.gateway() == null ? 0 : IpAddress.high(hop.gateway()), IpAddress.low(hop.gateway()),
                    IpAddress.high(source), IpAddress.low(source));
            }).toList();
    }

    /** What the kernel would take as the source of a connection of its own. */
    public Optional<InetAddress> sourceOf(final KernelRoute route, final KernelRoute.Hop hop) {
        if (route.preferredSource() != null) {
            return Optional.of(route.preferredSource());
        }
        final boolean ipv4 = route.destination() instanceof Inet4Address;
        final List<InterfaceAddress> candidates = addresses.stream()
            .filter(address -> address.linkIndex() == hop.linkIndex())
            .filter(address -> address.address() instanceof Inet4Address == ipv4)
            .filter(address -> address.isUsableAsSource() && !address.address().isLinkLocalAddress())
            .sorted(Comparator.comparing(InterfaceAddress::isSecondary)).toList();
        return candidates.stream()
            .filter(address -> hop.gateway() != null
                && IpPrefix.of(address.address(), address.prefixLength()).contains(hop.gateway()))
            .findFirst().or(() -> candidates.stream().findFirst()).map(InterfaceAddress::address);
    }

    /** The interface's name, or its number. */
    public String linkName(final int linkIndex) {
        final Link link = linksByIndex.get(linkIndex);
        return link == null ? "#" + linkIndex : link.name();
    }

    /** The kernel's main table; of several routes for one prefix the workers have that of the lowest priority. */
    public List<KernelRoute> routes() {
        return mainRoutes();
    }

    /** The host's own addresses. */
    public Set<InetAddress> locals() {
        return locals;
    }

    /** The neighbours on uplinks that are known. */
    public List<KernelNeighbour> neighbours() {
        return neighbours.values().stream().filter(n -> uplinks.get(n.linkIndex()) != null).toList();
    }

    @Override
    public void close() {
        closed = true;
        monitor.close();
        netlink.close();
    }
}
