package org.sluice.control.overlay;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.agrona.CloseHelper;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.engine.PortHandle;
import org.sluice.control.engine.PortSetup;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.linux.bpf.TunnelSteering;
import org.sluice.linux.device.TunnelTap;
import org.sluice.linux.device.UdpTunnelDevice;
import org.sluice.linux.sys.NativeException;

/**
 * Where the tunnels of all overlay networks end: for each worker sockets, and where the kernel can do that a TAP by
 * which tunnel packets come and go past the host's stack. Open while there is an overlay network, so that a host
 * without one keeps its UDP port. Owned by the control thread.
 */
final class Underlay {
    private static final Logger LOG = LoggerFactory.getLogger(Underlay.class);
    private static final int MAX_DATAGRAM_BYTES = 65_535;
    private static final PortIdentity NOBODY = new PortIdentity(0, 0, 0, 0);

    private final SwitchEngine engine;
    private final int udpPort;
    private final List<PortHandle> ports = new ArrayList<>();
    private UdpTunnelDevice[] sockets = new UdpTunnelDevice[0];
    private @Nullable TunnelSteering steering;
    private Set<Integer> uplinks = Set.of();
    private Set<InetAddress> addresses = Set.of();
    private int users;

    Underlay(final SwitchEngine engine, final int udpPort) {
        this.engine = engine;
        this.udpPort = udpPort;
    }

    /** Of all devices; none while there is no overlay network. */
    List<PortHandle> ports() {
        return List.copyOf(ports);
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

    /**
     * Tunnel packets come by these interfaces and are for these addresses of the host.
     *
     * @throws NativeException when the kernel refuses.
     */
    void steer(final Set<Integer> uplinkIndexes, final Set<InetAddress> hostAddresses) {
        uplinks = Set.copyOf(uplinkIndexes);
        addresses = Set.copyOf(hostAddresses);
        if (steering != null) {
            steering.addresses(addresses);
            steering.attach(uplinks);
        }
    }

    private void open() {
        try {
            sockets = UdpTunnelDevice.open(udpPort, engine.workerCount());
        } catch (final NativeException ex) {
            throw new ControlException(ControlException.Kind.FAILED, "cannot open UDP port " + udpPort
                + " for the overlay: " + ex.getMessage()
                + "; if another program or a kernel VXLAN interface uses it, end that or give the daemon"
                + " another --vxlan-port", ex);
        }
        try {
            guard();
            for (int worker = 0; worker < sockets.length; worker++) {
                plug("udp " + udpPort, sockets[worker], worker);
            }
            openTaps();
            LOG.info("tunnels use UDP port {}{}", udpPort,
                steering == null ? ", through the host's stack: this kernel offers no shorter path" : "");
        } catch (final RuntimeException ex) {
            close();
            throw ex;
        }
    }

    /** From now on no endpoint sends tunnel packets in the host's name, nor goes on with a connection that would. */
    private void guard() {
        setTunnelPort(udpPort);
        engine.flushConnections(ConntrackFilter.to(IpProtocol.UDP, udpPort));
        engine.flushConnections(ConntrackFilter.from(IpProtocol.UDP, udpPort));
    }

    private void setTunnelPort(final int port) {
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            engine.execute(worker, new Command.SetTunnelPort(port), "program the tunnels' port");
        }
    }

    /** All or none: a packet must find a TAP whichever worker's network it is for. */
    private void openTaps() {
        final List<TunnelTap> taps =
            Arrays.stream(sockets).map(UdpTunnelDevice::tap).flatMap(Optional::stream).toList();
        if (taps.size() < sockets.length) {
            return;
        }
        try {
            for (int worker = 0; worker < taps.size(); worker++) {
                plug(taps.get(worker).name(), taps.get(worker), worker);
            }
            steering = new TunnelSteering(udpPort, taps.stream().mapToInt(TunnelTap::linkIndex).toArray());
            steer(uplinks, addresses);
        } catch (final NativeException ex) {
            LOG.warn("tunnel packets go through the host's stack: {}", ex.getMessage());
        }
    }

    private void plug(final String name, final PacketDevice device, final int worker) {
        ports.add(engine.addNetworkWithPort("underlay", DomainPolicy.OPEN, worker,
            new PortSetup(name, device, MAX_DATAGRAM_BYTES, PortKind.UNDERLAY, NOBODY)));
    }

    private void close() {
        CloseHelper.quietClose(steering);
        steering = null;
        ports.forEach(engine::removeNetworkWithPort);
        ports.clear();
        setTunnelPort(0);
        // With their TAPs.
        CloseHelper.quietCloseAll(sockets);
        sockets = new UdpTunnelDevice[0];
    }
}
