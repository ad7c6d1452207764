package org.sluice.linux;

import org.agrona.BitUtil;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;
import org.sluice.datapath.tunnel.Datagram;
import org.sluice.datapath.tunnel.OuterPacket;
import org.sluice.linux.netlink.Link;

/**
 * The tunnels' short way in: packet rings on an uplink that take the tunnels' packets past the host's stack, as
 * {@link org.sluice.linux.bpf.TunnelSteering} tells them from others. They cost no system call, and a super-frame stays
 * whole. There are two rings, for each place of a ring has room for the longest frame in it: one of many small places
 * for what fits a wire, and one of large places for super-frames. What came first goes first, whichever ring it is in.
 * Datagrams stay in the rings until the next call of {@link #receive}.
 */
public final class TunnelRing implements PollableDevice {
    private static final int SMALL_BLOCKS = 16;
    private static final int LARGE_BLOCKS = 24;
    private static final int ETHERNET_BYTES = 14 + 4;

    private final PacketRing small;
    private final PacketRing large;
    private final String name;
    private final OuterPacket outer = new OuterPacket();
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();

    private TunnelRing(final PacketRing small, final PacketRing large, final String name) {
        this.small = small;
        this.large = large;
        this.name = name;
    }

    /**
     * Opens one on an interface of the calling thread's network namespace.
     *
     * @param smallFilterFd lets the packets in that are for the tunnels of one worker and no longer than
     *                      {@link #smallFrameBytes} says.
     * @param largeFilterFd lets the longer ones in.
     * @throws NativeException when the kernel refuses.
     */
    public static TunnelRing open(final Link link, final int smallFilterFd, final int largeFilterFd) {
        final PacketRing small = PacketRing.open(link.name(), link.index(), smallFilterFd,
            smallPlaceBytes(link.mtu()), SMALL_BLOCKS);
        try {
            return new TunnelRing(small, PacketRing.open(link.name(), link.index(), largeFilterFd,
                PacketRing.LONGEST_PLACE_BYTES, LARGE_BLOCKS), link.name());
        } catch (final RuntimeException ex) {
            small.close();
            throw ex;
        }
    }

    /** Bytes of the longest frame that goes into a small place: what fits the interface's wire. */
    public static int smallFrameBytes(final int mtu) {
        return Math.min(mtu + ETHERNET_BYTES, FrameBatch.MAX_FRAME_LENGTH);
    }

    private static int smallPlaceBytes(final int mtu) {
        return Math.min(BitUtil.findNextPositivePowerOfTwo(smallFrameBytes(mtu) + PacketRing.PLACE_OVERHEAD_BYTES),
            PacketRing.LONGEST_PLACE_BYTES);
    }

    @Override
    public int fd() {
        return small.fd();
    }

    @Override
    public int secondFd() {
        return large.fd();
    }

    @Override
    public String name() {
        return "tunnels of " + name;
    }

    @Override
    public int receive(final FrameBatch batch) {
        final boolean gaveBack = small.giveBack() | large.giveBack();
        int received = 0;
        while (batch.hasRoom()) {
            final long largePlace = large.peek();
            // Looked at second: what came before the large one is there by now.
            final long smallPlace = small.peek();
            if (smallPlace == 0 && largePlace == 0) {
                break;
            }
            final boolean smallFirst = smallPlace != 0
                && (largePlace == 0 || PacketRing.timeOf(smallPlace) - PacketRing.timeOf(largePlace) <= 0);
            final PacketRing ring = smallFirst ? small : large;
            append(batch, smallFirst ? smallPlace : largePlace, ring.placeBytes());
            ring.take();
            received++;
        }
        if (received == 0 && !gaveBack) {
            small.clearError();
            large.clearError();
        }
        return received;
    }

    /** What is no packet of a tunnel goes on as an empty datagram, to be counted. */
    private void append(final FrameBatch batch, final long place, final int placeBytes) {
        final long frame = PacketRing.frameOf(place);
        final int length = PacketRing.lengthOf(place);
        final boolean uncut = virtio.wrapBefore(frame).gsoType() != VirtioNetHeaderFlyweight.GSO_NONE;
        final int segmentBytes = uncut ? virtio.gsoSize() : 0;
        final int checksumStart = virtio.checksumStart();
        final boolean readable = length <= FrameBatch.MAX_FRAME_LENGTH && outer.read(frame, length);
        // Its note lies over the outer headers, which have been read; there is nothing of the ring's own in front.
        final long datagram = readable ? frame + outer.payloadOffset() : frame + Datagram.HEADER_BYTES;
        Datagram.clear(datagram);
        Datagram.segmentBytes(datagram, segmentBytes);
        // A checksum that is to be completed inside the datagram says that it is the inner packet that is to be cut.
        Datagram.whole(datagram, uncut && readable && checksumStart >= outer.payloadOffset());
        Datagram.roomBytes(datagram, (int) (place + placeBytes - datagram));
        Datagram.peer(datagram, outer.sourceHigh(), outer.sourceLow());
        Datagram.trafficClass(datagram, outer.trafficClass());
        batch.append(datagram, readable ? outer.payloadBytes() : 0);
    }

    /** Nothing leaves by it. */
    @Override
    public void transmit(final EgressQueue queue) {
        for (int i = 0; i < queue.size(); i++) {
            queue.refuse(i);
        }
    }

    @Override
    public void close() {
        small.close();
        large.close();
    }
}
