package org.sluice.datapath.trace;

import org.agrona.UnsafeApi;

/**
 * A view of a captured frame, as it came or as it leaves, at a raw address: a header and as many of the frame's bytes
 * as the user asked for. Written by the worker, read by control.
 * <pre>
 *   0   time, ns of the worker's clock (8)   8  port (4)   12  bytes of the frame (4)   16  1 if it leaves (4)
 *   20  reserved (4)   24  frame ...
 * </pre>
 */
public final class CapturedFrame {
    public static final int HEADER_BYTES = 24;

    private static final int TIME_OFFSET = 0;
    private static final int PORT_OFFSET = 8;
    private static final int LENGTH_OFFSET = 12;
    private static final int OUTBOUND_OFFSET = 16;

    private long address;

    public CapturedFrame wrap(final long frameAddress) {
        address = frameAddress;
        return this;
    }

    public void header(final long timeNs, final int port, final int length, final boolean outbound) {
        UnsafeApi.putLong(address + TIME_OFFSET, timeNs);
        UnsafeApi.putInt(address + PORT_OFFSET, port);
        UnsafeApi.putInt(address + LENGTH_OFFSET, length);
        UnsafeApi.putInt(address + OUTBOUND_OFFSET, outbound ? 1 : 0);
    }

    public long timeNs() {
        return UnsafeApi.getLong(address + TIME_OFFSET);
    }

    /** Index of the port in the switch. */
    public int port() {
        return UnsafeApi.getInt(address + PORT_OFFSET);
    }

    /** Length of the whole frame. */
    public int length() {
        return UnsafeApi.getInt(address + LENGTH_OFFSET);
    }

    /** Whether the frame leaves through the port; otherwise it came in there. */
    public boolean isOutbound() {
        return UnsafeApi.getInt(address + OUTBOUND_OFFSET) != 0;
    }
}
