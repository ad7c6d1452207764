package org.sluice.datapath.trace;

/** The stages that a traced packet is seen behind, in their order. */
public enum TraceStage {
    PARSE, SOURCE_GUARD, BRIDGE, OVERLAY, GATEWAY, CONNTRACK, ROUTE, TRANSMIT
}
