package org.sluice.datapath.device;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Passes devices from control to a worker. Control stores a device here before it sends the command to add a port,
 * because a command carries only numbers. Written by control, read by the worker; the command ring orders the two.
 */
public final class DeviceRegistry {
    private final AtomicReferenceArray<PacketDevice> devices;

    public DeviceRegistry(final int maxPorts) {
        devices = new AtomicReferenceArray<>(maxPorts);
    }

    public void put(final int portIndex, final PacketDevice device) {
        devices.set(portIndex, device);
    }

    /** The device that control stored for the port, or null. */
    public PacketDevice get(final int portIndex) {
        return portIndex < 0 || portIndex >= devices.length() ? null : devices.get(portIndex);
    }

    public PacketDevice remove(final int portIndex) {
        return devices.getAndSet(portIndex, null);
    }
}
