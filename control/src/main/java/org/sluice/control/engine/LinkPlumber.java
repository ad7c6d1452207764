package org.sluice.control.engine;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;

import org.sluice.control.ControlException;
import org.sluice.control.model.IpPrefix;
import org.sluice.linux.NativeException;
import org.sluice.linux.NetNamespace;
import org.sluice.linux.TapDevice;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.Route;
import org.sluice.linux.netlink.RouteNetlink;

/**
 * Makes the TAP that is an endpoint's interface, or a network's host port, and gives it all that docker would: name,
 * MAC, MTU, addresses, default routes, up. By netlink only; no process is started.
 */
public final class LinkPlumber {
    /**
     * An interface as it shall be.
     *
     * @param mtu           layer-3 bytes.
     * @param addresses     with the prefix length of their subnet each.
     * @param defaultRoutes next hops; a family that has a default route already keeps it.
     * @param persistent    whether it outlives the daemon.
     */
    public record LinkSpec(String name, long mac, int mtu, List<AddressSpec> addresses,
                           List<InetAddress> defaultRoutes, boolean persistent) {
    }

    /** An interface's address. */
    public record AddressSpec(InetAddress address, int prefixLength) {
    }

    private LinkPlumber() {
    }

    /**
     * Makes the interface in a namespace.
     *
     * @throws ControlException when it cannot be made; nothing of it is left then.
     */
    public static TapDevice plumb(final NetNamespace namespace, final LinkSpec spec) {
        return namespace.call(() -> plumb(spec, namespace.path().toString()));
    }

    /** Makes the interface in the calling thread's own namespace. */
    public static TapDevice plumb(final LinkSpec spec) {
        return plumb(spec, "the host's network namespace");
    }

    /**
     * Takes up the interface that an earlier daemon has left in a namespace.
     *
     * @throws NativeException when it is not there any more, or held by someone else.
     */
    public static TapDevice reattach(final NetNamespace namespace, final String name) {
        return namespace.call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                if (netlink.link(name).isEmpty()) {
                    throw ControlException.notFound("there is no interface " + name + " in " + namespace.path());
                }
            }
            return TapDevice.attach(name);
        });
    }

    private static TapDevice plumb(final LinkSpec spec, final String where) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            if (netlink.link(spec.name()).isPresent()) {
                throw ControlException.conflict("there is an interface " + spec.name() + " in " + where
                    + " already; choose another name");
            }
            final TapDevice device = TapDevice.create(spec.name(), spec.persistent());
            try {
                configure(netlink, spec);
                return device;
            } catch (final RuntimeException ex) {
                device.persistent(false);
                device.close();
                throw ex;
            }
        } catch (final NativeException ex) {
            throw new ControlException(ControlException.Kind.FAILED,
                "cannot make the interface " + spec.name() + " in " + where + ": " + ex.getMessage(), ex);
        }
    }

    private static void configure(final RouteNetlink netlink, final LinkSpec spec) {
        final Link link = netlink.link(spec.name()).orElseThrow();
        netlink.configure(link, spec.mac(), spec.mtu());
        netlink.link("lo").filter(loopback -> !loopback.up()).ifPresent(netlink::setUp);
        for (final AddressSpec address : spec.addresses()) {
            netlink.addAddress(link, address.address(), address.prefixLength());
        }
        if (!spec.defaultRoutes().isEmpty()) {
            final List<Route> routes = netlink.routes();
            for (final InetAddress gateway : spec.defaultRoutes()) {
                if (routes.stream().noneMatch(route -> isDefault(route, gateway))) {
                    netlink.addDefaultRoute(link, gateway);
                }
            }
        }
    }

    private static boolean isDefault(final Route route, final InetAddress gateway) {
        return route.prefixLength() == 0 && route.gateway() != null
            && route.destination() instanceof Inet4Address == gateway instanceof Inet4Address;
    }

    /**
     * The host's routes that a subnet may clash with: all but default ones and those of the loopback.
     *
     * @param onLinkOnly leaves those by a next hop out: a directly connected subnet may be part of them.
     */
    public static List<IpPrefix> hostRoutes(final boolean onLinkOnly) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            final int loopback = netlink.link("lo").map(Link::index).orElse(0);
            return netlink.routes().stream()
                .filter(route -> route.prefixLength() > 0 && route.linkIndex() != loopback)
                .filter(route -> !onLinkOnly || route.gateway() == null)
                .filter(route -> !route.destination().isMulticastAddress()
                    && !route.destination().isLinkLocalAddress())
                .map(route -> IpPrefix.of(route.destination(), route.prefixLength()))
                .toList();
        }
    }
}
