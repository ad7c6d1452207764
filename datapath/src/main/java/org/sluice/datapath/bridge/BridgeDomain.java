package org.sluice.datapath.bridge;

import java.util.Arrays;

import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.NetworkCounter;

/**
 * One layer-2 network: its ports and its gateway. Frames never pass from one domain to another. Owned by the worker.
 */
public final class BridgeDomain {
    private final int id;
    private final PortIdentity gateway;
    private final DomainPolicy policy;
    private final CounterGroup<NetworkCounter> counters;
    private Port[] ports = new Port[0];
    private final LinkLocalOwners linkLocals = new LinkLocalOwners();
    private Port hostPort;

    /**
     * @param id      from 1 to below {@link Fdb#MAX_DOMAINS}, unique in the worker.
     * @param gateway the addresses that the switch itself answers.
     */
    public BridgeDomain(final int id, final PortIdentity gateway, final DomainPolicy policy,
                        final CounterGroup<NetworkCounter> counters) {
        this.id = id;
        this.gateway = gateway;
        this.policy = policy;
        this.counters = counters;
    }

    public int id() {
        return id;
    }

    public PortIdentity gateway() {
        return gateway;
    }

    public DomainPolicy policy() {
        return policy;
    }

    public CounterGroup<NetworkCounter> counters() {
        return counters;
    }

    /** All ports. The caller must not change the array. */
    public Port[] ports() {
        return ports;
    }

    /** Whose the IPv6 link-local addresses are. */
    public LinkLocalOwners linkLocals() {
        return linkLocals;
    }

    /** The port into the host, or null. */
    public Port hostPort() {
        return hostPort;
    }

    public void add(final Port port) {
        ports = Arrays.copyOf(ports, ports.length + 1);
        ports[ports.length - 1] = port;
        if (port.isEndpoint() || port.isHost()) {
            linkLocals.add(port);
        }
        if (port.isHost()) {
            hostPort = port;
        }
    }

    public void remove(final Port port) {
        ports = Arrays.stream(ports).filter(p -> p != port).toArray(Port[]::new);
        linkLocals.remove(port);
        if (hostPort == port) {
            hostPort = null;
        }
    }
}
