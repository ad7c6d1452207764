package org.sluice.datapath.tunnel;

import java.util.ArrayList;
import java.util.List;

import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.device.PacketDevice;

/**
 * A remote VTEP of one overlay network, as a device of that network. It encapsulates the frames that leave through it.
 * Frames from it arrive at the underlay's device, which serves all VTEPs. Owned by the worker.
 */
public final class Vtep implements PacketDevice {
    private final Encapsulator encapsulator;
    private final int portIndex;
    private final int vni;
    private final long high;
    private final long low;
    private final List<PortIdentity> remotes = new ArrayList<>();
    private int linkIndex;
    private long sourceHigh;
    private long sourceLow;

    /**
     * @param portIndex index of this device's port.
     * @param high      half of its address in the underlay, an IPv4 one mapped.
     * @param low       the other half.
     */
    public Vtep(final Encapsulator encapsulator, final int portIndex, final int vni, final long high,
                final long low) {
        this.encapsulator = encapsulator;
        this.portIndex = portIndex;
        this.vni = vni;
        this.high = high;
        this.low = low;
    }

    public int portIndex() {
        return portIndex;
    }

    public int vni() {
        return vni;
    }

    public long high() {
        return high;
    }

    public long low() {
        return low;
    }

    /** The endpoints that control has named behind this VTEP. Other classes keep the tables of them. */
    public List<PortIdentity> remotes() {
        return remotes;
    }

    /**
     * Sets the route to the VTEP, for super-frames that go in one piece.
     *
     * @param link           number of the outgoing interface; 0 if super-frames cannot go whole.
     * @param sourceHighHalf high half of their source address.
     */
    public void route(final int link, final long sourceHighHalf, final long sourceLowHalf) {
        linkIndex = link;
        sourceHigh = sourceHighHalf;
        sourceLow = sourceLowHalf;
    }

    public int linkIndex() {
        return linkIndex;
    }

    public long sourceHigh() {
        return sourceHigh;
    }

    public long sourceLow() {
        return sourceLow;
    }

    @Override
    public int receive(final FrameBatch batch) {
        return 0;
    }

    @Override
    public void transmit(final EgressQueue queue) {
        encapsulator.transmit(queue, this);
    }

    @Override
    public String name() {
        return "VTEP of VNI " + vni;
    }

    /** A VTEP holds no resource. */
    @Override
    public void close() {
    }
}
