package org.sluice.control.api;

import java.net.InetAddress;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.sluice.control.host.HostWatch;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.uplink.RouteMirror;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.linux.netlink.KernelRoute;

/** Shows the kernel's routes, and the neighbours on uplinks, as the API does. Used on the control thread. */
final class RouteViews {
    private final HostWatch host;
    private final UplinkManager uplinks;
    private final RouteMirror mirror;

    RouteViews(final HostWatch host, final UplinkManager uplinks, final RouteMirror mirror) {
        this.mirror = mirror;
        this.host = host;
        this.uplinks = uplinks;
    }

    List<Views.Route> routes() {
        return host.routes().stream().map(route -> new Views.Route(
            IpPrefix.of(route.destination(), route.prefixLength()).toString(), typeOf(route.type()),
            route.priority(), route.hops().stream().map(hop -> new Views.Hop(text(hop.gateway()),
                host.linkName(hop.linkIndex()), text(mirror.sourceOf(route, hop)),
                uplinks.find(hop.linkIndex()).isPresent())).toList())).toList();
    }

    List<Views.Neighbour> neighbours() {
        return host.neighbours().stream().filter(n -> uplinks.find(n.linkIndex()).isPresent())
            .map(n -> new Views.Neighbour(IpPrefix.format(n.address()),
                host.linkName(n.linkIndex()), MacAddress.format(n.mac()), n.stateName())).toList();
    }

    private static String typeOf(final int type) {
        return switch (type) {
            case KernelRoute.UNICAST -> "unicast";
            case KernelRoute.LOCAL -> "local";
            case KernelRoute.BLACKHOLE -> "blackhole";
            case KernelRoute.UNREACHABLE -> "unreachable";
            case KernelRoute.PROHIBIT -> "prohibit";
            case KernelRoute.THROW -> "throw";
            default -> "type " + type;
        };
    }

    private static @Nullable String text(final @Nullable InetAddress address) {
        return address == null ? null : IpPrefix.format(address);
    }
}
