package org.sluice.control.docker;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import org.sluice.control.model.DockerNetwork;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.SubnetSpec;

/** An endpoint of Docker's with its network, as they were at one moment. Any thread may read it. */
record DockerEndpoint(NetworkSpec network, EndpointSpec spec) {
    private static final InetAddress ALL_IPV4 = IpPrefix.parseAddress("0.0.0.0");
    private static final InetAddress ALL_IPV6 = IpPrefix.parseAddress("::");

    /** Docker's part of the network, which Docker made. */
    DockerNetwork docker() {
        return Objects.requireNonNull(network.docker(), "docker");
    }

    /** Its address of one family with the prefix length; empty where it has none. */
    String address(final boolean ipv4) {
        return spec.addresses().stream().filter(address -> address instanceof Inet4Address == ipv4)
            .map(address -> network.prefixOf(address).withAddress(address)).findFirst().orElse("");
    }

    /** Its gateway of one family, or null; an internal network has none. */
    @Nullable String gateway(final boolean ipv4) {
        return network.internal() ? null : network.subnets().stream().map(SubnetSpec::gateway)
            .filter(gateway -> gateway instanceof Inet4Address == ipv4).map(IpPrefix::format).findFirst().orElse(null);
    }

    /**
     * Where a port is published that names no address of the host's: null for all.
     *
     * @param ipv4Only another endpoint of the container serves the host's IPv6 addresses.
     */
    @Nullable InetAddress defaultHostAddress(final boolean ipv4Only) {
        final InetAddress chosen = docker().hostAddress();
        if (chosen != null) {
            return chosen;
        }
        if (spec.addresses().stream().noneMatch(Inet4Address.class::isInstance)) {
            return ALL_IPV6;
        }
        return ipv4Only ? ALL_IPV4 : null;
    }
}
