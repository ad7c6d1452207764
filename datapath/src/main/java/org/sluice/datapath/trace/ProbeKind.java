package org.sluice.datapath.trace;

/** The ways of looking at packets. */
public enum ProbeKind {
    /** What each stage decides on a packet: {@link TraceStep}s. */
    TRACE,
    /** The packets themselves: {@link CapturedFrame}s. */
    CAPTURE
}
