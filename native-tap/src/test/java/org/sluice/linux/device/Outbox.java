package org.sluice.linux.device;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.tunnel.Datagram;

/** What a test sends by a device, with the notes in front. */
public final class Outbox implements AutoCloseable {
    private static final int FRONT_BYTES = 128;
    private static final int BYTES = 8 << 20;

    private final OffHeapRegion region = OffHeapRegion.anonymous(BYTES);
    private final EgressQueue queue = new EgressQueue();
    private long end = region.address();

    /** Adds a message of datagrams; {@code segmentBytes} is 0 for a single one. */
    public Outbox message(final String peer, final int flow, final int trafficClass, final int segmentBytes,
                   final byte[] bytes) {
        final long at = place(bytes);
        final long[] halves = TunnelMessage.halves(peer);
        Datagram.clear(at);
        Datagram.peer(at, halves[0], halves[1]);
        Datagram.flow(at, flow);
        Datagram.trafficClass(at, trafficClass);
        Datagram.segmentBytes(at, segmentBytes);
        return this;
    }

    /** Adds a frame with its virtio-net header. */
    Outbox frame(final byte[] virtio, final byte[] frame) {
        final long at = place(frame);
        new UnsafeBuffer(at - virtio.length, virtio.length).putBytes(0, virtio);
        return this;
    }

    /** Adds a frame on which nothing is left to do. */
    Outbox frame(final byte[] frame) {
        return frame(new byte[10], frame);
    }

    private long place(final byte[] bytes) {
        final long at = end + FRONT_BYTES;
        new UnsafeBuffer(at, bytes.length).putBytes(0, bytes);
        end = at + bytes.length + Long.BYTES - 1 & -Long.BYTES;
        if (end > region.address() + BYTES) {
            throw new AssertionError("a test sends too much at once");
        }
        queue.add(at, bytes.length);
        return at;
    }

    /** Sends all at once; which were refused can be asked until {@link #clear}. */
    public Outbox sendBy(final PacketDevice device) {
        device.transmit(queue);
        return this;
    }

    public EgressQueue queue() {
        return queue;
    }

    public boolean isTooBig(final int i) {
        return Datagram.isTooBig(queue.address(i));
    }

    public Outbox clear() {
        queue.clear();
        end = region.address();
        return this;
    }

    @Override
    public void close() {
        region.close();
    }
}
