package org.sluice.control.docker;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.docker.NetworkMessages.Empty;
import org.sluice.control.docker.NetworkMessages.IpamData;
import org.sluice.control.docker.NetworkMessages.PortBinding;
import org.sluice.control.docker.NetworkMessages.Target;
import org.sluice.control.model.DockerNetwork;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.network.NetworkManager;

/**
 * Docker's network driver: translates the protocol of moby daemon/libnetwork/drivers/remote into what our networks and
 * endpoints of Docker's can do, and back. Called by any thread; has no state of its own.
 */
final class NetworkDriver {
    private static final String PORT_MAP = "com.docker.network.portmap";
    /** Another endpoint of the container serves the host's IPv6 addresses (28.0 and later). */
    private static final String NO_IPV6 = "com.docker.network.driver.private.no_proxy_6to4";
    private static final String DEFAULT_PREFIX = "eth";

    private final DockerNetworks networks;
    private final DockerEndpoints endpoints;
    private final DockerWatch watch;

    NetworkDriver(final DockerNetworks networks, final DockerEndpoints endpoints, final DockerWatch watch) {
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

    /** Answers calls that ask for nothing of a driver of local scope. */
    Empty nothing() {
        return new Empty();
    }

    Empty createNetwork(final NetworkMessages.CreateNetwork request) {
        final String id = DockerId.require("NetworkID", request.networkId());
        final String name = DockerId.nameOf("NetworkID", id);
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
        final NetworkManager.Request wanted = new NetworkManager.Request(name, subnets, gateways, List.of(),
            options.mtu(), options.internal(), options.sourceGuard(), options.icc(), options.masquerade(),
            options.vni(), options.vtepLearning());
        final NetworkManager.DockerRequest docker = new NetworkManager.DockerRequest(
            new DockerNetwork(id, options.hostBinding(), options.interfacePrefix()),
            options.hostInterface());
        networks.create(wanted, docker);
        return new Empty();
    }

    Empty deleteNetwork(final Target request) {
        networks.delete(DockerId.require("NetworkID", request.networkId()));
        return new Empty();
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
        final DockerEndpoint created = endpoints.create(idOf(request.networkId(), request.endpointId()),
            ips, isEmpty(given.macAddress()) ? null : given.macAddress());
        return new NetworkMessages.CreatedEndpoint(chosen(created, given));
    }

    /** The addresses that we have chosen and Docker has not. */
    private static NetworkMessages.Interface chosen(final DockerEndpoint created,
                                                    final NetworkMessages.Interface given) {
        return new NetworkMessages.Interface(
            isEmpty(given.address()) ? created.address(true) : "",
            isEmpty(given.addressIpv6()) ? created.address(false) : "",
            isEmpty(given.macAddress()) ? created.spec().mac() : "");
    }

    NetworkMessages.OperInfo operInfo(final Target request) {
        endpoints.require(idOf(request));
        return new NetworkMessages.OperInfo(Map.of());
    }

    NetworkMessages.Joined join(final Target request) {
        final String sandboxKey = request.sandboxKey();
        if (sandboxKey == null || sandboxKey.isEmpty()) {
            throw ControlException.invalid("the request names no SandboxKey");
        }
        final DockerEndpoint joined = endpoints.join(idOf(request), sandboxKey);
        final NetworkSpec network = joined.network();
        final String prefix = joined.docker().interfacePrefix();
        return new NetworkMessages.Joined(
            new NetworkMessages.InterfaceName(joined.spec().ifname(), prefix == null ? DEFAULT_PREFIX : prefix),
            joined.gateway(true), joined.gateway(false), network.internal());
    }

    Empty leave(final Target request) {
        endpoints.leave(idOf(request));
        return new Empty();
    }

    Empty deleteEndpoint(final Target request) {
        endpoints.delete(idOf(request));
        return new Empty();
    }

    Empty programExternalConnectivity(final Target request) {
        endpoints.publish(idOf(request), new PortBindings(bindings(request.options()),
            option(request.options(), NO_IPV6).asBoolean(false)));
        return new Empty();
    }

    Empty revokeExternalConnectivity(final Target request) {
        endpoints.unpublish(idOf(request));
        return new Empty();
    }

    private static List<PortBinding> bindings(final @Nullable Map<String, JsonNode> options) {
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

    private static JsonNode option(final @Nullable Map<String, JsonNode> options, final String name) {
        return options == null ? MissingNode.getInstance() : options.getOrDefault(name, MissingNode.getInstance());
    }

    private static EndpointId idOf(final Target request) {
        return idOf(request.networkId(), request.endpointId());
    }

    private static EndpointId idOf(final @Nullable String network, final @Nullable String endpoint) {
        return new EndpointId(DockerId.require("NetworkID", network), DockerId.require("EndpointID", endpoint));
    }

    /** Without the prefix length. */
    private static String addressOf(final String withLength) {
        final int slash = withLength.indexOf('/');
        return slash < 0 ? withLength : withLength.substring(0, slash);
    }

    private static boolean isEmpty(final @Nullable String text) {
        return text == null || text.isEmpty();
    }
}
