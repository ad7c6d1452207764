package org.sluice.datapath.bridge;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.PortCounter;

/**
 * A place where frames enter and leave the switch: an endpoint's device, a network's host port, an uplink, a VTEP, or
 * an underlay. Owned by the worker.
 */
public final class Port {
    private final int index;
    private final BridgeDomain domain;
    private final PacketDevice device;
    private final CounterGroup<PortCounter> counters;
    private final EgressQueue egressQueue = new EgressQueue();
    private PortIdentity identity;
    private final WorkBudget budget = new WorkBudget();
    private int mtu;
    private final PortKind kind;
    private final boolean guarded;
    private int linkLocalClaims;

    /**
     * @param index    below {@link PortIndex#LIMIT}, unique in the worker.
     * @param mtu      most layer-3 bytes of one packet.
     * @param kind     what the port leads to.
     * @param guarded  whether frames must come from the identity's addresses.
     * @param identity the addresses behind the port.
     */
    public Port(final int index, final BridgeDomain domain, final PacketDevice device, final int mtu,
                final PortKind kind, final boolean guarded, final PortIdentity identity,
                final CounterGroup<PortCounter> counters) {
        this.index = index;
        this.domain = domain;
        this.device = device;
        this.mtu = mtu;
        this.kind = kind;
        this.guarded = guarded;
        this.identity = identity;
        this.counters = counters;
    }

    public int index() {
        return index;
    }

    public BridgeDomain domain() {
        return domain;
    }

    public PacketDevice device() {
        return device;
    }

    public CounterGroup<PortCounter> counters() {
        return counters;
    }

    public EgressQueue egressQueue() {
        return egressQueue;
    }

    /** How much work it may cause. */
    public WorkBudget budget() {
        return budget;
    }

    public PortIdentity identity() {
        return identity;
    }

    /** Changes the addresses behind an uplink's port, whose interface has a MAC address that the host may change. */
    public void identity(final PortIdentity changed) {
        identity = changed;
    }

    public int mtu() {
        return mtu;
    }

    /** Changes how long packets on this port may be. */
    public void mtu(final int bytes) {
        mtu = bytes;
    }

    public PortKind kind() {
        return kind;
    }

    public boolean isHost() {
        return kind == PortKind.HOST;
    }

    public boolean isUplink() {
        return kind == PortKind.UPLINK;
    }

    public boolean isEndpoint() {
        return kind == PortKind.ENDPOINT;
    }

    public boolean isVtep() {
        return kind == PortKind.VTEP;
    }

    public boolean isUnderlay() {
        return kind == PortKind.UNDERLAY;
    }

    /**
     * Whether frames may pass from this port to another port of its network. A VTEP's frame reaches no other VTEP, for
     * its sender has sent it to all of them. Nor does it reach the host port, which each host has for itself: only
     * endpoints talk over the tunnels.
     */
    public boolean reaches(final Port other) {
        return !isVtep() && !other.isVtep() || isEndpoint() || other.isEndpoint();
    }

    public boolean isGuarded() {
        return guarded;
    }

    int linkLocalClaims() {
        return linkLocalClaims;
    }

    void linkLocalClaims(final int count) {
        linkLocalClaims = count;
    }
}
