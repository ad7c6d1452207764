package org.sluice.bench;

import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;

/** Says that port 0 has frames, always. */
final class OnePortPoller implements DevicePoller {
    @Override
    public void add(final int portIndex, final PacketDevice device) {
        // There is nothing to watch.
    }

    @Override
    public void remove(final int portIndex, final PacketDevice device) {
        // There is nothing to watch.
    }

    @Override
    public int poll(final int[] ready, final int timeoutMs) {
        ready[0] = 0;
        return 1;
    }

    @Override
    public void wakeUp() {
        // It never sleeps.
    }

    @Override
    public void close() {
        // It holds nothing.
    }
}
