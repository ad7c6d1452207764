package org.sluice.datapath.tunnel;

import org.sluice.datapath.device.PacketDevice;

/**
 * A worker's part in the overlay networks: who is where, and both ways through the tunnel. Owned by the worker.
 */
public record Tunnel(VtepTable vteps, Encapsulator encapsulator, Decapsulator decapsulator) implements AutoCloseable {
    /** Takes up a device that datagrams come and go by; of two, super-frames leave by the one that carries them. */
    public void addUnderlay(final PacketDevice device) {
        if (device instanceof SuperFrameDevice superFrames) {
            encapsulator.superFrames(superFrames);
        } else {
            encapsulator.underlay(device);
        }
    }

    /** Lets go of such a device. */
    public void removeUnderlay(final PacketDevice device) {
        if (device instanceof SuperFrameDevice) {
            encapsulator.superFrames(null);
        } else {
            encapsulator.underlay(null);
        }
    }

    @Override
    public void close() {
        encapsulator.close();
        decapsulator.close();
    }
}
