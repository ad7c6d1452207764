package org.sluice.control.host;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.IpPrefix;
import org.sluice.linux.netlink.InterfaceAddress;
import org.sluice.linux.netlink.KernelNeighbour;
import org.sluice.linux.netlink.KernelRoute;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.RouteMonitor;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NativeException;

/**
 * Knows the interfaces, addresses, routes and neighbours of the host's kernel. When one of the first three has
 * changed, the kernel's tables are read anew and the listeners are notified, in the order in which they were added.
 * Neighbours come one by one. Owned by the control thread; the monitor's thread only hands over.
 */
public final class HostWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostWatch.class);

    private record NeighbourKey(int linkIndex, InetAddress address) {
    }

    private final Executor control;
    private final List<Listener> listeners = new ArrayList<>();
    private final RouteMonitor monitor;
    private final RouteNetlink netlink;
    private final AtomicBoolean readPending = new AtomicBoolean();
    private final Map<NeighbourKey, KernelNeighbour> neighbours = new HashMap<>();
    private Map<Integer, Link> links = Map.of();
    private List<InterfaceAddress> addresses = List.of();
    private List<KernelRoute> routes = List.of();
    private volatile boolean closed;

    /** Is notified of changes, on the control thread. */
    @FunctionalInterface
    public interface Listener {
        /** Interfaces, addresses or routes are not what they were. */
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
    public HostWatch(final Executor control) {
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
                    } catch (final NativeException | ControlException ex) {
                        LOG.error("cannot mirror the kernel's routes: {}", ex.getMessage());
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
        listeners.forEach(Listener::onHostChanged);
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

    /** The host's own addresses, also those of interfaces that are ours; none that is good only on a link. */
    public Set<InetAddress> locals() {
        return routes.stream()
            .filter(route -> route.type() == KernelRoute.LOCAL && route.table() == RouteNetlink.RT_TABLE_LOCAL)
            .map(KernelRoute::destination)
            .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
            .collect(Collectors.toSet());
    }

    /** The addresses of the host's interfaces. */
    public List<InterfaceAddress> addresses() {
        return addresses;
    }

    /** The address that the kernel would take as the source of a connection of its own. */
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
