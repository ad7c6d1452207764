package org.sluice.datapath.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.Wire;
import org.sluice.datapath.buffer.OffHeapRegion;

/** A super-frame is cut as the kernel cuts it: see what holds for each segment below. */
class SegmenterTest {
    private static final int FIN = 0x01;
    private static final int PSH = 0x08;
    private static final int CWR = 0x80;
    private static final int FRONT = 64;

    private final Random random = new Random(793);
    private final Segmenter segmenter = new Segmenter();

    @Test
    void shouldCutAnySuperFrame() {
        for (int round = 0; round < 3000; round++) {
            final boolean v4 = random.nextBoolean();
            final boolean tcp = random.nextInt(3) > 0;
            final int size = 1 + random.nextInt(random.nextBoolean() ? 1460 : 9000);
            final byte[] payload = new byte[random.nextInt(Math.min(65_400, 1 + random.nextInt(50) * size))];
            random.nextBytes(payload);
            final byte[] frame = tcp ? tcp(v4, random.nextInt(256), 4 * random.nextInt(11), payload)
                : udp(v4, payload);
            final int gsoType = Wire.virtioFor(frame, size)[1] | (tcp && random.nextBoolean() ? 0x80 : 0);
            // The headers' length is not to be believed.
            final byte[] virtio = Wire.virtio(1, gsoType, random.nextInt(1000), size, Wire.l4Of(frame), tcp ? 16 : 6);
            final List<byte[]> segments = cut(virtio, frame);
            assertEquals(Math.max(1, (payload.length + size - 1) / size), segments.size());
            assertArrayEquals(payload, joined(segments, Wire.headerBytes(frame)));
            for (int i = 0; i < segments.size(); i++) {
                assertSegment(frame, segments.get(i), i, i == segments.size() - 1, size);
            }
            if (payload.length > 0) {
                final List<byte[]> reference = Wire.cut(new MemoryDevice.Frame(Wire.virtioFor(frame, size), frame));
                for (int i = 0; i < segments.size(); i++) {
                    assertArrayEquals(reference.get(i), segments.get(i), "segment " + i);
                }
            }
        }
    }

    private static void assertSegment(final byte[] whole, final byte[] segment, final int i, final boolean last,
                                      final int size) {
        final int headers = Wire.headerBytes(whole);
        final int l4 = Wire.l4Of(whole);
        assertTrue(segment.length == headers + size || last && segment.length <= headers + size, "length");
        Packets.assertChecksumsRight(Packets.packetOf(segment));
        assertTrue(Wire.isL4Right(segment) && Wire.isHeaderRight(segment), "checksums");
        assertEquals(segment.length - 14, Packets.packetOf(segment).length, "length in the IP header");
        if (Wire.isIpv4(whole)) {
            assertEquals(Frames.get16(whole, 18) + i & 0xFFFF, Frames.get16(segment, 18), "identification");
        }
        if (Wire.protocol(whole) == Packets.UDP) {
            assertEquals(segment.length - l4, Frames.get16(segment, l4 + 4), "length in the UDP header");
            assertTrue(Frames.get16(segment, l4 + 6) != 0, "0 says that there is no checksum");
            return;
        }
        assertEquals(i32(whole, l4 + 4) + i * size, i32(segment, l4 + 4), "sequence number");
        final int flags = whole[l4 + 13] & 0xFF & (last ? 0xFF : ~(FIN | PSH)) & (i == 0 ? 0xFF : ~CWR);
        assertEquals(flags, segment[l4 + 13] & 0xFF, "flags");
        assertArrayEquals(Arrays.copyOfRange(whole, l4 + 14, l4 + 16), Arrays.copyOfRange(segment, l4 + 14, l4 + 16),
            "window");
        assertArrayEquals(Arrays.copyOfRange(whole, l4 + 20, headers), Arrays.copyOfRange(segment, l4 + 20, headers),
            "options");
    }

    @Test
    void shouldGoRoundWithSequenceNumbersAndIdentifications() {
        final byte[] frame = OverlayHost.frame(1, 2,
            Packets.tcp(OverlayHost.A, 1, OverlayHost.R, 2, Packets.ACK, -1500, 0, new byte[3000]));
        Frames.put16(frame, 18, 0xFFFF);
        final List<byte[]> segments = cut(Wire.virtioFor(frame, 1000), frame);
        assertEquals(500, i32(segments.get(2), 34 + 4));
        assertEquals(1, Frames.get16(segments.get(2), 18));
        assertTrue(Wire.isHeaderRight(segments.get(2)));
    }

    /** RFC 768: a checksum of 0 is sent as 0xFFFF. */
    @Test
    void shouldSendNoUdpChecksumOfZero() {
        for (final boolean v4 : new boolean[] {true, false}) {
            final byte[] frame = udp(v4, new byte[8]);
            // What the checksum of the first segment would be, as its payload: then the sum has nothing left.
            final byte[] first = cut(Wire.virtioFor(frame, 4), frame).getFirst();
            final int field = Wire.checksumField(frame);
            Frames.put16(frame, field + 2, Frames.get16(first, field));
            final List<byte[]> segments = cut(Wire.virtioFor(frame, 4), frame);
            assertEquals(0xFFFF, Frames.get16(segments.getFirst(), field));
            assertTrue(Wire.isL4Right(segments.getFirst()));
        }
    }

    @Test
    void shouldNotTouchTheSuperFrame() {
        final byte[] frame = tcp(true, 0xFF, 12, new byte[5000]);
        final byte[] before = frame.clone();
        cut(Wire.virtioFor(frame, 999), frame);
        assertArrayEquals(before, frame);
    }

    private byte[] tcp(final boolean v4, final int flags, final int optionBytes, final byte[] payload) {
        final byte[] options = new byte[optionBytes];
        random.nextBytes(options);
        return frame(Packets.tcp(v4 ? OverlayHost.A : OverlayHost.A6, 1, v4 ? OverlayHost.R : OverlayHost.R6, 2, flags,
            random.nextInt(), random.nextInt(), random.nextInt(65_536), options, payload));
    }

    private byte[] udp(final boolean v4, final byte[] payload) {
        return frame(Packets.udp(v4 ? OverlayHost.A : OverlayHost.A6, 1, v4 ? OverlayHost.R : OverlayHost.R6, 2,
            payload));
    }

    private byte[] frame(final byte[] packet) {
        if (packet[0] >>> 4 == 4) {
            Frames.put16(packet, 4, random.nextInt(65_536));
        }
        return Wire.withPartialChecksum(Packets.frame(1, 2, packet));
    }

    /** Cuts it, and shows that nothing was written beyond a segment, nor to the super-frame. */
    private List<byte[]> cut(final byte[] virtio, final byte[] frame) {
        final List<byte[]> segments = new ArrayList<>();
        try (OffHeapRegion source = OffHeapRegion.anonymous(FRONT + frame.length);
            OffHeapRegion target = OffHeapRegion.anonymous(FRONT + 70_000)) {
            final UnsafeBuffer memory = source.slice(0, FRONT + frame.length);
            memory.putBytes(FRONT - virtio.length, virtio);
            memory.putBytes(FRONT, frame);
            segmenter.begin(source.address() + FRONT, frame.length);
            while (segmenter.hasNext()) {
                final byte[] segment = new byte[segmenter.nextBytes()];
                final UnsafeBuffer written = target.slice(0, segment.length + 8);
                written.putLong(segment.length, 0x5A5A_5A5A_5A5A_5A5AL);
                segmenter.next(target.address());
                written.getBytes(0, segment);
                assertEquals(0x5A5A_5A5A_5A5A_5A5AL, written.getLong(segment.length), "what is behind the segment");
                segments.add(segment);
            }
            memory.getBytes(FRONT, frame);
        }
        return segments;
    }

    private static byte[] joined(final List<byte[]> segments, final int headers) {
        return Frames.concat(segments.stream()
            .map(segment -> Arrays.copyOfRange(segment, headers, segment.length)).toArray(byte[][]::new));
    }

    private static int i32(final byte[] bytes, final int offset) {
        return Frames.get16(bytes, offset) << 16 | Frames.get16(bytes, offset + 2);
    }
}
