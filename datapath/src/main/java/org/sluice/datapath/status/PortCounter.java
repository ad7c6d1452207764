package org.sluice.datapath.status;

/** Counters of one port, seen from the switch: received is what came out of the endpoint. */
public enum PortCounter {
    RX_FRAMES,
    RX_BYTES,
    /** Frames received on this port that were dropped. */
    RX_DROPS,
    TX_FRAMES,
    TX_BYTES,
    /** Frames for this port that were too long for it, or that its device did not take. */
    TX_DROPS,
    /** 1 while frames pass, 0 once the device has gone. */
    UP
}
