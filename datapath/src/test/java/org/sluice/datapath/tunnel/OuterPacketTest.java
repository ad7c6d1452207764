package org.sluice.datapath.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.buffer.OffHeapRegion;

/** The headers in front of a datagram that no host's stack has looked at. */
class OuterPacketTest {
    private static final String HOST4 = "192.0.2.10";
    private static final String HOST6 = "2001:db8:0:0:0:0:0:10";

    private final OuterPacket outer = new OuterPacket();
    private final byte[] payload = new byte[60];
    private final byte[] over4 = Packets.frame(1, 2, Packets.udp(OverlayHost.VTEP1, 40_000, HOST4, 4789, payload));
    private final byte[] over6 = Packets.frame(1, 2, Packets.udp(OverlayHost.VTEP2, 40_000, HOST6, 4789, payload));

    @Test
    void shouldFindTheDatagramAndItsSender() {
        over4[15] = (byte) 0xB9;
        rightHeader(over4);
        Frames.put16(over6, 14, 0x6B90);
        assertRead(over4, 42, OverlayHost.VTEP1, 0xB9);
        assertRead(over6, 62, OverlayHost.VTEP2, 0xB9);
        // What pads the frame is none of it.
        assertRead(Frames.concat(over4, new byte[7]), 42, OverlayHost.VTEP1, 0xB9);
        assertRead(Frames.concat(over6, new byte[7]), 62, OverlayHost.VTEP2, 0xB9);
    }

    private void assertRead(final byte[] frame, final int offset, final String sender, final int trafficClass) {
        assertTrue(read(frame));
        assertEquals(offset, outer.payloadOffset());
        assertEquals(payload.length, outer.payloadBytes());
        assertEquals(trafficClass, outer.trafficClass());
        assertEquals(Packets.high(sender), outer.sourceHigh());
        assertEquals(Packets.low(sender), outer.sourceLow());
    }

    @Test
    void shouldRefuseWhatIsNoSuchPacketOrNotWhole() {
        for (final byte[] frame : new byte[][] {over4, over6}) {
            for (int length = 0; length < frame.length; length++) {
                assertFalse(read(Arrays.copyOf(frame, length)), "cut to " + length);
            }
        }
        assertFalse(read(changed(over4, 14, 0x46)), "IPv4 options");
        assertFalse(read(changed(over4, 20, 0x20)), "a fragment");
        assertFalse(read(changed(over4, 21, 1)), "a later fragment");
        assertFalse(read(changed(over4, 23, 6)), "TCP");
        assertFalse(read(changed(over4, 17, 27)), "no room for UDP");
        assertFalse(read(changed(over4, 39, 7)), "shorter than UDP's own header");
        assertFalse(read(changed(over6, 20, 6)), "TCP");
        assertFalse(read(changed(over6, 20, 44)), "a fragment");
        assertFalse(read(changed(over6, 14, 0x45)), "another version");
        assertFalse(read(changed(over6, 19, 7)), "no room for UDP");
        assertFalse(read(changed(over4, 12, 0x81)), "another protocol");
        final byte[] wrong = over4.clone();
        wrong[24] ^= 1;
        assertFalse(read(wrong), "wrong header checksum");
    }

    @Test
    void shouldNeverGoBeyondTheFrame() {
        final Random random = new Random(4789);
        int good = 0;
        for (int i = 0; i < 50_000; i++) {
            final byte[] frame = (random.nextBoolean() ? over4 : over6).clone();
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                frame[12 + random.nextInt(50)] = (byte) random.nextInt();
            }
            if (frame[12] == 8) {
                rightHeader(frame);
            }
            final byte[] cut = Arrays.copyOf(frame, frame.length - random.nextInt(2) * random.nextInt(frame.length));
            if (read(cut)) {
                good++;
                assertTrue(outer.payloadBytes() >= 0
                    && outer.payloadOffset() + outer.payloadBytes() <= cut.length, "within the frame");
            } else {
                assertArrayEquals(new int[1], new int[] {outer.payloadBytes()});
            }
        }
        assertTrue(good > 10_000, "good ones: " + good);
    }

    private static byte[] changed(final byte[] frame, final int offset, final int value) {
        final byte[] copy = frame.clone();
        copy[offset] = (byte) value;
        if (copy[12] == 8) {
            rightHeader(copy);
        }
        return copy;
    }

    /** Computes the checksum of a header of twenty bytes anew. */
    private static void rightHeader(final byte[] frame) {
        Frames.put16(frame, 24, 0);
        Frames.put16(frame, 24, Frames.checksum(0, Arrays.copyOfRange(frame, 14, 34)));
    }

    private boolean read(final byte[] frame) {
        try (OffHeapRegion region = OffHeapRegion.anonymous(Math.max(1, frame.length))) {
            region.slice(0, frame.length).putBytes(0, frame);
            return outer.read(region.address(), frame.length);
        }
    }
}
