package org.sluice.datapath.conntrack;

import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.TcpFlyweight;

/**
 * The TCP options that matter to a tracker: window scale and SACK permitted in a SYN (RFC 7323, RFC 2018), and the
 * highest selective acknowledgement. A malformed option counts as absent. Owned by the worker.
 */
final class TcpOptions {
    /** A header with two no-operations and a timestamp, as in most packets: no option that matters. */
    static final int LENGTH_WITH_TIMESTAMP = 32;

    private static final int END = 0;
    private static final int NO_OPERATION = 1;
    private static final int WINDOW_SCALE = 3;
    private static final int SACK_PERMITTED = 4;
    private static final int SACK = 5;
    private static final int SACK_BLOCK_BYTES = 8;
    /** Limit of RFC 7323, 2.3. */
    private static final int MAX_SCALE = 14;

    private int scale;
    private boolean hasScale;
    private boolean sackPermitted;
    private int highestSack;

    /** Reads the options of a SYN. */
    void readSyn(final long header, final int headerLength) {
        scale = 0;
        hasScale = false;
        sackPermitted = false;
        walk(header, headerLength, true);
    }

    /** The highest right edge of the SACK blocks, or the acknowledgement if that is higher. */
    int highestSack(final long header, final int headerLength, final int acknowledgement) {
        highestSack = acknowledgement;
        walk(header, headerLength, false);
        return highestSack;
    }

    int scale() {
        return scale;
    }

    boolean hasScale() {
        return hasScale;
    }

    boolean isSackPermitted() {
        return sackPermitted;
    }

    private void walk(final long header, final int headerLength, final boolean syn) {
        int offset = TcpFlyweight.MIN_LENGTH;
        while (offset < headerLength) {
            final int kind = NetworkOrder.u8(header + offset);
            if (kind == END) {
                return;
            }
            if (kind == NO_OPERATION) {
                offset++;
                continue;
            }
            final int length = offset + 1 < headerLength ? NetworkOrder.u8(header + offset + 1) : 0;
            if (length < 2 || offset + length > headerLength) {
                return;
            }
            if (syn) {
                readSynOption(kind, header + offset, length);
            } else if (kind == SACK) {
                readSack(header + offset + 2, length - 2);
            }
            offset += length;
        }
    }

    private void readSynOption(final int kind, final long option, final int length) {
        if (kind == WINDOW_SCALE && length == 3) {
            scale = Math.min(MAX_SCALE, NetworkOrder.u8(option + 2));
            hasScale = true;
        } else if (kind == SACK_PERMITTED && length == 2) {
            sackPermitted = true;
        }
    }

    private void readSack(final long blocks, final int lengthBytes) {
        for (int block = 0; block + SACK_BLOCK_BYTES <= lengthBytes; block += SACK_BLOCK_BYTES) {
            final int rightEdge = NetworkOrder.i32(blocks + block + Integer.BYTES);
            if (rightEdge - highestSack > 0) {
                highestSack = rightEdge;
            }
        }
    }
}
