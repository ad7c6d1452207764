package org.sluice.control.overlay;

import java.util.ArrayList;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.ControlException;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.linux.NativeException;
import org.sluice.linux.UdpTunnelDevice;

/**
 * The sockets that the tunnels of all overlay networks end in: for each worker a device and a port. Open while there is
 * an overlay network, so that a host without one keeps its UDP port. Owned by the control thread.
 */
final class Underlay {
    private static final Logger LOG = LoggerFactory.getLogger(Underlay.class);
    private static final int MAX_DATAGRAM_BYTES = 65_535;
    private static final PortIdentity NOBODY = new PortIdentity(0, 0, 0, 0);

    private final SwitchEngine engine;
    private final int udpPort;
    private final List<End> ends = new ArrayList<>();
    private int users;

    /** One worker's. */
    private record End(SwitchEngine.NetworkHandle domain, SwitchEngine.PortHandle port) {
    }

    Underlay(final SwitchEngine engine, final int udpPort) {
        this.engine = engine;
        this.udpPort = udpPort;
    }

    int udpPort() {
        return udpPort;
    }

    /** One port for each worker; none while there is no overlay network. */
    List<SwitchEngine.PortHandle> ports() {
        return ends.stream().map(End::port).toList();
    }

    /**
     * For one more network.
     *
     * @throws ControlException when the sockets cannot be had.
     */
    void acquire() {
        if (users == 0) {
            open();
        }
        users++;
    }

    /** For one network less. */
    void release() {
        users--;
        if (users == 0) {
            close();
        }
    }

    private void open() {
        final UdpTunnelDevice[] devices;
        try {
            devices = UdpTunnelDevice.open(udpPort, engine.workerCount());
        } catch (final NativeException ex) {
            throw new ControlException(ControlException.Kind.FAILED, "cannot open UDP port " + udpPort
                + " for the overlay: " + ex.getMessage()
                + "; if something else has it, a VXLAN interface of the kernel's perhaps, end that or give the daemon"
                + " another --vxlan-port", ex);
        }
        int opened = 0;
        try {
            for (; opened < devices.length; opened++) {
                openEnd(devices[opened], opened);
            }
            LOG.info("tunnels end in UDP port {}", udpPort);
        } catch (final RuntimeException ex) {
            for (int rest = opened; rest < devices.length; rest++) {
                devices[rest].close();
            }
            close();
            throw ex;
        }
    }

    private void openEnd(final UdpTunnelDevice device, final int worker) {
        final int portIndex = engine.reservePort();
        SwitchEngine.NetworkHandle domain = null;
        try {
            domain = engine.addNetwork("underlay", NOBODY, DomainPolicy.OPEN, worker);
            ends.add(new End(domain, engine.addPort(domain, "underlay", device, MAX_DATAGRAM_BYTES, PortKind.UNDERLAY,
                false, NOBODY, portIndex)));
        } catch (final RuntimeException ex) {
            engine.releasePort(portIndex);
            if (domain != null) {
                engine.removeNetwork(domain);
            }
            throw ex;
        }
    }

    private void close() {
        for (final End end : ends) {
            engine.removePort(end.port());
            engine.releasePort(end.port().index());
            end.port().device().close();
            engine.removeNetwork(end.domain());
        }
        ends.clear();
    }
}
