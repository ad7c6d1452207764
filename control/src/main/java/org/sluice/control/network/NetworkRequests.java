package org.sluice.control.network;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.LinkPlumber;
import org.sluice.control.ipam.MacAllocator;
import org.sluice.control.ipam.SubnetAllocator;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.Names;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.OverlaySpec;
import org.sluice.control.model.SubnetSpec;
import org.sluice.control.overlay.LiveOverlays;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.datapath.protocol.VxlanFlyweight;

/**
 * Checks requests for networks, and completes them: subnets, gateways, MTU, names, the worker. Owned by the control
 * thread.
 */
final class NetworkRequests {
    private static final int DEFAULT_MTU = 1500;
    private static final int MIN_MTU = 68;
    /** RFC 8200, section 5. */
    private static final int MIN_MTU_IPV6 = 1280;
    /** The limit of the kernel's TAP. */
    private static final int MAX_MTU = 65_521;
    private static final int MAX_PREFIX_IPV4 = 30;
    private static final int MAX_PREFIX_IPV6 = 126;

    private final DesiredState state;
    private final SwitchEngine engine;
    private final UplinkManager uplinks;

    NetworkRequests(final DesiredState state, final SwitchEngine engine, final UplinkManager uplinks) {
        this.state = state;
        this.engine = engine;
        this.uplinks = uplinks;
    }

    /**
     * The network that is asked for, complete.
     *
     * @throws ControlException when the request is wrong, or clashes with what is there.
     */
    NetworkSpec complete(final NetworkManager.Request request, final NetworkManager.DockerRequest docker) {
        final String name = Names.require("network", request.name());
        if (state.hasNetwork(name)) {
            throw ControlException.conflict("there is a network \"" + name + "\" already");
        }
        final OverlaySpec overlay = completeOverlay(request);
        final List<SubnetSpec> subnets = completeSubnets(request);
        final int mtu = request.mtu() == null ? defaultMtu(overlay) : request.mtu();
        final boolean ipv6 = subnets.stream().anyMatch(s -> !s.subnet().isIpv4());
        final int minMtu = ipv6 ? MIN_MTU_IPV6 : MIN_MTU;
        if (mtu < minMtu || mtu > MAX_MTU) {
            throw ControlException.invalid("MTU " + mtu + " is not from " + minMtu + " to " + MAX_MTU);
        }
        final String hostInterface =
            docker.hostInterface() == null ? Names.hostInterface(name) : Names.requireInterface(docker.hostInterface());
        final long gatewayMac = MacAllocator.macFor(subnets.stream().map(SubnetSpec::gateway).toList());
        return new NetworkSpec(name, subnets, mtu, Boolean.TRUE.equals(request.internal()),
            !Boolean.FALSE.equals(request.sourceGuard()), !Boolean.FALSE.equals(request.icc()),
            !Boolean.FALSE.equals(request.masquerade()), hostInterface, MacAddress.format(gatewayMac),
            leastLoadedWorker(), docker.network(), overlay);
    }

    private @Nullable OverlaySpec completeOverlay(final NetworkManager.Request request) {
        if (request.vni() == null) {
            if (Boolean.TRUE.equals(request.vtepLearning())) {
                throw ControlException.invalid("--vtep-learning is for networks that span hosts; give a --vni too");
            }
            return null;
        }
        final int vni = request.vni();
        if (vni < 1 || vni > VxlanFlyweight.MAX_VNI) {
            throw ControlException.invalid("VNI " + vni + " is not from 1 to " + VxlanFlyweight.MAX_VNI);
        }
        for (final NetworkSpec other : state.networks()) {
            if (other.overlay() != null && other.overlay().vni() == vni) {
                throw ControlException.conflict("VNI " + vni + " belongs to network \"" + other.name() + "\"");
            }
        }
        return new OverlaySpec(vni, Boolean.TRUE.equals(request.vtepLearning()));
    }

    /**
     * Ethernet's MTU, or that of the uplinks where it is less; for an overlay the uplinks' MTU without the headers of
     * the tunnel.
     */
    private int defaultMtu(final @Nullable OverlaySpec overlay) {
        final IntStream mtus = uplinks.all().stream().mapToInt(uplink -> uplink.link().mtu());
        return overlay == null ? mtus.reduce(DEFAULT_MTU, Math::min)
            : Math.min(mtus.min().orElse(DEFAULT_MTU) - LiveOverlays.OVERHEAD_BYTES, MAX_MTU);
    }

    private int leastLoadedWorker() {
        final int[] networksOf = new int[engine.workerCount()];
        state.networks().forEach(spec -> networksOf[spec.worker() % networksOf.length]++);
        return IntStream.range(0, networksOf.length).boxed().min(Comparator.comparingInt(worker -> networksOf[worker]))
            .orElseThrow();
    }

    private List<SubnetSpec> completeSubnets(final NetworkManager.Request request) {
        final List<InetAddress> gateways =
            new ArrayList<>(request.gateways().stream().map(IpPrefix::parseAddress).toList());
        final List<IpPrefix> ranges =
            new ArrayList<>(request.ipRanges().stream().map(IpPrefix::parse).toList());
        final List<IpPrefix> prefixes = request.subnets().stream().map(IpPrefix::parse).toList();
        if (prefixes.isEmpty() && !(gateways.isEmpty() && ranges.isEmpty())) {
            throw ControlException.invalid("--gateway and --ip-range need a --subnet");
        }
        final List<IpPrefix> chosen = prefixes.isEmpty() ? List.of(defaultSubnet()) : prefixes;
        if (chosen.stream().map(IpPrefix::isIpv4).distinct().count() != chosen.size()) {
            throw ControlException.invalid("a network has at most one IPv4 and one IPv6 subnet");
        }
        final List<SubnetSpec> subnets = chosen.stream().map(p -> completeSubnet(p, gateways, ranges)).toList();
        if (!gateways.isEmpty()) {
            throw ControlException.invalid("gateway " + IpPrefix.format(gateways.getFirst())
                + " is in no subnet, or in a subnet that has one already");
        }
        if (!ranges.isEmpty()) {
            throw ControlException.invalid("IP range " + ranges.getFirst()
                + " is within no subnet, or in a subnet that has one already");
        }
        return subnets;
    }

    /** Takes its gateway and range out of the lists. */
    private SubnetSpec completeSubnet(final IpPrefix subnet, final List<InetAddress> gateways,
                                      final List<IpPrefix> ranges) {
        final int longest = subnet.isIpv4() ? MAX_PREFIX_IPV4 : MAX_PREFIX_IPV6;
        if (subnet.length() > longest || subnet.length() == 0) {
            throw ControlException.invalid("subnet " + subnet + " has no room for a gateway and endpoints; use a prefix"
                + " of 1 to " + longest);
        }
        if (subnet.isSpecial()) {
            throw ControlException.invalid("subnet " + subnet + " is reserved; endpoints cannot have addresses of it");
        }
        requireFree(subnet);
        final InetAddress gateway = gateways.stream().filter(subnet::contains).findFirst()
            .orElse(subnet.at(BigInteger.ONE));
        if (subnet.isReserved(gateway)) {
            throw ControlException.invalid("gateway " + IpPrefix.format(gateway)
                + " is the network or broadcast address of " + subnet);
        }
        final IpPrefix range = ranges.stream().filter(subnet::contains).findFirst().orElse(subnet);
        gateways.remove(gateway);
        ranges.remove(range);
        return new SubnetSpec(subnet, gateway, range);
    }

    private void requireFree(final IpPrefix subnet) {
        for (final NetworkSpec other : state.networks()) {
            for (final SubnetSpec taken : other.subnets()) {
                if (taken.subnet().overlaps(subnet)) {
                    throw ControlException.conflict("subnet " + subnet + " overlaps " + taken.subnet()
                        + " of the network \"" + other.name() + "\"" + (other.ofDocker()
                        ? ", which belongs to Docker; if Docker has forgotten it: sluice prune" : ""));
                }
            }
        }
        for (final IpPrefix route : LinkPlumber.hostRoutes(true)) {
            if (route.overlaps(subnet)) {
                throw ControlException.conflict("subnet " + subnet + " overlaps the host's route to " + route
                    + "; choose another");
            }
        }
    }

    private IpPrefix defaultSubnet() {
        final List<IpPrefix> taken = new ArrayList<>(LinkPlumber.hostRoutes(false));
        taken.addAll(state.subnets());
        return SubnetAllocator.allocate(candidate -> taken.stream().anyMatch(candidate::overlaps));
    }
}
