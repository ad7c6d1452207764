package org.sluice.control.network;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import org.sluice.control.base.BestEffort;
import org.sluice.control.base.Undo;
import org.sluice.control.engine.PortHandle;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.HostSockets;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.PortMapSpec;
import org.sluice.control.proxy.HostProxy;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.protocol.IpAddress;

/**
 * Makes a published port work, in the three places that it needs: every worker translates it, the uplinks steer it to
 * the switch, and the proxy serves it to the host itself. Owned by the control thread.
 */
final class PortMapProgrammer {
    private final SwitchEngine engine;
    private final LiveEndpoints endpoints;
    private final UplinkManager uplinks;
    private final HostProxy proxy;

    PortMapProgrammer(final SwitchEngine engine, final LiveEndpoints endpoints, final UplinkManager uplinks,
                      final HostProxy proxy) {
        this.engine = engine;
        this.endpoints = endpoints;
        this.uplinks = uplinks;
        this.proxy = proxy;
    }

    /**
     * Programs a map, or nothing of it where a step fails. There is one map for each family that the endpoint and the
     * host's address have.
     *
     * @param sockets of the host's: their connections stay theirs.
     */
    void program(final EndpointSpec endpoint, final PortMapSpec map, final HostSockets sockets) {
        final Optional<PortHandle> port = endpoints.port(endpoint.name());
        if (port.isEmpty()) {
            return; // it is gone; when it comes back it is attached anew
        }
        final int owner = port.get().workerIndex();
        try (Undo undo = new Undo()) {
            for (final InetAddress address : addressesFor(endpoint, map)) {
                final PortMap known = portMap(map, address);
                for (int worker = 0; worker < engine.workerCount(); worker++) {
                    final int current = worker;
                    engine.execute(worker, new Command.AddPortMap(known), "publish " + map);
                    undo.add(() -> removeFrom(current, known, map));
                }
                uplinks.publish(owner, known, sockets);
                undo.add(() -> uplinks.unpublish(owner, known));
            }
            proxy.publish(map, endpoint.addresses());
            undo.commit();
        }
    }

    /** Takes a map back that is gone from the state: a step that fails must not keep the others from being taken. */
    void unprogram(final EndpointSpec endpoint, final PortMapSpec map) {
        final Optional<PortHandle> port = endpoints.port(endpoint.name());
        if (port.isEmpty()) {
            return;
        }
        final List<Runnable> steps = new ArrayList<>();
        for (final InetAddress address : addressesFor(endpoint, map)) {
            final PortMap known = portMap(map, address);
            steps.add(() -> uplinks.unpublish(port.get().workerIndex(), known));
            for (int worker = 0; worker < engine.workerCount(); worker++) {
                final int current = worker;
                steps.add(() -> removeFrom(current, known, map));
            }
        }
        steps.add(() -> proxy.unpublish(map));
        BestEffort.run(steps, "a published port could not be taken back everywhere");
    }

    /** Ends the connections that came by ports that are published no longer. */
    void endConnections() {
        engine.flushUnpublished();
    }

    private void removeFrom(final int worker, final PortMap known, final PortMapSpec map) {
        engine.execute(worker, new Command.RemovePortMap(known), "take " + map + " back");
    }

    private static List<InetAddress> addressesFor(final EndpointSpec endpoint, final PortMapSpec map) {
        return endpoint.addresses().stream().filter(map::servesFamilyOf).toList();
    }

    private static PortMap portMap(final PortMapSpec map, final InetAddress endpoint) {
        final InetAddress host = map.forOneAddress() ? map.hostAddress() : null;
        return new PortMap(map.protocol(), endpoint instanceof Inet4Address, IpAddress.high(host), IpAddress.low(host),
            map.hostFirst(), map.hostLast(), IpAddress.high(endpoint), IpAddress.low(endpoint), map.endpointFirst());
    }
}
