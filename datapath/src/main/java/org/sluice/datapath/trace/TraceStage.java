package org.sluice.datapath.trace;

/** The stages after which a trace records a packet, in their order. */
public enum TraceStage {
    PARSE, SOURCE_GUARD, BRIDGE, OVERLAY, GATEWAY, CONNTRACK, ROUTE, TRANSMIT
}
