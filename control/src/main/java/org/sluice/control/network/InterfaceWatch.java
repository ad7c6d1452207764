package org.sluice.control.network;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.engine.PortHandle;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.datapath.status.PortCounter;
import org.sluice.linux.device.TapDevice;
import org.sluice.linux.netlink.LinkQueue;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NamespaceException;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.NetNamespace;

/**
 * Looks after the interfaces that the containers own. Counts what their queues had no room for. Shortens a queue that a
 * container has made longer, because its frames wait in the kernel's memory, not the container's. Notes an interface
 * that has left its namespace. Owned by the control thread.
 */
public final class InterfaceWatch {
    private static final Logger LOG = LoggerFactory.getLogger(InterfaceWatch.class);
    /** Interfaces of one turn: each takes about 0.1 ms. */
    private static final int TURN = 64;

    private final DesiredState state;
    private final LiveEndpoints endpoints;
    /** By endpoint, where else its interface is. */
    private final Map<String, String> moved = new HashMap<>();
    private int next;

    InterfaceWatch(final DesiredState state, final LiveEndpoints endpoints) {
        this.state = state;
        this.endpoints = endpoints;
    }

    /** Looks at some of the interfaces; the next turn goes on with others. */
    public void look() {
        final List<EndpointSpec> all = List.copyOf(state.endpoints());
        moved.keySet().retainAll(all.stream().map(EndpointSpec::name).toList());
        for (int i = 0; i < Math.min(TURN, all.size()); i++) {
            next = (next + 1) % all.size();
            final EndpointSpec spec = all.get(next);
            endpoints.port(spec.name()).filter(PortHandle::isUp).ifPresent(port -> look(spec, port));
        }
    }

    private void look(final EndpointSpec spec, final PortHandle port) {
        if (!(port.device() instanceof final TapDevice device)) {
            return;
        }
        try (NetNamespace namespace = device.namespace()) {
            final String name = device.currentName();
            final LinkQueue queue = namespace.call(() -> {
                try (RouteNetlink netlink = new RouteNetlink()) {
                    final LinkQueue found = netlink.queue(name).orElseThrow();
                    if (found.capacity() > RouteNetlink.QUEUE_FRAMES) {
                        netlink.queueLength(netlink.link(name).orElseThrow(), RouteNetlink.QUEUE_FRAMES);
                    }
                    return found;
                }
            });
            if (queue.capacity() > RouteNetlink.QUEUE_FRAMES) {
                LOG.warn("the container of endpoint {} has made its interface's queue {} frames long; it was shortened"
                    + " to {}", spec.name(), queue.capacity(), RouteNetlink.QUEUE_FRAMES);
            }
            port.counters().set(PortCounter.RX_MISSED, queue.drops());
            if (spec.netnsInode() == 0 || spec.netnsInode() == namespace.inode()) {
                moved.remove(spec.name());
            } else {
                moved.put(spec.name(), "the interface of endpoint " + spec.name() + " has left " + spec.netns()
                    + " for another network namespace, net:[" + namespace.inode() + "]; detach it, or move it back");
            }
        } catch (final NativeException | NamespaceException ex) {
            LOG.debug("the interface of endpoint {} has gone meanwhile: {}", spec.name(), ex.getMessage());
        }
    }

    /** What is not as it should be, human-readable. */
    List<String> issues() {
        return new ArrayList<>(moved.values());
    }
}
