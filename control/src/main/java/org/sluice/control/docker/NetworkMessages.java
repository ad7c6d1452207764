package org.sluice.control.docker;

import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;

import org.jspecify.annotations.Nullable;

/**
 * The JSON of Docker's network driver protocol (moby daemon/libnetwork/drivers/remote/api), as 20.10 and later engines
 * send it. Any field of a request may be missing.
 */
final class NetworkMessages {
    private NetworkMessages() {
    }

    /** The kinds of driver that a plugin is. */
    record Manifest(@JsonProperty("Implements") List<String> kinds) {
    }

    /** An answer that says nothing. */
    record Empty() {
    }

    /** The driver's abilities. */
    record Capabilities(@JsonProperty("Scope") String scope,
                        @JsonProperty("ConnectivityScope") String connectivityScope,
                        @JsonProperty("GwAllocChecker") boolean gwAllocChecker) {
    }

    /** Whether Docker need not take an address for the gateway; asked from 28.0 on. */
    record GwAllocCheck(@JsonProperty("SkipIPv4") boolean skipIpv4, @JsonProperty("SkipIPv6") boolean skipIpv6) {
    }

    /**
     * A subnet that Docker's address management has chosen.
     *
     * @param pool         in CIDR notation.
     * @param gateway      with prefix length.
     * @param auxAddresses by name; Docker keeps them from containers.
     */
    record IpamData(@JsonProperty("AddressSpace") @Nullable String addressSpace,
                    @JsonProperty("Pool") @Nullable String pool,
                    @JsonProperty("Gateway") @Nullable String gateway,
                    @JsonProperty("AuxAddresses") @Nullable Map<String, String> auxAddresses) {
    }

    /** A network to be made. */
    record CreateNetwork(@JsonProperty("NetworkID") @Nullable String networkId,
                         @JsonProperty("Options") @Nullable Map<String, JsonNode> options,
                         @JsonProperty("IPv4Data") @Nullable List<IpamData> ipv4,
                         @JsonProperty("IPv6Data") @Nullable List<IpamData> ipv6) {
    }

    /** A network, and of some calls an endpoint of it. */
    record Target(@JsonProperty("NetworkID") @Nullable String networkId,
                  @JsonProperty("EndpointID") @Nullable String endpointId,
                  @JsonProperty("SandboxKey") @Nullable String sandboxKey,
                  @JsonProperty("Options") @Nullable Map<String, JsonNode> options) {
    }

    /** An endpoint's addresses, with prefix length; empty where Docker has not chosen one. */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    record Interface(@JsonProperty("Address") @Nullable String address,
                     @JsonProperty("AddressIPv6") @Nullable String addressIpv6,
                     @JsonProperty("MacAddress") @Nullable String macAddress) {
    }

    /** An endpoint to be made. */
    record CreateEndpoint(@JsonProperty("NetworkID") @Nullable String networkId,
                          @JsonProperty("EndpointID") @Nullable String endpointId,
                          @JsonProperty("Interface") @Nullable Interface addresses,
                          @JsonProperty("Options") @Nullable Map<String, JsonNode> options) {
    }

    /** The addresses that Docker has left to us; to repeat one that it has chosen itself would be an error. */
    record CreatedEndpoint(@JsonProperty("Interface") Interface addresses) {
    }

    /** Facts about an endpoint; there are none. */
    record OperInfo(@JsonProperty("Value") Map<String, String> value) {
    }

    /** The name of an interface before Docker has moved it, and the prefix of the name after that. */
    record InterfaceName(@JsonProperty("SrcName") String source, @JsonProperty("DstPrefix") String prefix) {
    }

    /** How a container gets its interface. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Joined(@JsonProperty("InterfaceName") InterfaceName name, @JsonProperty("Gateway") @Nullable String gateway,
                  @JsonProperty("GatewayIPv6") @Nullable String gatewayIpv6,
                  @JsonProperty("DisableGatewayService") boolean disableGatewayService) {
    }

    /** Options for swarm's agents; there are none. */
    record AllocatedNetwork(@JsonProperty("Options") Map<String, String> options) {
    }

    /**
     * One published port.
     *
     * @param protocol    6, 17 or 132.
     * @param hostIp      empty for all.
     * @param hostPort    0 for any.
     * @param hostPortEnd above the host's port: any up to there.
     */
    record PortBinding(@JsonProperty("Proto") int protocol, @JsonProperty("Port") int port,
                       @JsonProperty("HostIP") @Nullable String hostIp, @JsonProperty("HostPort") int hostPort,
                       @JsonProperty("HostPortEnd") int hostPortEnd) {
    }
}
