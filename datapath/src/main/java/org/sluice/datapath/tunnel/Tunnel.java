package org.sluice.datapath.tunnel;

import org.sluice.datapath.bridge.Port;

/** A worker's part in the overlay networks: the VTEPs, and both directions through the tunnel. Owned by the worker. */
public record Tunnel(VtepTable vteps, Encapsulator encapsulator, Decapsulator decapsulator) implements AutoCloseable {
    /** Adds a device that receives datagrams. The one that can also send them becomes the sender. */
    public void addUnderlay(final Port port) {
        if (port.device() instanceof SuperFrameDevice device) {
            encapsulator.underlay(device, port.counters());
        }
    }

    /** Removes such a device. */
    public void removeUnderlay(final Port port) {
        if (port.device() instanceof SuperFrameDevice) {
            encapsulator.underlay(null, null);
        }
    }

    @Override
    public void close() {
        encapsulator.close();
        decapsulator.close();
    }
}
