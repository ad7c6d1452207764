package org.sluice.datapath.tunnel;

import org.sluice.datapath.device.PacketDevice;

/**
 * An underlay's device that may also carry a super-frame through the tunnel in one piece: the kernel cuts it, the outer
 * headers with it, where it leaves the host, or a NIC does, or on one machine nobody. Called by one worker thread only.
 */
public interface SuperFrameDevice extends PacketDevice {
    /** Whether {@link #transmitWhole} can be called at all. */
    boolean carriesWhole();

    /** The UDP port that a flow's datagrams come from. */
    int sourcePort(int flow);

    /** The UDP port of the tunnel. */
    int tunnelPort();

    /**
     * Sends a super-frame behind its outer headers, as {@link OuterHeader} has written them.
     *
     * @return false when it was not taken.
     */
    boolean transmitWhole(long headers, int headerBytes, long frame, int frameBytes);
}
