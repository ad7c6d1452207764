package org.sluice.control.host;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.IpPrefix;
import org.sluice.linux.netlink.InterfaceAddress;
import org.sluice.linux.netlink.KernelNeighbour;
import org.sluice.linux.netlink.KernelRoute;
import org.sluice.linux.netlink.KernelRule;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.RouteMonitor;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NativeException;

/**
 * Knows the interfaces, addresses, routes, rules and neighbours of the host's kernel. When one of the first four has
 * changed, the kernel's tables are read anew and the listeners are notified, in the order in which they were added.
 * Neighbours come one by one. Owned by the control thread; the monitor's thread only hands over.
 */
public final class HostWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostWatch.class);

    private record NeighbourKey(int linkIndex, InetAddress address) {
    }

    private static final long RETRY_SECONDS = 1;

    private final ScheduledExecutorService control;
    private final List<Listener> listeners = new ArrayList<>();
    private final RouteMonitor monitor;
    private final RouteNetlink netlink;
    private final AtomicBoolean readPending = new AtomicBoolean();
    private final Map<NeighbourKey, KernelNeighbour> neighbours = new HashMap<>();
    private Map<Integer, Link> links = Map.of();
    private List<InterfaceAddress> addresses = List.of();
    private List<KernelRoute> routes = List.of();
    private List<KernelRule> rules = List.of();
    private Map<Integer, Integer> linkGroups = Map.of();
    private volatile boolean closed;

    /** Is notified of changes, on the control thread. */
    @FunctionalInterface
    public interface Listener {
        /**
         * Interfaces, addresses, routes or rules are not what they were. If it fails, it is called again soon, and must
         * finish what it has left half done.
         */
        void onHostChanged();

        /** A neighbour is in a new state. */
        default void onNeighbour(final KernelNeighbour neighbour) {
        }
    }

    /**
     * Listens from now on; {@link #start()} reads for the first time.
     *
     * @param control the control thread.
     */
    public HostWatch(final ScheduledExecutorService control) {
        this.control = control;
        monitor = new RouteMonitor(new Monitored());
        netlink = new RouteNetlink();
    }

    /** Adds a listener. */
    public void listen(final Listener listener) {
        listeners.add(listener);
    }

    /** Reads all that there is, notifies the listeners, and goes on with what changes. */
    public void start() {
        readNeighbours();
        read();
        monitor.start();
    }

    private final class Monitored implements RouteMonitor.Listener {
        @Override
        public void onRoutesChanged() {
            if (readPending.compareAndSet(false, true)) {
                run(() -> {
                    readPending.set(false);
                    read();
                });
            }
        }

        @Override
        public void onNeighbour(final KernelNeighbour neighbour) {
            run(() -> {
                remember(neighbour);
                tell(neighbour);
            });
        }

        @Override
        public void onLost() {
            run(() -> {
                readNeighbours();
                List.copyOf(neighbours.values()).forEach(HostWatch.this::tell);
                read();
            });
        }
    }

    private void run(final Runnable task) {
        try {
            control.execute(() -> {
                if (!closed) {
                    try {
                        task.run();
                    } catch (final RuntimeException ex) {
                        fail(ex);
                    }
                }
            });
        } catch (final RejectedExecutionException ex) {
            LOG.debug("the daemon is stopping", ex);
        }
    }

    private void read() {
        links = netlink.links().stream().collect(Collectors.toMap(Link::index, link -> link));
        addresses = netlink.addresses();
        routes = netlink.routes();
        rules = netlink.rules();
        linkGroups = rules.stream().anyMatch(rule -> rule.suppressGroup() >= 0) ? netlink.linkGroups() : Map.of();
        RuntimeException failure = null;
        for (final Listener listener : listeners) {
            try {
                listener.onHostChanged();
            } catch (final RuntimeException ex) {
                failure = ex;
            }
        }
        if (failure != null) {
            fail(failure);
        }
    }

    /** What is half done now is tried again soon, though the kernel may change nothing more. */
    private void fail(final RuntimeException ex) {
        if (ex instanceof NativeException || ex instanceof ControlException) {
            LOG.error("cannot follow the kernel's routes; trying again: {}", ex.getMessage());
        } else {
            LOG.error("cannot follow the kernel's routes; trying again", ex);
        }
        if (readPending.compareAndSet(false, true)) {
            control.schedule(() -> run(() -> {
                readPending.set(false);
                read();
            }), RETRY_SECONDS, TimeUnit.SECONDS);
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

    private void tell(final KernelNeighbour neighbour) {
        listeners.forEach(listener -> listener.onNeighbour(neighbour));
    }

    /** All interfaces. */
    public Collection<Link> links() {
        return links.values();
    }

    /** The interface's name, or its number. */
    public String linkName(final int linkIndex) {
        final Link link = links.get(linkIndex);
        return link == null ? "#" + linkIndex : link.name();
    }

    /** The kernel's main table. */
    public List<KernelRoute> routes() {
        return routes.stream().filter(route -> route.table() == RouteNetlink.RT_TABLE_MAIN).toList();
    }

    /** The routes of all tables. */
    public List<KernelRoute> allRoutes() {
        return routes;
    }

    /** The rules that say which tables are asked, in order. */
    public List<KernelRule> rules() {
        return rules;
    }

    /** The interface's group; 0 where no rule asks for one. */
    public int linkGroup(final int linkIndex) {
        return linkGroups.getOrDefault(linkIndex, 0);
    }

    /** The interfaces that default routes lead out by, in a table that a rule asks. */
    public Set<Integer> linksOfDefaultRoutes() {
        final Set<Integer> asked = rules.stream().map(KernelRule::table).collect(Collectors.toSet());
        return routes.stream()
            .filter(route -> route.prefixLength() == 0 && route.type() == KernelRoute.UNICAST)
            .filter(route -> asked.contains(route.table()))
            .flatMap(route -> route.hops().stream()).map(KernelRoute.Hop::linkIndex).collect(Collectors.toSet());
    }

    /** The host's own addresses, also those of interfaces that are ours; none that is good only on a link. */
    public Set<InetAddress> locals() {
        return routes.stream()
            .filter(route -> route.type() == KernelRoute.LOCAL && route.table() == RouteNetlink.RT_TABLE_LOCAL)
            .filter(route -> route.prefixLength() == route.destination().getAddress().length * Byte.SIZE)
            .map(KernelRoute::destination).filter(HostWatch::isRoutable).collect(Collectors.toSet());
    }

    /**
     * What packets are for the host itself: its own addresses, whole networks of them, and anycast addresses. Broadcast
     * addresses are no one's own: in a frame to all, a packet for one is nothing to wonder at.
     */
    public Set<IpPrefix> localPrefixes() {
        return routes.stream()
            .filter(route -> route.isOfHost() && route.type() != KernelRoute.BROADCAST)
            .filter(route -> route.table() == RouteNetlink.RT_TABLE_LOCAL)
            .filter(route -> isRoutable(route.destination()))
            .map(route -> IpPrefix.of(route.destination(), route.prefixLength())).collect(Collectors.toSet());
    }

    /** An address of 169.254.0.0/16 that an interface has is as good as any other; one of fe80::/10 is not. */
    private static boolean isRoutable(final InetAddress address) {
        return !address.isLoopbackAddress() && (address instanceof Inet4Address || !address.isLinkLocalAddress());
    }

    /** The addresses of the host's interfaces. */
    public List<InterfaceAddress> addresses() {
        return addresses;
    }

    /** The neighbours whose MAC addresses are known. */
    public Collection<KernelNeighbour> neighbours() {
        return neighbours.values();
    }

    /** The neighbour, if its MAC address is known. */
    public Optional<KernelNeighbour> neighbour(final int linkIndex, final InetAddress address) {
        return Optional.ofNullable(neighbours.get(new NeighbourKey(linkIndex, address)));
    }

    /** Has the kernel find a neighbour, or make sure of it. It says nothing new of one that it knows to be fresh. */
    public void useNeighbour(final int linkIndex, final InetAddress address) {
        try {
            netlink.useNeighbour(linkIndex, address);
        } catch (final NativeException ex) {
            LOG.debug("the kernel does not look for {}", address, ex);
        }
    }

    @Override
    public void close() {
        closed = true;
        monitor.close();
        netlink.close();
    }
}
