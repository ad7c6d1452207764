/**
 * Traces and captures. {@link org.sluice.control.observe.Observer} begins and ends them on the control thread. The
 * workers fill rings; {@code TraceReader} turns traced steps into words when a client asks, and {@code CaptureWriter}
 * writes frames to a file on a thread of its own.
 */
package org.sluice.control.observe;
