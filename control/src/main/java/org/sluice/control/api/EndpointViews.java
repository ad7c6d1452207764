package org.sluice.control.api;

import java.util.List;
import java.util.Map;

import org.sluice.control.engine.PortHandle;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.network.LiveEndpoints;
import org.sluice.datapath.status.PortCounter;

/** Shows endpoints as the API does. Used on the control thread; disturbs no worker. */
final class EndpointViews {
    private final DesiredState state;
    private final LiveEndpoints live;

    EndpointViews(final DesiredState state, final LiveEndpoints live) {
        this.state = state;
        this.live = live;
    }

    List<Views.Endpoint> all() {
        return state.endpoints().stream().map(this::view).toList();
    }

    Views.Endpoint view(final EndpointSpec spec) {
        final NetworkSpec network = state.network(spec.network());
        return new Views.Endpoint(spec.name(), spec.network(), state.shownName(network),
            stateOf(spec), spec.netns(), spec.ifname(),
            spec.mac(),
            spec.addresses().stream().map(a -> network.prefixOf(a).withAddress(a)).toList(),
            live.port(spec.name()).map(port -> Counters.of(port.counters(), PortCounter.values())).orElse(Map.of()),
            spec.dockerId() == null ? null
                : new Views.Docker(spec.dockerId(), state.aliases().endpoints().get(spec.name())));
    }

    private String stateOf(final EndpointSpec spec) {
        if (spec.netns() == null) {
            return "created";
        }
        return isGone(spec) ? "gone" : "up";
    }

    /** Whether the interface or the namespace of an endpoint that was attached is gone. */
    boolean isGone(final EndpointSpec spec) {
        return spec.netns() != null && live.port(spec.name()).filter(PortHandle::isUp).isEmpty();
    }
}
