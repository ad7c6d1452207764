package org.sluice.control.api;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.OverlaySpec;
import org.sluice.control.model.VtepSpec;
import org.sluice.control.overlay.LiveOverlays;
import org.sluice.datapath.status.PortCounter;

/** Shows the VTEPs of overlay networks as the API does. Used on the control thread; disturbs no worker. */
final class VtepViews {
    private final DesiredState state;
    private final LiveOverlays overlays;

    VtepViews(final DesiredState state, final LiveOverlays overlays) {
        this.state = state;
        this.overlays = overlays;
    }

    /** Of all networks. */
    List<Views.Vtep> all() {
        return state.vteps().stream().map(this::view).toList();
    }

    List<Views.Vtep> of(final NetworkSpec network) {
        return state.vtepsOf(network.name()).stream().map(this::view).toList();
    }

    Views.Vtep view(final VtepSpec spec) {
        final NetworkSpec network = state.network(spec.network());
        final OverlaySpec overlay = Objects.requireNonNull(network.overlay(), "a network with VTEPs spans hosts");
        final Optional<LiveOverlays.LiveVtep> live = overlays.vtepsOf(spec.network()).stream()
            .filter(vtep -> vtep.spec().address().equals(spec.address())).findFirst();
        return new Views.Vtep(state.shownName(network), overlay.vni(), IpPrefix.format(spec.address()),
            live.isPresent() ? "up" : "down", live.map(LiveOverlays.LiveVtep::mtu).orElse(null),
            spec.endpoints().stream().map(endpoint -> new Views.RemoteEndpoint(endpoint.mac(),
                endpoint.addresses().stream().map(IpPrefix::format).toList())).toList(),
            live.map(vtep -> Counters.of(vtep.port().counters(), PortCounter.values())).orElse(Map.of()));
    }
}
