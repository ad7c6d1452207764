package org.sluice.datapath.pipeline;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Cuts a routed IPv4 packet that is too long for its egress and allows it (RFC 791, 3.2). It makes one fragment after
 * the other, in its own memory, which the next packet reuses. A fragment may be cut again. Owned by the worker.
 */
final class Ipv4Fragmenter implements AutoCloseable {
    private static final int UNIT_BYTES = 8;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int OFFSET_MASK = 0x1FFF;
    private static final int L3 = EthernetFlyweight.LENGTH;
    private static final int FRONT_BYTES = 16;
    private static final int MAX_HEADER_BYTES = 60;
    private static final int REGION_BYTES = 256 * 1024;

    private final OffHeapRegion region = OffHeapRegion.anonymous(REGION_BYTES);
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private long source;
    private int headerBytes;
    private int payloadBytes;
    private int step;
    private int originalField;
    private int done;
    private long next;
    private int length;

    /** Begins to cut frame {@code i}, which is IPv4 without GSO. */
    void begin(final FrameBatch batch, final int i, final int mtu) {
        completeChecksum(batch, i);
        source = batch.address(i);
        ipv4.wrap(source + L3, batch.l3Available(i));
        headerBytes = ipv4.headerLength();
        payloadBytes = ipv4.totalLength() - headerBytes;
        step = Math.max(UNIT_BYTES, (mtu - headerBytes) / UNIT_BYTES * UNIT_BYTES);
        originalField = ipv4.fragmentField();
        done = 0;
        next = region.address() + FRONT_BYTES;
    }

    /** Makes the next fragment; false after the last one. */
    boolean next() {
        if (done >= payloadBytes) {
            return false;
        }
        final int part = Math.min(step, payloadBytes - done);
        final long frame = next;
        length = L3 + headerBytes + part;
        virtio.wrapBefore(frame).clear();
        UnsafeApi.copyMemory(source, frame, (long) L3 + headerBytes);
        UnsafeApi.copyMemory(source + L3 + headerBytes + done, frame + L3 + headerBytes, part);
        ipv4.wrap(frame + L3, length - L3);
        ipv4.totalLength(headerBytes + part);
        final boolean more = done + part < payloadBytes || (originalField & MORE_FRAGMENTS) != 0;
        ipv4.fragmentField((originalField & OFFSET_MASK) + done / UNIT_BYTES | (more ? MORE_FRAGMENTS : 0));
        ipv4.updateChecksum();
        done += part;
        next = frame + length + FRONT_BYTES;
        return true;
    }

    /** Address of the latest fragment. */
    long address() {
        return next - FRONT_BYTES - length;
    }

    int length() {
        return length;
    }

    /** Whether a packet of this length can be cut for the MTU: its fragments and their headers must fit the memory. */
    static boolean canCut(final int wireLength, final int mtu) {
        // With the longest header possible.
        final int smallestStep = (mtu - MAX_HEADER_BYTES) / UNIT_BYTES * UNIT_BYTES;
        return smallestStep > 0 && wireLength
            + (wireLength / smallestStep + 2L) * (L3 + MAX_HEADER_BYTES + FRONT_BYTES) < REGION_BYTES;
    }

    /** Completes the checksum, because nobody can once the packet is cut. */
    private void completeChecksum(final FrameBatch batch, final int i) {
        virtio.wrapBefore(batch.address(i));
        if (virtio.needsChecksum()) {
            InternetChecksum.complete(batch.address(i) + virtio.checksumStart(), virtio.checksumOffset(),
                batch.l4Offset(i) + batch.l4Length(i) - virtio.checksumStart(),
                batch.l4Protocol(i) == IpProtocol.UDP);
            virtio.clear();
        }
    }

    @Override
    public void close() {
        region.close();
    }
}
