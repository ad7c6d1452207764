package org.sluice.datapath.status;

/** Counters of one network (bridge domain). */
public enum NetworkCounter {
    RX_FRAMES,
    RX_BYTES,
    FLOODED_FRAMES,
    DROPS
}
