package org.sluice.control.overlay;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Optional;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.model.IpPrefix;
import org.sluice.linux.NativeException;
import org.sluice.linux.PathMtu;
import org.sluice.linux.netlink.Route;
import org.sluice.linux.netlink.RouteNetlink;

/**
 * The way to a VTEP, as the kernel has it now.
 *
 * @param mtu       layer-3 bytes of a packet that fits it, encapsulated.
 * @param linkIndex number of the Ethernet interface that it begins with; 0 where it begins with another.
 * @param source    that the kernel gives to packets there; null where it has none.
 */
record TunnelPath(int mtu, int linkIndex, InetAddress source) {
    /** Outer headers, as far as they count in the underlay's MTU, and the inner Ethernet header (RFC 7348). */
    static final int OVERHEAD_IPV4 = 50;
    static final int OVERHEAD_IPV6 = 70;

    private static final Logger LOG = LoggerFactory.getLogger(TunnelPath.class);
    private static final int MIN_MTU = 68;
    private static final String LIMITED_BROADCAST = "255.255.255.255";

    /** Whether the address is one of the host's own. */
    static boolean isLocal(final InetAddress address) {
        return isOfType(address, Route.LOCAL);
    }

    /** Whether it is the broadcast address of all networks, or of one that the host is on. */
    static boolean isBroadcast(final InetAddress address) {
        return LIMITED_BROADCAST.equals(IpPrefix.format(address)) || isOfType(address, Route.BROADCAST);
    }

    private static boolean isOfType(final InetAddress address, final int type) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            return netlink.routeTo(address).type() == type;
        } catch (final NativeException ex) {
            LOG.debug("no way to {}", address, ex);
            return false;
        }
    }

    /** Asks the kernel; empty while there is no way. */
    static Optional<TunnelPath> to(final InetAddress address) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            final int mtu = Math.max(MIN_MTU,
                PathMtu.to(address) - (address instanceof Inet4Address ? OVERHEAD_IPV4 : OVERHEAD_IPV6));
            final Route route = netlink.routeTo(address);
            final int linkIndex = route.hops().isEmpty() ? 0 : route.hops().getFirst().linkIndex();
            final boolean ethernet = route.type() == Route.UNICAST && route.preferredSource() != null
                && netlink.links().stream().anyMatch(link -> link.index() == linkIndex && link.mac() != 0);
            return Optional.of(new TunnelPath(mtu, ethernet ? linkIndex : 0, route.preferredSource()));
        } catch (final NativeException ex) {
            LOG.debug("no way to {}", address, ex);
            return Optional.empty();
        }
    }
}
