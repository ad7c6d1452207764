package org.sluice.linux;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * An uplink: a {@link PacketRing} on a network interface that leads to the world, and the way out by it. Super-frames
 * pass in one piece both ways.
 */
public final class UplinkDevice implements PollableDevice {
    private static final int BLOCKS = 24;
    private static final int VIRTIO_BYTES = VirtioNetHeaderFlyweight.LENGTH;

    private final PacketRing ring;
    private final String name;

    private UplinkDevice(final PacketRing ring, final String name) {
        this.ring = ring;
        this.name = name;
    }

    /**
     * Opens one on an interface of the calling thread's network namespace.
     *
     * @param filterFd a socket filter program, attached before the first frame can come.
     * @throws NativeException when the kernel refuses.
     */
    public static UplinkDevice open(final String name, final int linkIndex, final int filterFd) {
        return new UplinkDevice(
            PacketRing.open(name, linkIndex, filterFd, PacketRing.LONGEST_PLACE_BYTES, BLOCKS), name);
    }

    @Override
    public int fd() {
        return ring.fd();
    }

    @Override
    public String name() {
        return "uplink " + name;
    }

    @Override
    public int receive(final FrameBatch batch) {
        final boolean gaveBack = ring.giveBack();
        int received = 0;
        while (batch.hasRoom()) {
            final long place = ring.peek();
            if (place == 0) {
                break;
            }
            ring.take();
            batch.append(PacketRing.frameOf(place), PacketRing.lengthOf(place));
            received++;
        }
        if (received == 0 && !gaveBack) {
            ring.clearError();
        }
        return received;
    }

    @Override
    public void transmit(final EgressQueue queue) {
        for (int i = 0, size = queue.size(); i < size; i++) {
            final long sent = LibC.INSTANCE.send(ring.fd(), queue.address(i) - VIRTIO_BYTES,
                VIRTIO_BYTES + queue.length(i), 0);
            if (sent < 0) {
                queue.refuse(i);
            }
        }
    }

    @Override
    public void close() {
        ring.close();
    }
}
