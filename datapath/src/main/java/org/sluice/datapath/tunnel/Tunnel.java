package org.sluice.datapath.tunnel;

import org.sluice.datapath.bridge.Port;

/**
 * A worker's part in the overlay networks: who is where, and both ways through the tunnel. Owned by the worker.
 */
public record Tunnel(VtepTable vteps, Encapsulator encapsulator, Decapsulator decapsulator) implements AutoCloseable {
    /** Takes up a device that datagrams come by; they leave by the one that can send them. */
    public void addUnderlay(final Port port) {
        if (port.device() instanceof SuperFrameDevice device) {
            encapsulator.underlay(device, port.counters());
        }
    }

    /** Lets go of such a device. */
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
