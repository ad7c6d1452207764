package org.sluice.control.overlay;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.sluice.control.base.ControlException;
import org.sluice.control.ipam.MacAllocator;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.SubnetSpec;
import org.sluice.control.model.VtepSpec;
import org.sluice.datapath.protocol.MacAddress;

/** Checks what clients ask for as VTEPs and as endpoints behind them. Used by the control thread. */
final class VtepRequests {
    private final DesiredState state;

    VtepRequests(final DesiredState state) {
        this.state = state;
    }

    /**
     * The VTEP that is asked for.
     *
     * @throws ControlException when it cannot be.
     */
    VtepSpec complete(final NetworkSpec network, final OverlayManager.Request request) {
        final InetAddress address = IpPrefix.parseAddress(request.address());
        requireOfAnotherHost(address);
        if (network.subnets().stream().anyMatch(subnet -> subnet.subnet().contains(address))) {
            throw ControlException.invalid(request.address() + " is an address within the network; give the host's own"
                + " address, which tunnel packets go to");
        }
        final List<VtepSpec.RemoteEndpoint> endpoints = new ArrayList<>();
        for (final OverlayManager.RemoteRequest endpoint
            : request.endpoints() == null ? List.<OverlayManager.RemoteRequest>of() : request.endpoints()) {
            endpoints.add(complete(network, endpoint));
        }
        return new VtepSpec(network.name(), address, List.copyOf(endpoints));
    }

    /** @throws ControlException when an endpoint is behind two of them, or two have an address in common. */
    static void requireDistinct(final List<VtepSpec> wanted) {
        final Map<String, VtepSpec> owners = new HashMap<>();
        for (final VtepSpec vtep : wanted) {
            for (final VtepSpec.RemoteEndpoint endpoint : vtep.endpoints()) {
                final List<String> names = new ArrayList<>(List.of(endpoint.mac()));
                endpoint.addresses().forEach(address -> names.add(IpPrefix.format(address)));
                for (final String name : names) {
                    final VtepSpec other = owners.put(name, vtep);
                    if (other != null) {
                        throw ControlException.conflict("the endpoint with " + name + " is behind "
                            + IpPrefix.format(other.address()) + " already");
                    }
                }
            }
        }
    }

    private VtepSpec.RemoteEndpoint complete(final NetworkSpec network, final OverlayManager.RemoteRequest request) {
        if (request.mac() == null) {
            throw ControlException.invalid("\"\" is not a MAC address, and an endpoint behind a VTEP needs one");
        }
        final String mac = MacAddress.format(MacAllocator.parse(request.mac()));
        if (mac.equals(network.gatewayMac())) {
            throw ControlException.conflict("MAC address " + mac + " is the gateway's");
        }
        final List<InetAddress> addresses = (request.addresses() == null ? List.<String>of() : request.addresses())
            .stream().map(IpPrefix::parseAddress).toList();
        addresses.forEach(address -> requireOfEndpoint(network, address));
        if (addresses.stream().map(address -> address instanceof Inet4Address).distinct().count() != addresses.size()) {
            throw ControlException.invalid("an endpoint has at most one IPv4 and one IPv6 address");
        }
        for (final EndpointSpec local : state.endpointsOf(network.name())) {
            final String common = local.mac().equals(mac) ? mac : addresses.stream().filter(local.addresses()::contains)
                .map(IpPrefix::format).findFirst().orElse(null);
            if (common != null) {
                throw ControlException.conflict(common + " belongs to an endpoint on this host, \""
                    + state.shownName(local) + "\"; detach it first");
            }
        }
        return new VtepSpec.RemoteEndpoint(mac, addresses);
    }

    private static void requireOfEndpoint(final NetworkSpec network, final InetAddress address) {
        final SubnetSpec subnet = network.subnets().stream().filter(s -> s.subnet().contains(address)).findFirst()
            .orElseThrow(() -> ControlException.invalid("address " + IpPrefix.format(address)
                + " is in no subnet of network \"" + network.name() + "\""));
        if (subnet.gateway().equals(address) || subnet.subnet().isReserved(address)) {
            throw ControlException.conflict("address " + IpPrefix.format(address) + " is the gateway of network \""
                + network.name() + "\", or its network or broadcast address");
        }
    }

    private static void requireOfAnotherHost(final InetAddress address) {
        final String shown = IpPrefix.format(address);
        try (PathFinder paths = new PathFinder()) {
            if (address.isMulticastAddress() || address.isAnyLocalAddress() || address.isLoopbackAddress()
                || address.isLinkLocalAddress() || paths.isBroadcast(address)) {
                throw ControlException.invalid(shown + " is no address of another host; give the one that its tunnel"
                    + " packets come from");
            }
            if (paths.isLocal(address)) {
                throw ControlException.invalid(shown + " is this host's own address; give the other host's");
            }
        }
    }
}
