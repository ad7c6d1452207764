package org.sluice.control.api;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.network.LiveNetworks;
import org.sluice.control.network.PortInventory;
import org.sluice.datapath.protocol.MacAddress;

/** Shows the FDB as the API does. Used on the control thread; disturbs no worker. */
final class FdbViews {
    private final DesiredState state;
    private final SwitchEngine engine;
    private final LiveNetworks networks;
    private final PortInventory ports;

    FdbViews(final DesiredState state, final SwitchEngine engine, final LiveNetworks networks,
             final PortInventory ports) {
        this.state = state;
        this.engine = engine;
        this.networks = networks;
        this.ports = ports;
    }

    /**
     * The entries, by network and MAC.
     *
     * @param only one network, or null for all.
     */
    List<Views.FdbEntry> all(final @Nullable String only) {
        final List<Views.FdbEntry> entries = new ArrayList<>();
        final List<NetworkSpec> chosen = only == null ? List.copyOf(state.networks()) : List.of(state.network(only));
        final Map<Integer, String> names = ports.labels();
        for (final NetworkSpec spec : chosen) {
            networks.find(spec.name()).ifPresent(live -> engine.visitFdb(live.handle(),
                (mac, port, isStatic, age) -> entries.add(
                    new Views.FdbEntry(state.shownName(spec), MacAddress.format(mac),
                        names.getOrDefault(port, "port " + port),
                        isStatic ? "static" : "learned", isStatic ? null : age))));
        }
        entries.sort(Comparator.comparing(Views.FdbEntry::network).thenComparing(Views.FdbEntry::mac));
        return entries;
    }
}
