package org.sluice.control.docker;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import com.fasterxml.jackson.databind.JsonNode;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.IpPrefix;

/**
 * The things that Docker's API lists: the networks and the containers, running or not, with their endpoints and
 * addresses.
 *
 * @param networks   names by id.
 * @param containers names by endpoint's id.
 * @param subnets    of all networks.
 * @param addresses  that containers have, and gateways and auxiliary ones.
 */
record DockerInventory(Map<String, String> networks, Map<String, String> containers, Set<IpPrefix> subnets,
                       Set<InetAddress> addresses) {
    /**
     * Reads two answers of the API.
     *
     * @param networkList   of {@code GET /networks}.
     * @param containerList of {@code GET /containers/json?all=1}.
     */
    static DockerInventory read(final JsonNode networkList, final JsonNode containerList) {
        final DockerInventory all =
            new DockerInventory(new HashMap<>(), new HashMap<>(), new HashSet<>(), new HashSet<>());
        for (final JsonNode network : networkList) {
            all.networks.put(network.path("Id").asText(), network.path("Name").asText());
            for (final JsonNode config : network.path("IPAM").path("Config")) {
                all.addSubnet(config.path("Subnet").asText());
                all.addAddress(config.path("Gateway").asText());
                config.path("AuxiliaryAddresses").forEach(address -> all.addAddress(address.asText()));
            }
        }
        for (final JsonNode container : containerList) {
            final String name = container.path("Names").path(0).asText(container.path("Id").asText());
            for (final JsonNode endpoint : container.path("NetworkSettings").path("Networks")) {
                all.containers.put(endpoint.path("EndpointID").asText(),
                    name.startsWith("/") ? name.substring(1) : name);
                all.addAddress(endpoint.path("IPAddress").asText());
                all.addAddress(endpoint.path("GlobalIPv6Address").asText());
            }
        }
        return all;
    }

    private void addSubnet(final String text) {
        try {
            subnets.add(IpPrefix.parse(text));
        } catch (final ControlException ex) {
            return; // another driver's, of no concern here
        }
    }

    private void addAddress(final String text) {
        if (!text.isEmpty()) {
            try {
                addresses.add(IpPrefix.parseAddress(text.split("/")[0]));
            } catch (final ControlException ex) {
                return; // another driver's, of no concern here
            }
        }
    }
}
