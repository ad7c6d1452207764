package org.sluice.control.network;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

import org.agrona.CloseHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.engine.PortHandle;
import org.sluice.control.engine.PortSetup;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.EndpointSpec;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.linux.device.TapDevice;

/**
 * The endpoints that have a port in the switch: plugs their interfaces in and takes them out. Owned by the control
 * thread.
 */
public final class LiveEndpoints {
    private static final Logger LOG = LoggerFactory.getLogger(LiveEndpoints.class);

    private final SwitchEngine engine;
    private final LiveNetworks networks;
    private final Map<String, PortHandle> ports = new HashMap<>();

    LiveEndpoints(final SwitchEngine engine, final LiveNetworks networks) {
        this.engine = engine;
        this.networks = networks;
    }

    /** Sets the number of a port aside. */
    int reserveNumber() {
        return engine.reservePort();
    }

    /** Sets the number aside that an endpoint had in an earlier life of the daemon. */
    void reserveNumber(final int portIndex) {
        engine.reservePort(portIndex);
    }

    /** Gives the number of an endpoint back that has no port any more. */
    void releaseNumber(final int portIndex) {
        engine.releasePort(portIndex);
    }

    /** Gives an endpoint its port in the switch: from now on, frames pass. */
    public void plug(final EndpointSpec spec, final TapDevice device) {
        final LiveNetwork network = networks.get(spec.network());
        ports.put(spec.name(), engine.addPort(network.handle(), new PortSetup(spec.name(), device,
            network.spec().mtu(), PortKind.ENDPOINT, network.spec().sourceGuard(),
            Addresses.identity(MacAddress.parse(spec.mac()), spec.addresses())), spec.number()));
    }

    /**
     * Takes an endpoint's port out of the switch, and its connections.
     *
     * @return its device, now the caller's to end; none for an endpoint that could not be restored.
     */
    public Optional<TapDevice> unplug(final EndpointSpec spec) {
        final PortHandle port = ports.get(spec.name());
        if (port == null) {
            engine.forgetPort(spec.number());
            return Optional.empty();
        }
        engine.removePort(port);
        ports.remove(spec.name());
        return Optional.ofNullable((TapDevice) port.device());
    }

    /** The endpoint's port, if it has one. */
    public Optional<PortHandle> port(final String name) {
        return Optional.ofNullable(ports.get(name));
    }

    /**
     * Docker's endpoints do not come back: one that could not be restored is only waiting for Docker to say so, who may
     * have said it while we were not there.
     */
    boolean isStale(final EndpointSpec spec) {
        return spec.ofDocker() && spec.netns() != null && !ports.containsKey(spec.name());
    }

    /** Closes what the daemon holds; the interfaces stay in their namespaces for the next one. */
    void close() {
        ports.forEach((name, port) -> {
            try {
                engine.removePort(port, true);
                CloseHelper.close(port.device());
            } catch (final ControlException ex) {
                LOG.error("cannot release endpoint {}: {}", name, ex.getMessage());
            }
        });
        ports.clear();
    }
}
