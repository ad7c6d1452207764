package org.sluice.datapath.tunnel;

import java.util.ArrayList;
import java.util.List;

import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.device.PacketDevice;

/**
 * A remote VTEP of one overlay network, as a device of that network's: what leaves by it is encapsulated. What comes
 * from it arrives at the underlay's device, for all VTEPs together. Owned by the worker.
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
     * @param portIndex of the port whose device this is.
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

    /** Who is known to be there; the worker's tables of them are kept by others. */
    public List<PortIdentity> remotes() {
        return remotes;
    }

    /**
     * The way to it, for super-frames that go in one piece.
     *
     * @param link number of the interface that it begins with; 0 where they cannot go so.
     * @param sourceHighHalf of the address that they come from.
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

    /** It holds nothing. */
    @Override
    public void close() {
    }
}
