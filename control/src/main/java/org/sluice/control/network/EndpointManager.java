package org.sluice.control.network;

import java.net.InetAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.Undo;
import org.sluice.control.host.LinkPlumber;
import org.sluice.control.ipam.MacAllocator;
import org.sluice.control.model.Change;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.Names;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.PortMapSpec;
import org.sluice.control.model.StateStore;
import org.sluice.control.model.VtepSpec;
import org.sluice.linux.device.TapDevice;
import org.sluice.linux.sys.NetNamespace;

/**
 * Attaches namespaces to networks and detaches them: addresses, the interface inside, the port in the switch. Owned by
 * the control thread.
 */
public final class EndpointManager {
    private static final Logger LOG = LoggerFactory.getLogger(EndpointManager.class);

    /**
     * A client's request. What it left out is null; it needs the network, and one of {@code netns} and {@code pid}.
     *
     * @param netns path or name of a namespace; or else
     * @param pid   of a process in it.
     * @param ips   addresses, at most one of each subnet.
     */
    public record Request(@Nullable String network, @Nullable String netns, @Nullable Long pid, @Nullable String name,
                          @Nullable String ifname, List<String> ips, @Nullable String mac) {
        public Request {
            ips = ips == null ? List.of() : ips;
        }
    }

    private final StateStore store;
    private final DesiredState state;
    private final LiveNetworks networks;
    private final LiveEndpoints live;
    private final PortMapManager portMaps;
    /** Endpoints whose namespaces only we may be keeping, by name. */
    private final Set<String> inside = new HashSet<>();

    EndpointManager(final StateStore store, final LiveNetworks networks, final LiveEndpoints live,
                    final PortMapManager portMaps) {
        this.store = store;
        state = store.state();
        this.networks = networks;
        this.live = live;
        this.portMaps = portMaps;
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
        try (NetNamespace namespace = EndpointLinks.open(namespacePath(request)); Change change = store.change()) {
            final String ifname = request.ifname() == null ? LinkPlumber.freeName(namespace) : request.ifname();
            final EndpointSpec spec = reserve(new Reservation(network.name(), name, namespace.path().toString(),
                namespace.inode(), ifname, request.ips(), request.mac(), null));
            change.undo(() -> forget(spec));
            final TapDevice device = LinkPlumber.plumb(namespace, EndpointLinks.linkOf(network, spec));
            change.undo(() -> LinkPlumber.destroy(device));
            live.plug(spec, device);
            change.undo(() -> live.unplug(spec));
            change.save();
            return spec;
        }
    }

    /**
     * Puts an endpoint into the state, with addresses, a MAC address and a number of its own; it has no port yet. The
     * caller saves the state.
     *
     * @throws ControlException when they are not to be had.
     */
    public EndpointSpec reserve(final Reservation wanted) {
        final LiveNetwork network = networks.get(wanted.network());
        final Set<InetAddress> elsewhere = state.remotesOf(wanted.network()).stream()
            .flatMap(remote -> remote.addresses().stream()).collect(Collectors.toSet());
        try (Undo undo = new Undo()) {
            final List<InetAddress> addresses = network.addresses().take(wanted.ips(), elsewhere);
            undo.add(() -> network.addresses().release(addresses));
            final String mac =
                MacAllocator.choose(network.spec(), wanted.mac(), addresses, macsOf(wanted.network()));
            final EndpointSpec spec = new EndpointSpec(wanted.name(), wanted.network(), wanted.netns(),
                wanted.netnsInode(), wanted.ifname(), mac, addresses, live.reserveNumber(), wanted.dockerId());
            state.put(spec);
            undo.commit();
            return spec;
        }
    }

    private List<String> macsOf(final String network) {
        return Stream.concat(
            state.endpointsOf(network).stream().filter(other -> !live.isStale(other)).map(EndpointSpec::mac),
            state.remotesOf(network).stream().map(VtepSpec.RemoteEndpoint::mac)).toList();
    }

    /** Takes back what {@link #reserve} has done; the caller saves the state. */
    public void forget(final EndpointSpec spec) {
        state.removeEndpoint(spec.name());
        live.releaseNumber(spec.number());
        networks.find(spec.network()).ifPresent(network -> network.addresses().release(spec.addresses()));
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
        try (Change change = store.change()) {
            final List<PortMapSpec> published = portMaps.forget(spec);
            change.undo(() -> published.forEach(state::put));
            live.unplug(spec).ifPresentOrElse(LinkPlumber::destroy, () -> EndpointLinks.remove(spec));
            state.removeEndpoint(name);
            change.undo(() -> state.put(spec));
            change.save();
        }
        inside.remove(name);
        forget(spec);
    }

    /** Sets the numbers of the saved endpoints' ports aside, before anything else takes them. */
    void reserveNumbers() {
        state.endpoints().stream().filter(spec -> spec.portIndex() != null)
            .forEach(spec -> live.reserveNumber(spec.number()));
    }

    /**
     * Takes up the interfaces that an earlier daemon has left in their namespaces. An endpoint whose interface is gone
     * is logged and stays in the state, shown as gone, until it is detached.
     */
    void restore() {
        for (final EndpointSpec spec : List.copyOf(state.endpoints())) {
            if (spec.portIndex() == null) {
                state.put(spec.withPortIndex(live.reserveNumber()));
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

    private void restore(final EndpointSpec spec) {
        final LiveNetwork network = networks.get(spec.network());
        network.addresses().retake(spec.addresses());
        EndpointLinks.takeUp(EndpointLinks.linkOf(network.spec(), spec), spec).ifPresent(device -> {
            try {
                live.plug(spec, device);
            } catch (final RuntimeException ex) {
                device.close();
                throw ex;
            }
            if (!spec.ofDocker()) {
                inside.add(spec.name());
            }
        });
    }

    /**
     * Lets go of interfaces that were taken up in namespaces which nobody else uses any more: they go with them.
     * Docker says so itself for those of its containers.
     */
    public void endAbandoned() {
        for (final String name : List.copyOf(inside)) {
            final EndpointSpec spec = state.endpoint(name);
            if (!NetNamespace.isInUse(Path.of(String.valueOf(spec.netns())), spec.netnsInode())) {
                LOG.warn("the namespace {} of endpoint {} is gone, and its interface with it", spec.netns(), name);
                inside.remove(name);
                live.unplug(spec).ifPresent(LinkPlumber::destroySoon);
            }
        }
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

    private String defaultName(final String network) {
        int number = 1;
        while (state.hasEndpoint(network + "-" + number)) {
            number++;
        }
        return network + "-" + number;
    }
}
