package org.sluice.control.engine;

import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.device.PacketDevice;

/**
 * The settings of a port that is to be added to the switch.
 *
 * @param name     for counters.
 * @param mtu      layer-3 bytes.
 * @param guarded  whether only frames from its own addresses may come in.
 * @param identity its own addresses.
 */
public record PortSetup(String name, PacketDevice device, int mtu, PortKind kind, boolean guarded,
                        PortIdentity identity) {
    /** A port that any frame may come in by. */
    public PortSetup(final String name, final PacketDevice device, final int mtu, final PortKind kind,
                     final PortIdentity identity) {
        this(name, device, mtu, kind, false, identity);
    }
}
