package org.sluice.control.docker;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.docker.NetworkMessages.PortBinding;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.PortSpec;
import org.sluice.control.model.Protocols;

/**
 * The ports of a container that Docker wants published, from its list of single ones to ranges:
 * {@code -p 20000-20199:20000-20199} is one of ours.
 *
 * @param ipv4Only another endpoint of the container serves the host's IPv6 addresses.
 */
record PortBindings(List<PortBinding> bindings, boolean ipv4Only) {
    private static final int MAX_PORT = 65_535;

    /**
     * The ranges, in our terms.
     *
     * @throws ControlException when one is no port.
     */
    List<PortSpec> toSpecs(final DockerEndpoint endpoint) {
        final InetAddress defaultAddress = endpoint.defaultHostAddress(ipv4Only);
        final List<PortSpec> single = bindings.stream().map(binding -> toSpec(binding, defaultAddress)).distinct()
            .sorted(Comparator.comparingInt(PortSpec::protocol)
                .thenComparing(spec -> String.valueOf(spec.hostAddress()))
                .thenComparingInt(PortSpec::hostFirst).thenComparingInt(PortSpec::endpointFirst)).toList();
        final List<PortSpec> merged = new ArrayList<>();
        for (final PortSpec next : single) {
            final PortSpec last = merged.isEmpty() ? null : merged.getLast();
            if (last != null && continues(last, next)) {
                merged.set(merged.size() - 1, new PortSpec(last.protocol(), last.hostAddress(), last.hostFirst(),
                    next.hostLast(), last.endpointFirst(), next.endpointLast()));
            } else {
                merged.add(next);
            }
        }
        return merged;
    }

    private static boolean continues(final PortSpec last, final PortSpec next) {
        return last.hostFirst() != 0 && last.protocol() == next.protocol()
            && String.valueOf(last.hostAddress()).equals(String.valueOf(next.hostAddress()))
            && last.hostLast() - last.hostFirst() == last.endpointLast() - last.endpointFirst()
            && next.hostFirst() == next.hostLast()
            && next.hostFirst() == last.hostLast() + 1 && next.endpointFirst() == last.endpointLast() + 1;
    }

    private static PortSpec toSpec(final PortBinding binding, final @Nullable InetAddress defaultAddress) {
        final int last = Math.max(binding.hostPort(), binding.hostPortEnd());
        if (binding.port() < 1 || binding.port() > MAX_PORT || binding.hostPort() < 0 || last > MAX_PORT
            || binding.hostPort() == 0 && last != 0) {
            throw ControlException.invalid("cannot publish port " + binding.port() + " at " + binding.hostPort()
                + " to " + binding.hostPortEnd() + ": no ports from 1 to " + MAX_PORT);
        }
        Protocols.publishable(Protocols.name(binding.protocol()));
        final InetAddress address = binding.hostIp() == null || binding.hostIp().isEmpty() ? defaultAddress
            : IpPrefix.parseAddress(binding.hostIp());
        return new PortSpec(binding.protocol(), address, binding.hostPort(), last, binding.port(), binding.port());
    }
}
