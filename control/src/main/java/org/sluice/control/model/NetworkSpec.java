package org.sluice.control.model;

import java.util.List;
import java.util.Optional;

import com.fasterxml.jackson.annotation.JsonIgnore;

/**
 * A network as it was asked for and completed; part of the state that outlives the daemon.
 *
 * @param subnets       one or two: at most one of each family.
 * @param mtu           layer-3 bytes.
 * @param internal      no way out: endpoints get no default route.
 * @param sourceGuard   endpoints may send only from their own addresses.
 * @param hostInterface name of the host port.
 * @param gatewayMac    of the host port, in text.
 */
public record NetworkSpec(String name, List<SubnetSpec> subnets, int mtu, boolean internal, boolean sourceGuard,
                          String hostInterface, String gatewayMac) {
    /** The subnet of that family, if the network has one. */
    @JsonIgnore
    public Optional<SubnetSpec> subnet(final boolean ipv4) {
        return subnets.stream().filter(s -> s.subnet().isIpv4() == ipv4).findFirst();
    }
}
