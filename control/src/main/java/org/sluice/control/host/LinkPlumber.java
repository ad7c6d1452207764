package org.sluice.control.host;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.IpPrefix;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.linux.device.TapDevice;
import org.sluice.linux.netlink.InterfaceAddress;
import org.sluice.linux.netlink.KernelRoute;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.netlink.TrafficControl;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.NetNamespace;

/**
 * Makes the TAP that is an endpoint's interface, or a network's host port, and gives it all that docker would: name,
 * MAC, MTU, addresses, default routes, up. By netlink only; no process is started.
 * <p>
 * A new endpoint's TAP is opened in the daemon's own namespace and then moved. Opened inside, its descriptor keeps the
 * namespace alive (tun_chr_open in Linux drivers/net/tun.c takes a reference on the opener's namespace), and the daemon
 * does not see it go. One that an earlier daemon has left is opened inside nevertheless: a move out and in would cost
 * the namespace its routes, second addresses and neighbours. Whoever takes it up asks {@link NetNamespace#isInUse}.
 */
public final class LinkPlumber {
    private static final Logger LOG = LoggerFactory.getLogger(LinkPlumber.class);
    private static final int MAX_INTERFACES = 1000;

    /**
     * An interface as it shall be.
     *
     * @param owner         of the interface; human-readable.
     * @param mtu           layer-3 bytes.
     * @param addresses     with the prefix length of their subnet each.
     * @param defaultRoutes next hops; a family that has a default route already keeps it.
     */
    public record LinkSpec(String owner, String name, long mac, int mtu, List<AddressSpec> addresses,
                           List<InetAddress> defaultRoutes) {
    }

    /** An interface's address. */
    public record AddressSpec(InetAddress address, int prefixLength) {
    }

    private LinkPlumber() {
    }

    /**
     * Makes the interface in the calling thread's own namespace. It goes with the daemon.
     *
     * @throws ControlException when it cannot be made; nothing of it is left then.
     */
    public static TapDevice plumb(final LinkSpec spec) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            requireFree(netlink, spec, "the host's network namespace");
            return orClose(create(spec.name(), spec), spec, () -> configure(netlink, spec));
        }
    }

    /**
     * Makes the interface in a namespace. It outlives the daemon.
     *
     * @throws ControlException when it cannot be made; nothing of it is left then.
     */
    public static TapDevice plumb(final NetNamespace namespace, final LinkSpec spec) {
        inside(namespace, netlink -> {
            requireFree(netlink, spec, namespace.path().toString());
            return null;
        });
        final TapDevice device = create(draftName(), spec);
        return orClose(device, spec, () -> {
            moveIn(device.interfaceName(), namespace, spec);
            device.persistent(true);
        });
    }

    /**
     * Makes an interface in the daemon's own namespace for someone else to move, name, address and set up. It goes with
     * the daemon until it is made persistent.
     *
     * @throws ControlException when it cannot be made; nothing of it is left then.
     */
    public static TapDevice handOver(final LinkSpec spec) {
        final TapDevice device = create(spec.name(), spec);
        return orClose(device, spec, () -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                netlink.prepare(netlink.link(spec.name()).orElseThrow(), spec.mac(), spec.mtu());
            }
        });
    }

    /** Takes up an interface that an earlier daemon has handed over and nobody has moved, if it is there. */
    public static Optional<TapDevice> takeUpHandedOver(final LinkSpec spec) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            return netlink.link(spec.name()).map(link -> attach(link, spec));
        }
    }

    /**
     * Takes up an interface that an earlier daemon has handed over and someone has moved and named, where it is and as
     * it is. While it is held, its namespace stays.
     *
     * @throws ControlException when it is not there any more, or held by someone else.
     */
    public static TapDevice takeUpMoved(final NetNamespace namespace, final LinkSpec spec) {
        return inside(namespace, netlink -> {
            // A VLAN of it has the same MAC address, and so may an interface of another network.
            final Set<Integer> withAddress = netlink.addresses().stream()
                .filter(own -> spec.addresses().stream().anyMatch(wanted -> wanted.address().equals(own.address())))
                .map(InterfaceAddress::linkIndex).collect(Collectors.toSet());
            return attach(netlink.links().stream()
                .filter(link -> link.mac() == spec.mac() && withAddress.contains(link.index())).findFirst()
                .orElseThrow(() -> ControlException.notFound("an interface with MAC address "
                    + MacAddress.format(spec.mac()) + " and the endpoint's address is not in " + namespace.path()
                    + " any more")), spec);
        });
    }

    /** Whether there is an interface of that name in the daemon's own namespace. */
    public static boolean isInHost(final String name) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            return netlink.link(name).isPresent();
        }
    }

    /** Does what can be done only once someone has moved a handed-over interface; without it, it is slower. */
    public static void finishMoved(final NetNamespace namespace, final long mac) {
        inside(namespace, netlink -> {
            netlink.links().stream().filter(link -> link.mac() == mac).forEach(LinkPlumber::removeQueue);
            return null;
        });
    }

    /** Ends an interface, wherever it is; that it went with its namespace is no error. */
    public static void destroy(final TapDevice device) {
        letGo(device);
        device.close();
    }

    /** The same without waiting for the kernel, which takes some 15 ms to end an interface. */
    public static void destroySoon(final TapDevice device) {
        letGo(device);
        Thread.ofPlatform().daemon().name("end of " + device.name()).start(device::close);
    }

    private static void letGo(final TapDevice device) {
        try {
            device.persistent(false);
        } catch (final NativeException ex) {
            LOG.debug("{} has gone with its namespace", device.name());
        }
    }

    /**
     * Takes up the interface that an earlier daemon has left in a namespace, where it is and as it is: its addresses,
     * routes and neighbours are whatever the namespace has made of them. It is known by its name and MAC address, or by
     * one of them where the namespace has changed the other. While it is held, its namespace stays.
     *
     * @throws ControlException when it is not there any more, is no TAP, or is held by someone else.
     */
    public static TapDevice reattach(final NetNamespace namespace, final LinkSpec spec) {
        return inside(namespace, netlink -> {
            final List<Link> links = netlink.links();
            final Link link = Stream.<Predicate<Link>>of(
                    found -> found.name().equals(spec.name()) && found.mac() == spec.mac(),
                    found -> found.mac() == spec.mac(),
                    found -> found.name().equals(spec.name()))
                .flatMap(known -> links.stream().filter(known)).filter(found -> found.kind().equals(TapDevice.KIND))
                .findFirst().orElseThrow(() -> ControlException.notFound("a TAP " + spec.name() + " or one with MAC"
                    + " address " + MacAddress.format(spec.mac()) + " is not in " + namespace.path() + " any more"));
            return attach(link, spec);
        });
    }

    /** Removes an interface that nobody holds from a namespace; one that is not there is no error. */
    public static void remove(final NetNamespace namespace, final String name) {
        inside(namespace, netlink -> {
            netlink.link(name).ifPresent(netlink::delete);
            return null;
        });
    }

    /** The first of eth0, eth1 and so on that is free in the namespace. */
    public static String freeName(final NetNamespace namespace) {
        return inside(namespace, netlink -> {
            final Set<String> taken = netlink.links().stream().map(Link::name).collect(Collectors.toSet());
            return IntStream.range(0, MAX_INTERFACES).mapToObj(i -> "eth" + i).filter(name -> !taken.contains(name))
                .findFirst().orElseThrow(() -> ControlException.conflict("too many interfaces in " + namespace.path()));
        });
    }

    /**
     * The host's routes that a subnet may clash with: all but default ones and those of the loopback network.
     *
     * @param directOnly leaves out routes with a next hop: a new subnet may be a part of them.
     */
    public static List<IpPrefix> hostRoutes(final boolean directOnly) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            return netlink.routes().stream()
                .filter(route -> route.prefixLength() > 0)
                .filter(route -> !directOnly || route.isDirect())
                .map(route -> IpPrefix.of(route.destination(), route.prefixLength()))
                .filter(prefix -> !prefix.isSpecial())
                .toList();
        }
    }

    private static <T> T inside(final NetNamespace namespace, final Function<RouteNetlink, T> task) {
        return namespace.call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                return task.apply(netlink);
            }
        });
    }

    /** Moves an interface of our own namespace in and makes it what it shall be. */
    private static void moveIn(final String draft, final NetNamespace namespace, final LinkSpec spec) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            netlink.move(netlink.link(draft).orElseThrow(), namespace.fd(), spec.name());
        }
        inside(namespace, netlink -> {
            configure(netlink, spec);
            return null;
        });
    }

    private static void configure(final RouteNetlink netlink, final LinkSpec spec) {
        final Link link = netlink.link(spec.name()).orElseThrow();
        netlink.configure(link, spec.mac(), spec.mtu());
        netlink.link("lo").filter(loopback -> !loopback.up()).ifPresent(netlink::setUp);
        for (final AddressSpec address : spec.addresses()) {
            netlink.addAddress(link, address.address(), address.prefixLength());
        }
        if (!spec.defaultRoutes().isEmpty()) {
            final List<KernelRoute> routes = netlink.routes();
            for (final InetAddress gateway : spec.defaultRoutes()) {
                if (routes.stream().noneMatch(route -> isDefault(route, gateway))) {
                    netlink.addDefaultRoute(link, gateway);
                }
            }
        }
        removeQueue(link);
    }

    /**
     * Of two queues in a row, the queueing discipline's and the device's own, the second drops what finds no room, and
     * the first has only cost time. The kernel gives a moved interface a new one, so this comes last.
     */
    private static void removeQueue(final Link link) {
        try (TrafficControl control = new TrafficControl()) {
            control.removeQueue(link.index());
        } catch (final NativeException ex) {
            LOG.debug("{} keeps its queue", link.name(), ex);
        }
    }

    private static boolean isDefault(final KernelRoute route, final InetAddress gateway) {
        return route.prefixLength() == 0 && route.table() == RouteNetlink.RT_TABLE_MAIN
            && route.destination() instanceof Inet4Address == gateway instanceof Inet4Address;
    }

    private static void requireFree(final RouteNetlink netlink, final LinkSpec spec, final String where) {
        if (netlink.link(spec.name()).isPresent()) {
            throw ControlException.conflict("there is an interface " + spec.name() + " in " + where
                + " already; choose another name");
        }
    }

    private static TapDevice attach(final Link link, final LinkSpec spec) {
        try {
            return TapDevice.attach(link.name(), spec.owner());
        } catch (final NativeException ex) {
            throw failed("take up", spec, ex);
        }
    }

    private static TapDevice create(final String name, final LinkSpec spec) {
        try {
            return TapDevice.create(name, spec.owner());
        } catch (final NativeException ex) {
            throw failed("make", spec, ex);
        }
    }

    /** A device that is not persistent yet goes when it is closed. */
    private static TapDevice orClose(final TapDevice device, final LinkSpec spec, final Runnable steps) {
        try {
            steps.run();
            return device;
        } catch (final RuntimeException ex) {
            device.close();
            throw ex instanceof NativeException ? failed("set up", spec, ex) : ex;
        }
    }

    private static ControlException failed(final String verb, final LinkSpec spec, final RuntimeException cause) {
        return new ControlException(ControlException.Kind.FAILED, "cannot " + verb + " the interface " + spec.name()
            + " of " + spec.owner() + ": " + cause.getMessage(), cause);
    }

    /** A name that no other interface has while ours is on its way. */
    private static String draftName() {
        return String.format("sl%08x", ThreadLocalRandom.current().nextInt());
    }
}
