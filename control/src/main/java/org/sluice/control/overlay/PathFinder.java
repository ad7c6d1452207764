package org.sluice.control.overlay;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.model.IpPrefix;
import org.sluice.linux.netlink.KernelRoute;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.socket.PathMtu;
import org.sluice.linux.sys.NativeException;

/**
 * Asks the kernel for the path of tunnel packets to an address. Lives for one round of questions: the interfaces are
 * listed once. Used by the control thread.
 */
final class PathFinder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PathFinder.class);
    private static final int MIN_MTU = 68;
    private static final String LIMITED_BROADCAST = "255.255.255.255";

    private final RouteNetlink netlink = new RouteNetlink();
    private @Nullable Set<Integer> ethernetLinks;

    /** The path to it; empty while there is none. */
    Optional<TunnelPath> to(final InetAddress address) {
        final int overhead = address instanceof Inet4Address ? TunnelPath.OVERHEAD_IPV4 : TunnelPath.OVERHEAD_IPV6;
        try {
            final int mtu = Math.max(MIN_MTU, PathMtu.to(address) - overhead);
            final KernelRoute route = netlink.routeTo(address);
            final int linkIndex = route.hops().isEmpty() ? 0 : route.hops().getFirst().linkIndex();
            final boolean ethernet = route.type() == KernelRoute.UNICAST && route.preferredSource() != null
                && isEthernet(linkIndex);
            return Optional.of(new TunnelPath(mtu, ethernet ? linkIndex : 0, route.preferredSource()));
        } catch (final NativeException ex) {
            LOG.debug("no route to {}", address, ex);
            return Optional.empty();
        }
    }

    /** Whether the address is one of the host's own. */
    boolean isLocal(final InetAddress address) {
        return typeOf(address) == KernelRoute.LOCAL;
    }

    /** Whether it is the broadcast address of all networks, or of one that the host is on. */
    boolean isBroadcast(final InetAddress address) {
        return LIMITED_BROADCAST.equals(IpPrefix.format(address)) || typeOf(address) == KernelRoute.BROADCAST;
    }

    /** Of the route to it; 0, which is no type, while there is none. */
    private int typeOf(final InetAddress address) {
        try {
            return netlink.routeTo(address).type();
        } catch (final NativeException ex) {
            LOG.debug("no route to {}", address, ex);
            return 0;
        }
    }

    private boolean isEthernet(final int linkIndex) {
        if (ethernetLinks == null) {
            ethernetLinks = netlink.links().stream().filter(link -> link.mac() != 0).map(Link::index)
                .collect(Collectors.toSet());
        }
        return ethernetLinks.contains(linkIndex);
    }

    @Override
    public void close() {
        netlink.close();
    }
}
