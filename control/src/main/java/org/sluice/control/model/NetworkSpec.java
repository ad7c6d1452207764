package org.sluice.control.model;

import java.net.InetAddress;
import java.util.List;

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
    /** The subnet that an endpoint's address is of. */
    public IpPrefix prefixOf(final InetAddress address) {
        return subnets.stream().map(SubnetSpec::subnet).filter(s -> s.contains(address)).findFirst().orElseThrow();
    }
}
