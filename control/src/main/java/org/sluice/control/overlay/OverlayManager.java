package org.sluice.control.overlay;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.Change;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.StateStore;
import org.sluice.control.model.VtepSpec;

/**
 * Edits which VTEPs the overlay networks have, and which endpoints are known to be behind them: as a whole by {@link
 * #replace}, or one by one. A person may do so by the command line, or a store that the hosts of a cluster share. Owned
 * by the control thread.
 */
public final class OverlayManager {
    private final StateStore store;
    private final DesiredState state;
    private final LiveOverlays live;
    private final VtepRequests requests;

    /**
     * An endpoint on another host, as a client names it; a part that it left out is null.
     */
    public record RemoteRequest(@Nullable String mac, @Nullable List<String> addresses) {
    }

    /**
     * A VTEP as a client asks for it; a part that it left out is null.
     */
    public record Request(@Nullable String address, @Nullable List<RemoteRequest> endpoints) {
    }

    public OverlayManager(final StateStore store, final LiveOverlays live) {
        this.store = store;
        state = store.state();
        this.live = live;
        requests = new VtepRequests(state);
    }

    /**
     * Adds a VTEP to a network.
     *
     * @throws ControlException when the request is wrong, or the VTEP is there already.
     */
    public VtepSpec add(final String networkName, final Request request) {
        final NetworkSpec network = requireOverlay(networkName);
        final VtepSpec wanted = requests.complete(network, request);
        final List<VtepSpec> all = new ArrayList<>(state.vtepsOf(network.name()));
        if (all.stream().anyMatch(vtep -> vtep.address().equals(wanted.address()))) {
            throw ControlException.conflict(IpPrefix.format(wanted.address()) + " is a VTEP of network \""
                + network.name() + "\" already; to change its endpoints, remove it first");
        }
        all.add(wanted);
        edit(network, all);
        return wanted;
    }

    /**
     * Takes a VTEP from a network.
     *
     * @throws ControlException when there is none of that address.
     */
    public void remove(final String networkName, final String address) {
        final NetworkSpec network = requireOverlay(networkName);
        final InetAddress wanted = IpPrefix.parseAddress(address);
        final List<VtepSpec> rest =
            state.vtepsOf(network.name()).stream().filter(vtep -> !vtep.address().equals(wanted)).toList();
        if (rest.size() == state.vtepsOf(network.name()).size()) {
            throw ControlException.notFound("network \"" + network.name() + "\" has no VTEP " + address
                + "; see: sluice vtep ls");
        }
        edit(network, rest);
    }

    /**
     * Gives a network just these VTEPs and remote endpoints. What is there already and stays is not touched.
     *
     * @throws ControlException when one of them is wrong; then nothing has changed.
     */
    public List<VtepSpec> replace(final String networkName, final @Nullable List<Request> all) {
        final NetworkSpec network = requireOverlay(networkName);
        if (all == null) {
            throw ControlException.invalid("which VTEPs? give a list, \"vteps\", that may be empty");
        }
        final Map<InetAddress, VtepSpec> wanted = new LinkedHashMap<>();
        for (final Request request : all) {
            final VtepSpec vtep = requests.complete(network, request);
            if (wanted.put(vtep.address(), vtep) != null) {
                throw ControlException.invalid("VTEP " + request.address() + " is named twice");
            }
        }
        edit(network, List.copyOf(wanted.values()));
        return state.vtepsOf(network.name());
    }

    private void edit(final NetworkSpec network, final List<VtepSpec> wanted) {
        final List<VtepSpec> before = state.vtepsOf(network.name());
        VtepRequests.requireDistinct(wanted);
        live.requireUp(network);
        try (Change change = store.change()) {
            change.undo(() -> live.apply(network, before));
            live.apply(network, wanted);
            state.putVteps(network.name(), wanted);
            change.undo(() -> state.putVteps(network.name(), before));
            change.save();
        }
    }

    private NetworkSpec requireOverlay(final String name) {
        final NetworkSpec network = state.network(name);
        if (!network.spansHosts()) {
            throw ControlException.invalid("network \"" + network.name() + "\" is local to this host: it has no VNI;"
                + " create one that spans hosts with sluice network create --vni");
        }
        return network;
    }
}
