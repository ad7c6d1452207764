package org.sluice.datapath.status;

/** Counters of one network (bridge domain), over all its ports. */
public enum NetworkCounter {
    /** Frames received on the network's ports. */
    RX_FRAMES,
    /** Bytes of those frames. */
    RX_BYTES,
    /** Frames sent to every port: broadcasts, multicasts, and frames for an unknown MAC. */
    FLOODED_FRAMES,
    /** Frames received on the network's ports that were dropped. */
    DROPS
}
