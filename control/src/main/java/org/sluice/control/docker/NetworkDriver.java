package org.sluice.control.docker;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.ControlThread;
import org.sluice.control.docker.NetworkMessages.Empty;
import org.sluice.control.docker.NetworkMessages.IpamData;
import org.sluice.control.docker.NetworkMessages.PortBinding;
import org.sluice.control.docker.NetworkMessages.Target;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.DockerNetwork;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.SubnetSpec;
import org.sluice.control.network.NetworkManager;

/**
 * Docker's network driver: the protocol of moby daemon/libnetwork/drivers/remote, in the words of our networks and
 * endpoints. Called by any thread; what it changes it changes on the control thread.
 */
final class NetworkDriver {
    private static final String PORT_MAP = "com.docker.network.portmap";
    /** Another endpoint of the container serves the host's IPv6 addresses (28.0 and later). */
    private static final String NO_IPV6 = "com.docker.network.driver.private.no_proxy_6to4";
    private static final String DEFAULT_PREFIX = "eth";
    private static final InetAddress ALL_IPV4 = IpPrefix.parseAddress("0.0.0.0");
    private static final InetAddress ALL_IPV6 = IpPrefix.parseAddress("::");

    private final ControlThread control;
    private final DesiredState state;
    private final NetworkManager networks;
    private final DockerEndpoints endpoints;
    private final DockerWatch watch;

    NetworkDriver(final ControlThread control, final DesiredState state, final NetworkManager networks,
                  final DockerEndpoints endpoints, final DockerWatch watch) {
        this.control = control;
        this.state = state;
        this.networks = networks;
        this.endpoints = endpoints;
        this.watch = watch;
    }

    NetworkMessages.Capabilities capabilities() {
        return new NetworkMessages.Capabilities("local", "local", true);
    }

    /** The gateway's address is the host port's, of internal networks too. */
    NetworkMessages.GwAllocCheck gwAllocCheck() {
        return new NetworkMessages.GwAllocCheck(false, false);
    }

    NetworkMessages.AllocatedNetwork allocateNetwork() {
        return new NetworkMessages.AllocatedNetwork(Map.of());
    }

    /** What asks for nothing of a driver of local scope. */
    Empty nothing() {
        return new Empty();
    }

    Empty createNetwork(final NetworkMessages.CreateNetwork request) {
        final String name = DockerId.nameOf("NetworkID", request.networkId());
        watch.touch(name);
        final NetworkOptions options = new NetworkOptions(request.options());
        final List<String> subnets = new ArrayList<>();
        final List<String> gateways = new ArrayList<>();
        for (final List<IpamData> family : Arrays.asList(request.ipv4(), request.ipv6())) {
            for (final IpamData data : family == null ? List.<IpamData>of() : family) {
                subnets.add(data.pool());
                if (data.gateway() != null && !data.gateway().isEmpty()) {
                    gateways.add(addressOf(data.gateway()));
                }
            }
        }
        if (subnets.isEmpty()) {
            throw ControlException.invalid("the network has no subnet; use an address management driver that gives it"
                + " one");
        }
        final NetworkManager.Request wanted = new NetworkManager.Request(name, subnets, gateways, null, options.mtu(),
            options.internal(), options.sourceGuard(), options.icc(), options.masquerade(), options.vni(),
            options.vtepLearning());
        final NetworkManager.DockerRequest docker = new NetworkManager.DockerRequest(
            new DockerNetwork(request.networkId(), options.hostBinding(), options.interfacePrefix()),
            options.hostInterface());
        return control.call(() -> {
            networks.create(wanted, docker);
            return new Empty();
        });
    }

    Empty deleteNetwork(final Target request) {
        return control.call(() -> {
            final NetworkSpec network = network(request.networkId());
            // Docker ends no network that has any: these it has lost sight of.
            state.endpointsOf(network.name()).forEach(endpoints::endNow);
            networks.end(network);
            return new Empty();
        });
    }

    NetworkMessages.CreatedEndpoint createEndpoint(final NetworkMessages.CreateEndpoint request) {
        final NetworkMessages.Interface given =
            request.addresses() == null ? new NetworkMessages.Interface("", "", "") : request.addresses();
        final List<String> ips = new ArrayList<>();
        for (final String address : Arrays.asList(given.address(), given.addressIpv6())) {
            if (!isEmpty(address)) {
                ips.add(addressOf(address));
            }
        }
        final EndpointSpec spec = endpoints.create(() -> network(request.networkId()), request.endpointId(), ips,
            isEmpty(given.macAddress()) ? null : given.macAddress());
        return control.call(() -> new NetworkMessages.CreatedEndpoint(chosen(spec, given)));
    }

    /** What we have chosen and Docker has not. */
    private NetworkMessages.Interface chosen(final EndpointSpec spec, final NetworkMessages.Interface given) {
        final NetworkSpec network = state.network(spec.network());
        return new NetworkMessages.Interface(
            isEmpty(given.address()) ? address(spec, network, true) : "",
            isEmpty(given.addressIpv6()) ? address(spec, network, false) : "",
            isEmpty(given.macAddress()) ? spec.mac() : "");
    }

    private static String address(final EndpointSpec spec, final NetworkSpec network, final boolean ipv4) {
        return spec.addresses().stream().filter(address -> address instanceof Inet4Address == ipv4)
            .map(address -> network.prefixOf(address).withAddress(address)).findFirst().orElse("");
    }

    NetworkMessages.OperInfo operInfo(final Target request) {
        return control.call(() -> {
            endpoint(request);
            return new NetworkMessages.OperInfo(Map.of());
        });
    }

    NetworkMessages.Joined join(final Target request) {
        if (isEmpty(request.sandboxKey())) {
            throw ControlException.invalid("the request names no SandboxKey");
        }
        final EndpointSpec spec = endpoints.join(() -> endpoint(request), request.sandboxKey());
        return control.call(() -> {
            final NetworkSpec network = state.network(spec.network());
            final String prefix = network.docker().interfacePrefix();
            return new NetworkMessages.Joined(
                new NetworkMessages.InterfaceName(spec.ifname(), prefix == null ? DEFAULT_PREFIX : prefix),
                gateway(network, true), gateway(network, false), network.internal());
        });
    }

    /** An internal network has none. */
    private static String gateway(final NetworkSpec network, final boolean ipv4) {
        return network.internal() ? null : network.subnets().stream().map(SubnetSpec::gateway)
            .filter(gateway -> gateway instanceof Inet4Address == ipv4).map(IpPrefix::format).findFirst().orElse(null);
    }

    Empty leave(final Target request) {
        endpoints.leave(() -> endpoint(request));
        return new Empty();
    }

    Empty deleteEndpoint(final Target request) {
        endpoints.delete(() -> endpoint(request));
        return new Empty();
    }

    Empty programExternalConnectivity(final Target request) {
        final List<PortBinding> bindings = bindings(request.options());
        final boolean ipv4Only = option(request.options(), NO_IPV6).asBoolean(false);
        endpoints.publish(() -> endpoint(request), spec -> PortBindings.toSpecs(bindings, allOf(spec, ipv4Only)));
        return new Empty();
    }

    /** Where a port is published that names no address of the host's: null for all. */
    private InetAddress allOf(final EndpointSpec spec, final boolean ipv4Only) {
        final InetAddress chosen = state.network(spec.network()).docker().hostAddress();
        if (chosen != null) {
            return chosen;
        }
        if (spec.addresses().stream().noneMatch(Inet4Address.class::isInstance)) {
            return ALL_IPV6;
        }
        return ipv4Only ? ALL_IPV4 : null;
    }

    Empty revokeExternalConnectivity(final Target request) {
        endpoints.unpublish(() -> endpoint(request));
        return new Empty();
    }

    private List<PortBinding> bindings(final Map<String, JsonNode> options) {
        final JsonNode list = option(options, PORT_MAP);
        if (list.isMissingNode() || list.isNull()) {
            return List.of();
        }
        try {
            return Arrays.asList(PluginJson.MAPPER.treeToValue(list, PortBinding[].class));
        } catch (final JsonProcessingException ex) {
            throw ControlException.invalid(PORT_MAP + " is wrong: " + ex.getOriginalMessage());
        }
    }

    private static JsonNode option(final Map<String, JsonNode> options, final String name) {
        return options == null ? MissingNode.getInstance() : options.getOrDefault(name, MissingNode.getInstance());
    }

    /** On the control thread. */
    private NetworkSpec network(final String id) {
        final String name = DockerId.nameOf("NetworkID", id);
        return state.networks().stream().filter(network -> network.name().equals(name))
            .filter(network -> network.ofDocker() && network.docker().id().equals(id)).findFirst()
            .orElseThrow(() -> ControlException.notFound("there is no network with the id " + id));
    }

    /** On the control thread. */
    private EndpointSpec endpoint(final Target request) {
        final NetworkSpec network = network(request.networkId());
        final String name = DockerId.nameOf("EndpointID", request.endpointId());
        return state.endpointsOf(network.name()).stream()
            .filter(endpoint -> endpoint.name().equals(name) && request.endpointId().equals(endpoint.dockerId()))
            .findFirst().orElseThrow(() -> ControlException.notFound("there is no endpoint with the id "
                + request.endpointId() + " on the network " + network.name()));
    }

    /** Without the prefix length. */
    private static String addressOf(final String withLength) {
        final int slash = withLength.indexOf('/');
        return slash < 0 ? withLength : withLength.substring(0, slash);
    }

    private static boolean isEmpty(final String text) {
        return text == null || text.isEmpty();
    }
}
