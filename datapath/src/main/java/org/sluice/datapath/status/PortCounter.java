package org.sluice.datapath.status;

/** Counters of one port, seen from the switch: a received frame is one that the endpoint sent. */
public enum PortCounter {
    /** Frames received on this port. */
    RX_FRAMES,
    /** Bytes of those frames. */
    RX_BYTES,
    /** Frames received on this port that were dropped. */
    RX_DROPS,
    /** Frames that came while the device's ring was full: the kernel dropped them, and the switch never saw them. */
    RX_MISSED,
    /** Frames that the kernel had for the device's ring, those it dropped included; 0 without a ring. */
    RX_OFFERED,
    /** Frames that the kernel says it has put in the device's ring, but that never came: 0, or something is wrong. */
    RX_UNACCOUNTED,
    /** Frames sent through this port. */
    TX_FRAMES,
    /** Bytes of those frames. */
    TX_BYTES,
    /** Frames for this port that were longer than its MTU, or that its device refused. */
    TX_DROPS,
    /** State of the device: 1 while frames pass, 0 once the device has gone. */
    UP
}
