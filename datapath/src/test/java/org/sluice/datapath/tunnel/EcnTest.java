package org.sluice.datapath.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.Wire;
import org.sluice.datapath.buffer.OffHeapRegion;

/** Congestion is told through the tunnel as RFC 6040 has it. */
class EcnTest {
    private static final int DROP = -1;
    /** Figure 4 of RFC 6040: by the inner header's ECN, then by the outer one's. 1 is ECT(1), 2 is ECT(0), 3 is CE. */
    private static final int[][] FIGURE_4 = {
        {0, 0, 0, DROP},
        {1, 1, 1, 3},
        {2, 1, 2, 3},
        {3, 3, 3, 3}};

    @Test
    void shouldCombineAsTheRfcSays() {
        for (final boolean v4 : new boolean[] {true, false}) {
            for (int dscp = 0; dscp < 64; dscp++) {
                for (int inner = 0; inner < 4; inner++) {
                    for (int outer = 0; outer < 4; outer++) {
                        assertCombined(v4, dscp, inner, outer, FIGURE_4[inner][outer]);
                    }
                }
            }
        }
    }

    private static void assertCombined(final boolean v4, final int dscp, final int inner, final int outer,
                                       final int expected) {
        final byte[] frame = frame(v4, dscp << 2 | inner);
        final byte[] result = frame.clone();
        final boolean kept = decapsulate(result, result.length, (63 - dscp) << 2 | outer);
        assertEquals(expected != DROP, kept);
        assertTrue(Wire.isHeaderRight(result), "header checksum");
        assertArrayEquals(frame(v4, dscp << 2 | (kept ? expected : inner)), result);
    }

    @Test
    void shouldCopyDscpAndEcnToTheOuterHeader() {
        for (int trafficClass = 0; trafficClass < 256; trafficClass++) {
            assertEquals(trafficClass, trafficClass(frame(true, trafficClass)));
            assertEquals(trafficClass, trafficClass(frame(false, trafficClass)));
        }
        assertEquals(0, trafficClass(Frames.ethernet(1, 2, 0x0806, Frames.hex("ffffffff ffffffff"))));
        assertEquals(0, trafficClass(Arrays.copyOf(frame(true, 255), 14 + 19)));
        assertEquals(0, trafficClass(Arrays.copyOf(frame(false, 255), 14 + 39)));
    }

    /** What has no header to be marked goes on as it is. */
    @Test
    void shouldLeaveAloneWhatIsNotIp() {
        for (final byte[] frame : new byte[][] {Frames.ethernet(1, 2, 0x0806, new byte[46]),
            Frames.ethernet(1, 2, 0x0800, new byte[0]), Frames.ethernet(1, 2, 0x86DD, new byte[39])}) {
            for (int outer = 0; outer < 4; outer++) {
                final byte[] result = frame.clone();
                assertTrue(decapsulate(result, result.length, outer));
                assertArrayEquals(frame, result);
            }
        }
    }

    private static byte[] frame(final boolean v4, final int trafficClass) {
        final byte[] packet = v4 ? Packets.udp(OverlayHost.R, 1, OverlayHost.A, 2, new byte[9])
            : Packets.udp(OverlayHost.R6, 1, OverlayHost.A6, 2, new byte[9]);
        if (v4) {
            packet[1] = (byte) trafficClass;
            Packets.withHeaderChecksum(packet);
        } else {
            // A flow label beside it.
            Frames.put16(packet, 0, 0x6000 | trafficClass << 4 | 0xA);
        }
        return Packets.frame(1, 2, packet);
    }

    private static boolean decapsulate(final byte[] frame, final int length, final int outer) {
        try (OffHeapRegion region = OffHeapRegion.anonymous(frame.length)) {
            final UnsafeBuffer memory = region.slice(0, frame.length);
            memory.putBytes(0, frame);
            final boolean kept = Ecn.decapsulate(region.address(), length, outer);
            memory.getBytes(0, frame);
            return kept;
        }
    }

    private static int trafficClass(final byte[] frame) {
        try (OffHeapRegion region = OffHeapRegion.anonymous(frame.length)) {
            region.slice(0, frame.length).putBytes(0, frame);
            return Ecn.trafficClass(region.address(), frame.length);
        }
    }
}
