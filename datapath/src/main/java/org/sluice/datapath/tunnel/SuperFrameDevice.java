package org.sluice.datapath.tunnel;

import org.sluice.datapath.device.PacketDevice;

/**
 * An underlay's device that may also carry a super-frame through the tunnel in one piece. The kernel, or a NIC, cuts it
 * with its outer headers when it leaves the host; on one machine it may stay whole. Called by one worker thread.
 */
public interface SuperFrameDevice extends PacketDevice {
    /** Whether {@link #transmitWhole} can work at all. */
    boolean carriesWhole();

    /** The source UDP port of a flow's datagrams. */
    int sourcePort(int flow);

    /** The UDP port of the tunnel. */
    int tunnelPort();

    /**
     * Sends a super-frame behind the outer headers that {@link OuterHeader} wrote.
     *
     * @return false when the device refused it.
     */
    boolean transmitWhole(long headers, int headerBytes, long frame, int frameBytes);
}
