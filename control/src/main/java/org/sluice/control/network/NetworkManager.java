package org.sluice.control.network;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.Undo;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.LinkPlumber;
import org.sluice.control.ipam.AddressPool;
import org.sluice.control.ipam.MacAllocator;
import org.sluice.control.ipam.SubnetAllocator;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.DockerNetwork;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.Names;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.OverlaySpec;
import org.sluice.control.model.StateStore;
import org.sluice.control.model.SubnetSpec;
import org.sluice.control.model.VtepSpec;
import org.sluice.control.overlay.OverlayManager;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.datapath.protocol.VxlanFlyweight;
import org.sluice.linux.device.TapDevice;

/** Makes and ends networks: checks what is asked, completes it, and brings it about. Owned by the control thread. */
public final class NetworkManager {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkManager.class);
    private static final int DEFAULT_MTU = 1500;
    private static final int MIN_MTU = 68;
    /** RFC 8200, section 5. */
    private static final int MIN_MTU_IPV6 = 1280;
    /** What the kernel's TAP takes. */
    private static final int MAX_MTU = 65_521;
    private static final int MAX_PREFIX_IPV4 = 30;
    private static final int MAX_PREFIX_IPV6 = 126;

    /**
     * What a client asks for. All but the name may be null.
     *
     * @param subnets  CIDRs, at most one of each family; one of the default pool where there is none.
     * @param gateways addresses, each in one of the subnets; by default a subnet's first.
     * @param ipRanges CIDRs, each within one of the subnets; by default the whole of it.
     * @param vni      of an overlay network.
     */
    public record Request(String name, List<String> subnets, List<String> gateways, List<String> ipRanges,
                          Integer mtu, Boolean internal, Boolean sourceGuard, Boolean icc,
                          Boolean masquerade, Integer vni, Boolean vtepLearning) {
        public Request {
            subnets = subnets == null ? List.of() : subnets;
            gateways = gateways == null ? List.of() : gateways;
            ipRanges = ipRanges == null ? List.of() : ipRanges;
        }
    }

    /**
     * What only Docker asks for.
     *
     * @param hostInterface name of the host port, or null.
     */
    public record DockerRequest(DockerNetwork network, String hostInterface) {
    }

    /** A network that is there: its handle in the switch, its host port and its address pools. */
    public record LiveNetwork(NetworkSpec spec, SwitchEngine.NetworkHandle handle, SwitchEngine.PortHandle hostPort,
                              List<AddressPool> pools) {
    }

    private final DesiredState state;
    private final StateStore store;
    private final SwitchEngine engine;
    private final UplinkManager uplinks;
    private final OverlayManager overlays;
    private final Map<String, LiveNetwork> live = new HashMap<>();

    public NetworkManager(final DesiredState state, final StateStore store, final SwitchEngine engine,
                          final UplinkManager uplinks, final OverlayManager overlays) {
        this.state = state;
        this.store = store;
        this.engine = engine;
        this.uplinks = uplinks;
        this.overlays = overlays;
    }

    /**
     * Makes a network.
     *
     * @throws ControlException when the request is wrong, or clashes, or the system refuses.
     */
    public NetworkSpec create(final Request request) {
        return create(request, new DockerRequest(null, null));
    }

    /**
     * Makes a network for Docker.
     *
     * @throws ControlException when the request is wrong, or clashes, or the system refuses.
     */
    public NetworkSpec create(final Request request, final DockerRequest docker) {
        final NetworkSpec spec = complete(request, docker);
        bringUp(spec);
        state.put(spec);
        try {
            store.save(state);
        } catch (final RuntimeException ex) {
            state.removeNetwork(spec.name());
            takeDown(spec.name());
            store.stage(state);
            throw ex;
        }
        return spec;
    }

    /**
     * Ends a network that is not Docker's.
     *
     * @throws ControlException when there is none, or it is in use.
     */
    public void remove(final String name) {
        final NetworkSpec spec = state.network(name);
        if (spec.ofDocker()) {
            throw ControlException.conflict("network \"" + name + "\" belongs to Docker: use docker network rm;"
                + " if Docker has forgotten it, sluice prune");
        }
        end(spec);
    }

    /**
     * Ends a network, whoever's.
     *
     * @throws ControlException when it is in use.
     */
    public void end(final NetworkSpec spec) {
        final String name = spec.name();
        final List<String> endpoints = state.endpointsOf(name).stream().map(e -> e.name()).toList();
        if (!endpoints.isEmpty()) {
            throw ControlException.conflict("network \"" + name + "\" is in use by " + String.join(", ", endpoints)
                + "; detach them first");
        }
        final List<VtepSpec> vteps = state.vtepsOf(name);
        takeDown(name);
        state.removeNetwork(name);
        try {
            store.save(state);
        } catch (final RuntimeException ex) {
            state.put(spec);
            state.putVteps(name, vteps);
            bringUp(spec);
            store.stage(state);
            throw ex;
        }
    }

    /** Ends all networks without endpoints; Docker's are Docker's to end. */
    public List<String> prune() {
        final List<String> unused = state.networks().stream().filter(spec -> !spec.ofDocker())
            .map(NetworkSpec::name).filter(name -> state.endpointsOf(name).isEmpty()).toList();
        final List<String> removed = new ArrayList<>();
        for (final String name : unused) {
            try {
                remove(name);
                removed.add(name);
            } catch (final ControlException ex) {
                LOG.error("cannot remove network {}: {}", name, ex.getMessage());
            }
        }
        return removed;
    }

    /** Brings the saved networks up again. One that cannot be is logged, and stays in the state. */
    public void restore() {
        for (final NetworkSpec spec : state.networks()) {
            try {
                bringUp(spec);
            } catch (final RuntimeException ex) {
                LOG.error("network {} could not be restored: {}", spec.name(), ex.getMessage());
            }
        }
    }

    /**
     * @throws ControlException when there is no such network, or it could not be restored.
     */
    public LiveNetwork live(final String name) {
        return find(name).orElseThrow(() -> new ControlException(ControlException.Kind.FAILED,
            "network \"" + state.network(name).name() + "\" is down: it could not be restored; see the daemon's log"));
    }

    /** The network, if it is up. */
    public Optional<LiveNetwork> find(final String name) {
        return Optional.ofNullable(live.get(name));
    }

    /** Closes what the daemon holds; what is desired stays. */
    public void close() {
        for (final String name : List.copyOf(live.keySet())) {
            try {
                takeDown(name);
            } catch (final ControlException ex) {
                LOG.error("cannot take down network {}: {}", name, ex.getMessage());
            }
        }
    }

    private NetworkSpec complete(final Request request, final DockerRequest docker) {
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
            !Boolean.FALSE.equals(request.sourceGuard()), request.icc(), request.masquerade(),
            hostInterface, MacAddress.format(gatewayMac), leastLoadedWorker(), docker.network(),
            overlay);
    }

    private OverlaySpec completeOverlay(final Request request) {
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
            if (other.spansHosts() && other.overlay().vni() == vni) {
                throw ControlException.conflict("VNI " + vni + " belongs to network \"" + other.name() + "\"");
            }
        }
        return new OverlaySpec(vni, Boolean.TRUE.equals(request.vtepLearning()));
    }

    /**
     * What Ethernet takes, or less where an uplink takes less; for an overlay what the uplinks take, less the headers
     * that a packet gets on its way.
     */
    private int defaultMtu(final OverlaySpec overlay) {
        final IntStream mtus = uplinks.all().stream().mapToInt(uplink -> uplink.link().mtu());
        return overlay == null ? mtus.reduce(DEFAULT_MTU, Math::min)
            : Math.min(mtus.min().orElse(DEFAULT_MTU) - OverlayManager.OVERHEAD_BYTES, MAX_MTU);
    }

    private int leastLoadedWorker() {
        final int[] networksOf = new int[engine.workerCount()];
        state.networks().forEach(spec -> networksOf[spec.worker() % networksOf.length]++);
        return IntStream.range(0, networksOf.length).boxed().min(Comparator.comparing(worker -> networksOf[worker]))
            .orElseThrow();
    }

    private List<SubnetSpec> completeSubnets(final Request request) {
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

    private void bringUp(final NetworkSpec spec) {
        try (Undo undo = new Undo()) {
            final PortIdentity gateway = gatewayOf(spec);
            final SwitchEngine.NetworkHandle handle = engine.addNetwork(spec.name(), gateway,
                policyOf(spec), workerOf(spec));
            undo.add(() -> engine.removeNetwork(handle));
            final int portIndex = engine.reservePort();
            undo.add(() -> engine.releasePort(portIndex));
            final TapDevice device = LinkPlumber.plumb(new LinkPlumber.LinkSpec("network " + spec.name(),
                spec.hostInterface(), gateway.mac(), spec.mtu(), spec.subnets().stream()
                    .map(s -> new LinkPlumber.AddressSpec(s.gateway(), s.subnet().length())).toList(), List.of()));
            undo.add(device::close);
            final SwitchEngine.PortHandle port =
                engine.addPort(handle, spec.hostInterface(), device, spec.mtu(), PortKind.HOST, false,
                    gateway, portIndex);
            if (isRouted(spec)) {
                spec.subnets().forEach(s -> uplinks.route(handle.workerIndex(), s.subnet()));
            }
            if (spec.spansHosts()) {
                undo.add(() -> engine.removePort(port));
                overlays.bringUp(spec, handle);
            }
            live.put(spec.name(),
                new LiveNetwork(spec, handle, port, spec.subnets().stream().map(NetworkManager::poolOf).toList()));
            undo.commit();
        }
    }

    private static DomainPolicy policyOf(final NetworkSpec spec) {
        return spec.spansHosts()
            ? new DomainPolicy(spec.internal(), spec.icc(), spec.masquerade(), spec.overlay().vni(),
                spec.overlay().vtepLearning())
            : new DomainPolicy(spec.internal(), spec.icc(), spec.masquerade());
    }

    /** What comes through the tunnels is spread over the workers by its VNI: see UdpTunnelDevice. */
    private int workerOf(final NetworkSpec spec) {
        return (spec.spansHosts() ? spec.overlay().vni() : spec.worker()) % engine.workerCount();
    }

    /** Of the addresses for endpoints. */
    private static AddressPool poolOf(final SubnetSpec subnet) {
        final AddressPool pool = new AddressPool(subnet.subnet(), subnet.ipRange());
        pool.take(subnet.gateway());
        return pool;
    }

    private void takeDown(final String name) {
        final LiveNetwork network = live.get(name);
        if (network != null) {
            overlays.takeDown(name);
            network.spec().subnets().forEach(s -> uplinks.unroute(network.handle().workerIndex(), s.subnet()));
            engine.removePort(network.hostPort());
            engine.releasePort(network.hostPort().index());
            network.hostPort().device().close();
            live.remove(name);
            engine.removeNetwork(network.handle());
        }
    }

    /** Whether the world knows its endpoints by their own addresses. */
    private static boolean isRouted(final NetworkSpec spec) {
        return !spec.masquerade() && !spec.internal();
    }

    private static PortIdentity gatewayOf(final NetworkSpec spec) {
        return Addresses.identity(MacAddress.parse(spec.gatewayMac()),
            spec.subnets().stream().map(SubnetSpec::gateway).toList());
    }
}
