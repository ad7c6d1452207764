package org.sluice.control.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

import org.sluice.control.engine.PortHandle;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.overlay.LiveOverlays;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.bridge.PortKind;

/** All ports of the switch, with the names that its users know them by. Owned by the control thread. */
public final class PortInventory {
    private final DesiredState state;
    private final LiveNetworks networks;
    private final LiveEndpoints endpoints;
    private final UplinkManager uplinks;
    private final LiveOverlays overlays;

    /**
     * A port.
     *
     * @param network that it is a port of; empty for those that serve all networks.
     * @param name    of an endpoint, or of its container; of any other port the interface, or the other host's address.
     */
    public record Port(PortKind kind, String network, String name, PortHandle handle) {
        public String kindName() {
            return kind.name().toLowerCase(Locale.ROOT);
        }

        /** The name, and the kind where the name alone does not tell. */
        public String label() {
            return kind == PortKind.VTEP ? "vtep " + name : name;
        }
    }

    PortInventory(final DesiredState state, final LiveNetworks networks, final LiveEndpoints endpoints,
                  final UplinkManager uplinks, final LiveOverlays overlays) {
        this.state = state;
        this.networks = networks;
        this.endpoints = endpoints;
        this.uplinks = uplinks;
        this.overlays = overlays;
    }

    /** Those of this moment: network after network, then those that serve all networks. */
    public List<Port> all() {
        final List<Port> ports = new ArrayList<>();
        state.networks().forEach(network -> addPortsOf(network, ports));
        uplinks.all().forEach(uplink -> uplink.ports().forEach(
            port -> ports.add(new Port(PortKind.UPLINK, "", uplink.link().name(), port))));
        overlays.underlayPorts().forEach(port -> ports.add(new Port(PortKind.UNDERLAY, "", port.name(), port)));
        return ports;
    }

    private void addPortsOf(final NetworkSpec spec, final List<Port> ports) {
        final String network = state.shownName(spec);
        networks.find(spec.name()).ifPresent(
            live -> ports.add(new Port(PortKind.HOST, network, spec.hostInterface(), live.hostPort())));
        state.endpointsOf(spec.name()).forEach(endpoint -> endpoints.port(endpoint.name()).ifPresent(
            port -> ports.add(new Port(PortKind.ENDPOINT, network, state.shownName(endpoint), port))));
        overlays.vtepsOf(spec.name()).forEach(vtep -> ports.add(
            new Port(PortKind.VTEP, network, IpPrefix.format(vtep.spec().address()), vtep.port())));
    }

    /** Of this moment, by the port's index in the switch. */
    public Map<Integer, String> labels() {
        return all().stream().collect(Collectors.toMap(port -> port.handle().index(), Port::label));
    }
}
