package org.sluice.control.overlay;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import org.agrona.CloseHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.ControlException;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.linux.NativeException;
import org.sluice.linux.TunnelRing;
import org.sluice.linux.UdpTunnelDevice;
import org.sluice.linux.bpf.BpfFilter;
import org.sluice.linux.bpf.TunnelSteering;
import org.sluice.linux.netlink.Link;

/**
 * Where the tunnels of all overlay networks end: for each worker sockets, and where the kernel can do that a ring on
 * each uplink, by which tunnel packets come past the host's stack. Open while there is an overlay network, so that a
 * host without one keeps its UDP port. Owned by the control thread.
 */
final class Underlay {
    private static final Logger LOG = LoggerFactory.getLogger(Underlay.class);
    private static final int MAX_DATAGRAM_BYTES = 65_535;
    private static final PortIdentity NOBODY = new PortIdentity(0, 0, 0, 0);

    private final SwitchEngine engine;
    private final int udpPort;
    private final List<End> ends = new ArrayList<>();
    private TunnelSteering steering;
    private final Map<Link, List<End>> rings = new LinkedHashMap<>();
    private Set<Link> uplinks = Set.of();
    private Set<InetAddress> addresses = Set.of();
    private int users;

    /** A device of one worker's. */
    private record End(SwitchEngine.NetworkHandle domain, SwitchEngine.PortHandle port) {
    }

    Underlay(final SwitchEngine engine, final int udpPort) {
        this.engine = engine;
        this.udpPort = udpPort;
    }

    /** Of all devices; none while there is no overlay network. */
    List<SwitchEngine.PortHandle> ports() {
        return Stream.concat(ends.stream(), rings.values().stream().flatMap(List::stream)).map(End::port).toList();
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

    /** Tunnel packets come by these interfaces and are for these addresses of the host. */
    void steer(final Set<Link> uplinkLinks, final Set<InetAddress> hostAddresses) {
        uplinks = Set.copyOf(uplinkLinks);
        addresses = Set.copyOf(hostAddresses);
        if (steering != null) {
            steering.addresses(addresses);
            rings.keySet().stream().filter(link -> !uplinks.contains(link)).toList().forEach(this::closeRings);
            uplinks.stream().filter(link -> !rings.containsKey(link)).forEach(this::openRings);
        }
    }

    /** What cannot be had is done without: the packets then take the way by the host's stack. */
    private void openRings(final Link link) {
        final List<End> opened = new ArrayList<>();
        rings.put(link, opened);
        try {
            for (int worker = 0; worker < engine.workerCount(); worker++) {
                final TunnelRing ring = openRing(link, worker);
                try {
                    opened.add(plug("tunnels of " + link.name(), ring, worker));
                } catch (final RuntimeException ex) {
                    ring.close();
                    throw ex;
                }
            }
            steering.attach(link.index());
        } catch (final NativeException | ControlException ex) {
            LOG.warn("tunnel packets take the way by the host's stack at {}: {}", link.name(), ex.getMessage());
            opened.forEach(this::unplug);
            opened.clear();
        }
    }

    private TunnelRing openRing(final Link link, final int worker) {
        final int smallBytes = TunnelRing.smallFrameBytes(link.mtu());
        try (BpfFilter small = steering.filter(worker, smallBytes, true);
            BpfFilter large = steering.filter(worker, smallBytes, false)) {
            return TunnelRing.open(link, small.fd(), large.fd());
        }
    }

    private void closeRings(final Link link) {
        steering.detach(link.index());
        rings.remove(link).forEach(this::unplug);
    }

    private void open() {
        final UdpTunnelDevice[] sockets;
        try {
            sockets = UdpTunnelDevice.open(udpPort, engine.workerCount());
        } catch (final NativeException ex) {
            throw new ControlException(ControlException.Kind.FAILED, "cannot open UDP port " + udpPort
                + " for the overlay: " + ex.getMessage()
                + "; if something else has it, a VXLAN interface of the kernel's perhaps, end that or give the daemon"
                + " another --vxlan-port", ex);
        }
        int opened = 0;
        try {
            for (; opened < sockets.length; opened++) {
                ends.add(plug("udp " + udpPort, sockets[opened], opened));
            }
            openSteering();
            LOG.info("tunnels end in UDP port {}", udpPort);
        } catch (final RuntimeException ex) {
            for (int rest = opened; rest < sockets.length; rest++) {
                sockets[rest].close();
            }
            close();
            throw ex;
        }
    }

    private void openSteering() {
        try {
            steering = new TunnelSteering(udpPort, engine.workerCount());
            steer(uplinks, addresses);
        } catch (final NativeException ex) {
            LOG.warn("tunnel packets take the way by the host's stack: {}", ex.getMessage());
        }
    }

    private End plug(final String name, final PacketDevice device, final int worker) {
        final int portIndex = engine.reservePort();
        SwitchEngine.NetworkHandle domain = null;
        try {
            domain = engine.addNetwork("underlay", NOBODY, DomainPolicy.OPEN, worker);
            return new End(domain, engine.addPort(domain, name, device, MAX_DATAGRAM_BYTES, PortKind.UNDERLAY, false,
                NOBODY, portIndex));
        } catch (final RuntimeException ex) {
            engine.releasePort(portIndex);
            if (domain != null) {
                engine.removeNetwork(domain);
            }
            throw ex;
        }
    }

    private void unplug(final End end) {
        engine.removePort(end.port());
        engine.releasePort(end.port().index());
        end.port().device().close();
        engine.removeNetwork(end.domain());
    }

    private void close() {
        List.copyOf(rings.keySet()).forEach(this::closeRings);
        CloseHelper.quietClose(steering);
        steering = null;
        ends.forEach(this::unplug);
        ends.clear();
    }
}
