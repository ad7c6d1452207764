package org.sluice.control.network;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import org.agrona.CloseHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.Undo;
import org.sluice.control.engine.PortHandle;
import org.sluice.control.engine.PortSetup;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.LinkPlumber;
import org.sluice.control.ipam.NetworkAddresses;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.SubnetSpec;
import org.sluice.control.overlay.LiveOverlays;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.linux.device.TapDevice;

/**
 * The networks that are up: brings them up, each with its host port, its routes and its tunnels, and takes them down.
 * Owned by the control thread.
 */
public final class LiveNetworks {
    private static final Logger LOG = LoggerFactory.getLogger(LiveNetworks.class);

    private final SwitchEngine engine;
    private final UplinkManager uplinks;
    private final LiveOverlays overlays;
    private final Map<String, LiveNetwork> live = new HashMap<>();

    LiveNetworks(final SwitchEngine engine, final UplinkManager uplinks, final LiveOverlays overlays) {
        this.engine = engine;
        this.uplinks = uplinks;
        this.overlays = overlays;
    }

    /** The network, if it is up. */
    public Optional<LiveNetwork> find(final String name) {
        return Optional.ofNullable(live.get(name));
    }

    /**
     * The network of the desired state that is called so.
     *
     * @throws ControlException when it could not be restored.
     */
    public LiveNetwork get(final String name) {
        return find(name).orElseThrow(() -> new ControlException(ControlException.Kind.FAILED,
            "network \"" + name + "\" is down: it could not be restored; see the daemon's log"));
    }

    void bringUp(final NetworkSpec spec) {
        try (Undo undo = new Undo()) {
            final PortIdentity gateway = gatewayOf(spec);
            final TapDevice device = LinkPlumber.plumb(new LinkPlumber.LinkSpec("network " + spec.name(),
                spec.hostInterface(), gateway.mac(), spec.mtu(), spec.subnets().stream()
                    .map(s -> new LinkPlumber.AddressSpec(s.gateway(), s.subnet().length())).toList(), List.of()));
            undo.add(device::close);
            final PortHandle port = engine.addNetworkWithPort(spec.name(), policyOf(spec), workerOf(spec),
                new PortSetup(spec.hostInterface(), device, spec.mtu(), PortKind.HOST, gateway));
            undo.add(() -> engine.removeNetworkWithPort(port));
            undo.add(() -> unroute(spec, port));
            if (isRouted(spec)) {
                spec.subnets().forEach(s -> uplinks.route(port.workerIndex(), s.subnet()));
            }
            if (spec.spansHosts()) {
                overlays.bringUp(spec, port.network());
            }
            live.put(spec.name(), new LiveNetwork(spec, port, new NetworkAddresses(spec)));
            undo.commit();
        }
    }

    /** Takes a network down; one that is not up is no error. */
    void takeDown(final String name) {
        final LiveNetwork network = live.get(name);
        if (network != null) {
            overlays.takeDown(name);
            unroute(network.spec(), network.hostPort());
            engine.removeNetworkWithPort(network.hostPort());
            CloseHelper.close(network.hostPort().device());
            live.remove(name);
        }
    }

    private void unroute(final NetworkSpec spec, final PortHandle hostPort) {
        spec.subnets().forEach(s -> uplinks.unroute(hostPort.workerIndex(), s.subnet()));
    }

    /** Closes what the daemon holds; what is desired stays. */
    void close() {
        for (final String name : List.copyOf(live.keySet())) {
            try {
                takeDown(name);
            } catch (final ControlException ex) {
                LOG.error("cannot take down network {}: {}", name, ex.getMessage());
            }
        }
    }

    private static DomainPolicy policyOf(final NetworkSpec spec) {
        return spec.overlay() != null
            ? new DomainPolicy(spec.internal(), spec.icc(), spec.masquerade(), spec.overlay().vni(),
                spec.overlay().vtepLearning())
            : new DomainPolicy(spec.internal(), spec.icc(), spec.masquerade());
    }

    /** Tunnel packets are spread over the workers by their VNI: see UdpTunnelDevice. */
    private int workerOf(final NetworkSpec spec) {
        return (spec.overlay() != null ? spec.overlay().vni() : spec.worker()) % engine.workerCount();
    }

    /** Whether the world knows its endpoints by their own addresses. */
    private static boolean isRouted(final NetworkSpec spec) {
        return !spec.masquerade() && !spec.internal();
    }

    private static PortIdentity gatewayOf(final NetworkSpec spec) {
        return Addresses.identity(MacAddress.parse(spec.gatewayMac()),
            spec.subnets().stream().map(SubnetSpec::gateway).toList());
    }
}
