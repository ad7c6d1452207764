package org.sluice.control.api;

import java.util.List;
import java.util.Map;

import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.network.LiveNetworks;
import org.sluice.datapath.status.NetworkCounter;

/** Shows networks as the API does. Used on the control thread; disturbs no worker. */
final class NetworkViews {
    private final DesiredState state;
    private final LiveNetworks live;

    NetworkViews(final DesiredState state, final LiveNetworks live) {
        this.state = state;
        this.live = live;
    }

    List<Views.Network> all() {
        return state.networks().stream().map(this::view).toList();
    }

    Views.Network view(final NetworkSpec spec) {
        final var up = live.find(spec.name());
        return new Views.Network(spec.name(), up.isPresent() ? "up" : "down",
            spec.subnets().stream().map(s -> new Views.Subnet(s.subnet().toString(), IpPrefix.format(s.gateway()),
                s.ipRange().toString())).toList(),
            spec.mtu(), spec.internal(), spec.sourceGuard(), spec.icc(), spec.masquerade(),
            spec.hostInterface(), spec.gatewayMac(),
            up.map(network -> network.handle().workerName()).orElse(null),
            state.endpointsOf(spec.name()).stream().map(EndpointSpec::name).toList(),
            up.map(network -> Counters.of(network.handle().counters(), NetworkCounter.values())).orElse(Map.of()),
            spec.docker() == null ? null
                : new Views.Docker(spec.docker().id(), state.aliases().networks().get(spec.name())),
            spec.overlay() == null ? null
                : new Views.Overlay(spec.overlay().vni(), spec.overlay().vtepLearning()));
    }
}
