package org.sluice.datapath.trace;

/** The ways to observe packets. */
public enum ProbeKind {
    /** The decision of each stage on a packet: {@link TraceStep}s. */
    TRACE,
    /** The packets themselves: {@link CapturedFrame}s. */
    CAPTURE
}
