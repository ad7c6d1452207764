package org.sluice.control.model;

import java.net.InetAddress;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A network as it was asked for and completed; part of the state that outlives the daemon.
 *
 * @param subnets       one or two: at most one of each family.
 * @param mtu           layer-3 bytes.
 * @param internal      no way out: endpoints get no default route.
 * @param sourceGuard   endpoints may send only from their own addresses.
 * @param icc           endpoints may talk to each other; otherwise only through published ports.
 * @param masquerade    what leaves by an uplink gets the host's address.
 * @param hostInterface name of the host port.
 * @param gatewayMac    of the host port, in text.
 * @param worker        number of the worker that has it, and its connections, in every life of the daemon.
 * @param docker        what Docker knows of it; null for one that is not Docker's.
 * @param overlay       null for a network of this host alone.
 */
public record NetworkSpec(String name, List<SubnetSpec> subnets, int mtu, boolean internal, boolean sourceGuard,
                          Boolean icc, Boolean masquerade, String hostInterface, String gatewayMac, int worker,
                          @Nullable DockerNetwork docker, @Nullable OverlaySpec overlay) {
    /** A state of before there was routing lacks the two settings. */
    public NetworkSpec {
        icc = icc == null || icc;
        masquerade = masquerade == null || masquerade;
    }

    /** Whether Docker made it. */
    public boolean ofDocker() {
        return docker != null;
    }

    /** Whether it spans several hosts. */
    public boolean spansHosts() {
        return overlay != null;
    }

    /** The subnet that an endpoint's address is of. */
    public IpPrefix prefixOf(final InetAddress address) {
        return subnets.stream().map(SubnetSpec::subnet).filter(s -> s.contains(address)).findFirst().orElseThrow();
    }
}
