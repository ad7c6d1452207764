package org.sluice.datapath;

import java.util.Map;
import java.util.TreeMap;

import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;

/** Asks the in-memory devices which of them have frames. */
public final class MemoryPoller implements DevicePoller {
    /** A device that can be asked. */
    public interface Source extends PacketDevice {
        boolean isReadable();
    }

    private final Map<Integer, Source> devices = new TreeMap<>();

    @Override
    public void add(final int portIndex, final PacketDevice device) {
        devices.put(portIndex, (Source) device);
    }

    @Override
    public void remove(final int portIndex, final PacketDevice device) {
        devices.remove(portIndex);
    }

    public int watched() {
        return devices.size();
    }

    @Override
    public int poll(final int[] ready, final int timeoutMs) {
        int count = 0;
        for (final Map.Entry<Integer, Source> entry : devices.entrySet()) {
            if (entry.getValue().isReadable() && count < ready.length) {
                ready[count++] = entry.getKey();
            }
        }
        return count;
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
