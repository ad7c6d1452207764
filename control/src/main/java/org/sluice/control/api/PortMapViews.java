package org.sluice.control.api;

import java.util.Collection;
import java.util.List;

import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.PortMapSpec;
import org.sluice.control.model.Protocols;

/** Shows published ports as the API does. Used on the control thread. */
final class PortMapViews {
    private final DesiredState state;

    PortMapViews(final DesiredState state) {
        this.state = state;
    }

    List<Views.PortMap> of(final Collection<PortMapSpec> maps) {
        return maps.stream().map(this::view).toList();
    }

    private Views.PortMap view(final PortMapSpec map) {
        return new Views.PortMap(map.endpoint(), state.aliases().endpoints().get(map.endpoint()),
            state.shownName(state.network(state.endpoint(map.endpoint()).network())),
            Protocols.name(map.protocol()),
            map.hostAddress() == null ? null : IpPrefix.format(map.hostAddress()), map.hostFirst(), map.hostLast(),
            map.endpointFirst(), map.endpointLast(), map.toString());
    }
}
