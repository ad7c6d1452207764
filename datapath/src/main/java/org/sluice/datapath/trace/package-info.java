/**
 * Records for packet traces and captures, and their path from the worker to the observer.
 * <p>
 * The worker writes a {@link TraceStep} for each stage, or a {@link CapturedFrame} for each frame, into a
 * {@link ProbeRing}. Control reads the ring, which it has passed to the worker through the {@link ProbeChannel}. A
 * {@link PacketFilter} selects the packets. {@code PacketTracer} and {@code FrameCapture} in the pipeline write the
 * records.
 * <p>
 * Start with {@link ProbeRing}.
 */
package org.sluice.datapath.trace;
