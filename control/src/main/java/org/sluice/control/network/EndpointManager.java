package org.sluice.control.network;

import java.net.InetAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.Undo;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.LinkPlumber;
import org.sluice.control.ipam.AddressPool;
import org.sluice.control.ipam.MacAllocator;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.Names;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.PortMapSpec;
import org.sluice.control.model.StateStore;
import org.sluice.control.model.SubnetSpec;
import org.sluice.control.model.VtepSpec;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.linux.device.TapDevice;
import org.sluice.linux.sys.NamespaceException;
import org.sluice.linux.sys.NetNamespace;

/**
 * Attaches namespaces to networks and detaches them: addresses, the interface inside, the port in the switch. Owned by
 * the control thread.
 */
public final class EndpointManager {
    private static final Logger LOG = LoggerFactory.getLogger(EndpointManager.class);

    /**
     * What a client asks for. All but the network and one of the namespace's two ways may be null.
     *
     * @param netns path or name of a namespace; or else
     * @param pid   of a process in it.
     * @param ips   addresses, at most one of each subnet.
     */
    public record Request(String network, String netns, Long pid, String name, String ifname, List<String> ips,
                          String mac) {
        public Request {
            ips = ips == null ? List.of() : ips;
        }
    }

    private final DesiredState state;
    private final StateStore store;
    private final SwitchEngine engine;
    private final NetworkManager networks;
    private final Map<String, SwitchEngine.PortHandle> ports = new HashMap<>();
    private PortMapManager portMaps;

    public EndpointManager(final DesiredState state, final StateStore store, final SwitchEngine engine,
                           final NetworkManager networks) {
        this.state = state;
        this.store = store;
        this.engine = engine;
        this.networks = networks;
    }

    /** Who takes an endpoint's published ports back when it is detached. */
    public void portMaps(final PortMapManager manager) {
        portMaps = manager;
    }

    /**
     * Attaches a namespace to a network. When this returns, frames pass.
     *
     * @throws ControlException when the request is wrong, or clashes, or the system refuses; nothing is then left.
     */
    public EndpointSpec attach(final Request request) {
        if (request.network() == null) {
            throw ControlException.invalid("which network? name one");
        }
        final NetworkSpec network = state.network(request.network());
        if (network.ofDocker()) {
            throw ControlException.conflict("network \"" + request.network()
                + "\" and its addresses belong to Docker: attach containers with docker network connect");
        }
        final String name = request.name() == null ? defaultName(network.name())
            : Names.require("endpoint", request.name());
        if (state.hasEndpoint(name)) {
            throw ControlException.conflict("there is an endpoint \"" + name + "\" already");
        }
        if (request.ifname() != null) {
            Names.requireInterface(request.ifname());
        }
        try (NetNamespace namespace = open(namespacePath(request)); Undo undo = new Undo()) {
            final String ifname = request.ifname() == null ? LinkPlumber.freeName(namespace) : request.ifname();
            final EndpointSpec spec = reserve(new Reservation(network.name(), name, namespace.path().toString(),
                namespace.inode(), ifname, request.ips(), request.mac(), null));
            undo.add(() -> forget(spec));
            final TapDevice device = LinkPlumber.plumb(namespace, linkOf(spec));
            undo.add(() -> LinkPlumber.destroy(device));
            plug(spec, device);
            undo.add(() -> unplug(spec));
            store.save(state);
            undo.commit();
            return spec;
        }
    }

    /**
     * What is to be set aside for an endpoint.
     *
     * @param ips addresses, at most one of each subnet.
     * @param mac or null.
     */
    public record Reservation(String network, String name, String netns, long netnsInode, String ifname,
                              List<String> ips, String mac, String dockerId) {
    }

    /**
     * Puts an endpoint into the state, with addresses, a MAC address and a number of its own; it has no port yet. The
     * caller saves the state.
     *
     * @throws ControlException when they are not to be had.
     */
    public EndpointSpec reserve(final Reservation wanted) {
        final NetworkManager.LiveNetwork live = networks.live(wanted.network());
        try (Undo undo = new Undo()) {
            final Set<InetAddress> elsewhere = state.remotesOf(wanted.network()).stream()
                .flatMap(remote -> remote.addresses().stream()).collect(Collectors.toSet());
            final List<InetAddress> addresses = takeAddresses(live, wanted.ips(), elsewhere, undo);
            final String mac = takeMac(live.spec(), wanted.mac(), addresses);
            final EndpointSpec spec = new EndpointSpec(wanted.name(), wanted.network(), wanted.netns(),
                wanted.netnsInode(), wanted.ifname(), mac, addresses, engine.reservePort(), wanted.dockerId());
            state.put(spec);
            undo.commit();
            return spec;
        }
    }

    /** Takes back what {@link #reserve} has done; the caller saves the state. */
    public void forget(final EndpointSpec spec) {
        state.removeEndpoint(spec.name());
        engine.releasePort(spec.portIndex());
        networks.find(spec.network()).ifPresent(network -> release(network.pools(), spec.addresses()));
    }

    /** Gives an endpoint its port in the switch: from now on, frames pass. */
    public void plug(final EndpointSpec spec, final TapDevice device) {
        final NetworkManager.LiveNetwork live = networks.live(spec.network());
        ports.put(spec.name(), engine.addPort(live.handle(), spec.name(), device, live.spec().mtu(), PortKind.ENDPOINT,
            live.spec().sourceGuard(), Addresses.identity(MacAddress.parse(spec.mac()), spec.addresses()),
            spec.portIndex()));
    }

    /**
     * Takes an endpoint's port out of the switch, and its connections.
     *
     * @return its device, now the caller's to end; none for an endpoint that could not be restored.
     */
    public Optional<TapDevice> unplug(final EndpointSpec spec) {
        final SwitchEngine.PortHandle port = ports.get(spec.name());
        if (port == null) {
            engine.forgetPort(spec.portIndex());
            return Optional.empty();
        }
        engine.removePort(port);
        ports.remove(spec.name());
        return Optional.of((TapDevice) port.device());
    }

    /**
     * Detaches an endpoint: its interface goes, its addresses are free again. A namespace that is gone is no error.
     *
     * @throws ControlException when there is no such endpoint, or it is Docker's.
     */
    public void detach(final String name) {
        final EndpointSpec spec = state.endpoint(name);
        if (spec.ofDocker()) {
            throw ControlException.conflict("endpoint \"" + name + "\" belongs to Docker: use docker network"
                + " disconnect; if Docker has forgotten it, sluice prune");
        }
        final List<PortMapSpec> published = portMaps.forget(spec);
        unplug(spec).ifPresentOrElse(LinkPlumber::destroy, () -> removeInterface(spec));
        state.removeEndpoint(name);
        try {
            store.save(state);
        } catch (final RuntimeException ex) {
            state.put(spec);
            published.forEach(state::put);
            store.stage(state);
            throw ex;
        }
        forget(spec);
    }

    /** Sets the numbers of the saved endpoints' ports aside, before anything else takes them. */
    public void reservePorts() {
        state.endpoints().stream().filter(spec -> spec.portIndex() != null)
            .forEach(spec -> engine.reservePort(spec.portIndex()));
    }

    /**
     * Takes up the interfaces that an earlier daemon has left in their namespaces. An endpoint whose interface is gone
     * is logged and stays in the state, shown as gone, until it is detached.
     */
    public void restore() {
        for (final EndpointSpec spec : List.copyOf(state.endpoints())) {
            if (spec.portIndex() == null) {
                state.put(spec.withPortIndex(engine.reservePort()));
            }
        }
        for (final EndpointSpec spec : state.endpoints()) {
            try {
                restore(spec);
            } catch (final RuntimeException ex) {
                LOG.warn("endpoint {} is gone: {}", spec.name(), ex.getMessage());
            }
        }
    }

    /** The endpoint's port, if it has one. */
    public Optional<SwitchEngine.PortHandle> port(final String name) {
        return Optional.ofNullable(ports.get(name));
    }

    /**
     * Docker's endpoints do not come back: one that could not be restored is only waiting for Docker to say so, who may
     * have said it while we were not there.
     */
    boolean isStale(final EndpointSpec spec) {
        return spec.ofDocker() && spec.netns() != null && !ports.containsKey(spec.name());
    }

    /** Closes what the daemon holds; the interfaces stay in their namespaces for the next one. */
    public void close() {
        ports.forEach((name, port) -> {
            try {
                engine.removePort(port, true);
                port.device().close();
            } catch (final ControlException ex) {
                LOG.error("cannot release endpoint {}: {}", name, ex.getMessage());
            }
        });
        ports.clear();
    }

    private void restore(final EndpointSpec spec) {
        final NetworkManager.LiveNetwork live = networks.live(spec.network());
        for (final InetAddress address : spec.addresses()) {
            poolOf(live, address).take(address);
        }
        if (spec.netns() == null) {
            // No container has joined it: what there may be was made by a daemon that died before it could say so.
            LinkPlumber.takeUpHandedOver(linkOf(spec)).ifPresent(LinkPlumber::destroy);
            return;
        }
        final TapDevice device = spec.ofDocker() ? takeUp(spec) : reattach(spec);
        try {
            plug(spec, device);
        } catch (final RuntimeException ex) {
            device.close();
            throw ex;
        }
    }

    private TapDevice reattach(final EndpointSpec spec) {
        try (NetNamespace namespace = open(Path.of(spec.netns()))) {
            if (namespace.inode() != spec.netnsInode()) {
                throw ControlException.notFound(spec.netns() + " is another namespace now");
            }
            return LinkPlumber.reattach(namespace, linkOf(spec));
        }
    }

    /** Docker may not have moved the interface yet, or have moved it back already. */
    private TapDevice takeUp(final EndpointSpec spec) {
        final Optional<TapDevice> waiting = LinkPlumber.takeUpHandedOver(linkOf(spec));
        if (waiting.isPresent()) {
            return waiting.get();
        }
        try (NetNamespace namespace = open(Path.of(spec.netns()))) {
            return LinkPlumber.takeUpMoved(namespace, linkOf(spec));
        }
    }

    /** An endpoint's interface as it shall be. */
    public LinkPlumber.LinkSpec linkOf(final EndpointSpec spec) {
        final NetworkSpec network = state.network(spec.network());
        final List<LinkPlumber.AddressSpec> addresses = spec.addresses().stream()
            .map(a -> new LinkPlumber.AddressSpec(a, network.prefixOf(a).length()))
            .toList();
        final List<InetAddress> gateways =
            network.internal() ? List.of() : network.subnets().stream().map(SubnetSpec::gateway).toList();
        return new LinkPlumber.LinkSpec("endpoint " + spec.name(), spec.ifname(), MacAddress.parse(spec.mac()),
            network.mtu(), addresses, gateways);
    }

    /**
     * One address of each subnet: those asked for, and any of the others.
     *
     * @param elsewhere addresses of endpoints on other hosts.
     */
    private static List<InetAddress> takeAddresses(final NetworkManager.LiveNetwork live, final List<String> wanted,
                                                   final Set<InetAddress> elsewhere, final Undo undo) {
        final List<InetAddress> asked = wanted.stream().map(IpPrefix::parseAddress).toList();
        final List<InetAddress> taken = new ArrayList<>();
        undo.add(() -> release(live.pools(), taken));
        for (final InetAddress address : asked) {
            final AddressPool pool = poolOf(live, address);
            if (live.spec().subnets().stream().anyMatch(subnet -> subnet.gateway().equals(address))) {
                throw ControlException.conflict("address " + IpPrefix.format(address) + " is the network's gateway");
            }
            if (elsewhere.contains(address)) {
                throw ControlException.conflict("address " + IpPrefix.format(address)
                    + " belongs to an endpoint on another host; see: sluice vtep ls --json");
            }
            if (taken.stream().anyMatch(pool.subnet()::contains)) {
                throw ControlException.invalid("an endpoint has only one address of " + pool.subnet());
            }
            pool.take(address);
            taken.add(address);
        }
        for (final AddressPool pool : live.pools()) {
            if (taken.stream().noneMatch(pool.subnet()::contains)) {
                taken.add(takeAny(pool, elsewhere));
            }
        }
        return List.copyOf(taken);
    }

    private static InetAddress takeAny(final AddressPool pool, final Set<InetAddress> elsewhere) {
        final List<InetAddress> passedOver = new ArrayList<>();
        try {
            InetAddress address = pool.take();
            while (elsewhere.contains(address)) {
                passedOver.add(address);
                address = pool.take();
            }
            return address;
        } finally {
            passedOver.forEach(pool::release);
        }
    }

    private static AddressPool poolOf(final NetworkManager.LiveNetwork live, final InetAddress address) {
        return live.pools().stream().filter(p -> p.subnet().contains(address)).findFirst().orElseThrow(() ->
            ControlException.invalid("address " + IpPrefix.format(address) + " is in no subnet of the network \""
                + live.spec().name() + "\": " + live.pools().stream().map(p -> p.subnet().toString()).toList()));
    }

    private static void release(final List<AddressPool> pools, final List<InetAddress> addresses) {
        for (final InetAddress address : addresses) {
            pools.stream().filter(p -> p.subnet().contains(address)).forEach(p -> p.release(address));
        }
    }

    private String takeMac(final NetworkSpec network, final String wanted, final List<InetAddress> addresses) {
        final List<String> taken = Stream.concat(state.endpointsOf(network.name()).stream()
            .filter(other -> !isStale(other)).map(EndpointSpec::mac),
            state.remotesOf(network.name()).stream().map(VtepSpec.RemoteEndpoint::mac)).toList();
        if (wanted == null) {
            return MacAllocator.allocate(addresses, mac -> mac.equals(network.gatewayMac()) || taken.contains(mac));
        }
        final String mac = MacAddress.format(MacAllocator.parse(wanted));
        if (mac.equals(network.gatewayMac())) {
            throw ControlException.conflict("MAC address " + mac + " is the gateway's");
        }
        if (taken.contains(mac)) {
            throw ControlException.conflict("MAC address " + mac
                + " is in use on the network; see: sluice endpoint ls"
                + (network.spansHosts() ? ", sluice vtep ls --json" : ""));
        }
        return mac;
    }

    private static Path namespacePath(final Request request) {
        if ((request.netns() == null) == (request.pid() == null)) {
            throw ControlException.invalid("which namespace? give either --netns or --pid");
        }
        try {
            return request.pid() != null ? NetNamespace.pathOfPid(request.pid())
                : NetNamespace.pathOf(request.netns());
        } catch (final InvalidPathException ex) {
            throw ControlException.invalid("\"" + request.netns() + "\" is no path: " + ex.getReason());
        }
    }

    private static NetNamespace open(final Path path) {
        try {
            return NetNamespace.open(path);
        } catch (final NamespaceException ex) {
            throw ControlException.invalid(ex.getMessage());
        }
    }

    /** For an endpoint that could not be restored: its interface may still be there. */
    private static void removeInterface(final EndpointSpec spec) {
        try (NetNamespace namespace = NetNamespace.open(Path.of(spec.netns()))) {
            if (namespace.inode() == spec.netnsInode()) {
                LinkPlumber.remove(namespace, spec.ifname());
            }
        } catch (final NamespaceException ex) {
            LOG.debug("{} has gone with its namespace", spec.ifname());
        }
    }

    private String defaultName(final String network) {
        int number = 1;
        while (state.hasEndpoint(network + "-" + number)) {
            number++;
        }
        return network + "-" + number;
    }
}
