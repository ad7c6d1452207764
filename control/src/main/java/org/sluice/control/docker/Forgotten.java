package org.sluice.control.docker;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.PoolSpec;

/** The networks, endpoints, pools and addresses that we keep for Docker, and that Docker no longer knows. */
public record Forgotten(List<EndpointSpec> endpoints, List<NetworkSpec> networks, List<PoolSpec> pools,
                        List<Lease> leases) {
    /** An address of a pool. */
    public record Lease(String pool, InetAddress address) {
    }

    /** For people. */
    public List<String> toSentences() {
        final List<String> sentences = new ArrayList<>();
        endpoints.forEach(spec -> sentences.add("Docker has forgotten the endpoint " + spec.name()));
        networks.forEach(spec -> sentences.add("Docker has forgotten the network " + spec.name()));
        pools.forEach(spec -> sentences.add("Docker has forgotten the address pool " + spec.id()));
        leases.forEach(lease -> sentences.add("Docker has forgotten the address "
            + IpPrefix.format(lease.address()) + " of the pool " + lease.pool()));
        return sentences.stream().map(sentence -> sentence + "; remove it with: sluice prune").toList();
    }
}
