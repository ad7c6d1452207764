package org.sluice.control.network;

import java.util.HashMap;
import java.util.Map;

import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.overlay.OverlayManager;
import org.sluice.control.uplink.UplinkManager;

/** What the switch's ports are called: endpoints by their name or their container's, others by their interface. */
public final class PortNames {
    private PortNames() {
    }

    /** Of this moment, by the port's index. */
    public static Map<Integer, String> of(final DesiredState state, final NetworkManager networks,
                                          final EndpointManager endpoints, final UplinkManager uplinks,
                                          final OverlayManager overlays) {
        final Map<Integer, String> names = new HashMap<>();
        state.networks().forEach(spec -> networks.find(spec.name())
            .ifPresent(live -> names.put(live.hostPort().index(), spec.hostInterface())));
        state.endpoints().forEach(spec -> endpoints.port(spec.name())
            .ifPresent(port -> names.put(port.index(), state.shownName(spec))));
        state.networks().forEach(spec -> overlays.vtepsOf(spec.name())
            .forEach(vtep -> names.put(vtep.port().index(), "vtep " + IpPrefix.format(vtep.spec().address()))));
        overlays.underlayPorts().forEach(port -> names.put(port.index(), port.name()));
        uplinks.all().forEach(uplink -> uplink.ports().forEach(port -> names.put(port.index(), uplink.link().name())));
        return names;
    }
}
