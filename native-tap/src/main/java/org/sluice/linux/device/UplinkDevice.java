package org.sluice.linux.device;

import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;
import org.sluice.linux.socket.SocketOptions;
import org.sluice.linux.sys.FileDescriptor;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.Linux;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.Sockets;

/**
 * A packet socket on a network interface, with a receive ring that the kernel fills (Linux
 * Documentation/networking/packet_mmap.rst, TPACKET_V2). A socket filter admits only the switch's frames. Frames carry
 * a virtio-net header in both directions, so that a 64 KiB TCP segment passes in one piece, and its checksum is left to
 * a later receiver.
 * <pre>
 *   frame of the ring: tpacket2_hdr (32) | sockaddr_ll | virtio header | Ethernet frame ...
 *                      0                   32            tp_mac - 10     tp_mac
 * </pre>
 * A place of the ring holds an ordinary frame, so that the ring has room for a burst of thousands. A longer frame
 * leaves its beginning there, which keeps its turn, and waits whole in the socket's queue (PACKET_COPY_THRESH); it is
 * read into a slot of the batch. Frames of the ring are lent: the next call of {@link #receive} returns their places to
 * the kernel. The ring has version 2, not 3, because version 3 passes frames on in blocks, a millisecond late. Control
 * opens and closes the device; the worker owns it in between.
 */
public final class UplinkDevice implements PollableDevice {
    static final int AF_PACKET = 17;
    static final int SOCK_RAW_NONBLOCK_CLOEXEC = 3 | Linux.O_NONBLOCK | Linux.O_CLOEXEC;
    static final int ETH_P_ALL = 3;
    static final int SO_ERROR = 4;
    /** Allows more than net.core.wmem_max, which holds only a few super-frames. */
    static final int SO_SNDBUFFORCE = 32;
    static final int SO_RCVBUFFORCE = 33;
    static final int SO_ATTACH_BPF = 50;
    static final int SOL_PACKET = 263;
    static final int PACKET_RX_RING = 5;
    /** Reading resets it: struct tpacket_stats, packets and drops. */
    static final int PACKET_STATISTICS = 6;
    /** Not 0: a frame that is too long for the ring is queued as well. */
    static final int PACKET_COPY_THRESH = 7;
    static final int PACKET_VERSION = 10;
    static final int PACKET_VNET_HDR = 15;
    static final int PACKET_IGNORE_OUTGOING = 23;
    static final int TPACKET_V2 = 1;
    static final int SOCKADDR_LL_BYTES = 20;
    static final int SOCKADDR_PROTOCOL_OFFSET = 2;
    static final int SOCKADDR_IFINDEX_OFFSET = 4;
    static final int RING_REQUEST_BYTES = 16;
    static final int STATISTICS_BYTES = 8;
    static final int STATISTICS_DROPS_OFFSET = 4;
    static final int STATUS_OFFSET = 0;
    static final int LENGTH_OFFSET = 4;
    static final int CAPTURED_OFFSET = 8;
    static final int MAC_OFFSET = 12;
    static final int STATUS_KERNEL = 0;
    static final int STATUS_USER = 1;
    /** The whole frame is in the socket's queue. */
    static final int STATUS_COPY = 2;

    /**
     * 1518 bytes, the headers in front, and a reserve. An odd number of cache lines: places that start alike would
     * compete for the same sets of the cache.
     */
    static final int FRAME_BYTES = 33 * 64;
    /** A power of two, for the page allocator; a block holds 496 frames. */
    static final int BLOCK_BYTES = 1 << 20;
    private static final int FRAMES_IN_BLOCK = BLOCK_BYTES / FRAME_BYTES;
    private static final int BLOCKS = 8;
    static final int FRAMES = BLOCKS * FRAMES_IN_BLOCK;
    private static final int SEND_BUFFER_BYTES = 8 << 20;
    /** For the long frames that wait, counted as the kernel does, with the memory around them. */
    private static final int RECEIVE_BUFFER_BYTES = 24 << 20;
    private static final int READ_BYTES = VirtioNetHeaderFlyweight.LENGTH + FrameBatch.SLOT_FRAME_LENGTH;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED_POPULATE = 0x1 | 0x8000;
    private static final int VIRTIO_BYTES = VirtioNetHeaderFlyweight.LENGTH;
    private static final long RING_BYTES = (long) BLOCKS * BLOCK_BYTES;

    private final FileDescriptor socket;
    private final String name;
    private final long ring;
    private final OffHeapRegion scratch = OffHeapRegion.anonymous(16);
    private int next;
    private int lent;
    /** Places of the ring that came with a frame, so far. */
    private long taken;
    /** Frames for this socket, so far as the kernel has said. */
    private long offered;
    /** Of those, the frames that the kernel has dropped. */
    private long dropped;
    /** Long frames that found the socket's queue full, not yet reported. */
    private long missed;

    private UplinkDevice(final FileDescriptor socket, final String name, final long ring) {
        this.socket = socket;
        this.name = name;
        this.ring = ring;
        scratch.slice(8, Integer.BYTES).putInt(0, Integer.BYTES);
    }

    /**
     * Opens a ring on an interface of the calling thread's network namespace.
     *
     * @param filterFd a socket filter program, attached before the first frame can arrive.
     * @throws NativeException when the kernel refuses.
     */
    public static UplinkDevice open(final String name, final int linkIndex, final int filterFd) {
        // With protocol 0 the socket receives nothing until it is bound.
        final FileDescriptor socket = new FileDescriptor(
            Linux.check(LibC.INSTANCE.socket(AF_PACKET, SOCK_RAW_NONBLOCK_CLOEXEC, 0), "socket", "AF_PACKET"));
        try (OffHeapRegion memory = OffHeapRegion.anonymous(SOCKADDR_LL_BYTES + RING_REQUEST_BYTES);
            SocketOptions options = new SocketOptions()) {
            final UnsafeBuffer request = memory.slice(0, RING_REQUEST_BYTES);
            options.set(socket, SOL_PACKET, PACKET_VERSION, TPACKET_V2, "PACKET_VERSION");
            options.set(socket, SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
            request.putInt(0, BLOCK_BYTES);
            request.putInt(4, BLOCKS);
            request.putInt(8, FRAME_BYTES);
            request.putInt(12, FRAMES);
            Linux.check(LibC.INSTANCE.setsockopt(socket.fd(), SOL_PACKET, PACKET_RX_RING, memory.address(),
                RING_REQUEST_BYTES), "setsockopt", "PACKET_RX_RING", name);
            options.set(socket, SOL_PACKET, PACKET_COPY_THRESH, FRAME_BYTES, "PACKET_COPY_THRESH");
            options.set(socket, Sockets.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES, "SO_RCVBUFFORCE");
            options.set(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
            options.set(socket, Sockets.SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES, "SO_SNDBUFFORCE");
            options.set(socket, Sockets.SOL_SOCKET, SO_ATTACH_BPF, filterFd, "SO_ATTACH_BPF");
            final long ring =
                LibC.INSTANCE.mmap(0, RING_BYTES, PROT_READ_WRITE, MAP_SHARED_POPULATE, socket.fd(), 0, 0);
            if (ring == -1) {
                throw new NativeException("mmap", Linux.errno(), "packet ring of " + name);
            }
            try {
                bind(socket, memory, linkIndex, name);
            } catch (final RuntimeException ex) {
                LibC.INSTANCE.munmap(ring, RING_BYTES);
                throw ex;
            }
            return new UplinkDevice(socket, name, ring);
        } catch (final RuntimeException ex) {
            socket.close();
            throw ex;
        }
    }

    /**
     * Binds to all protocols: a socket for a single one would come behind the ingress program, which has dropped our
     * frames.
     */
    private static void bind(final FileDescriptor socket, final OffHeapRegion memory, final int linkIndex,
                             final String name) {
        final UnsafeBuffer address = memory.slice(RING_REQUEST_BYTES, SOCKADDR_LL_BYTES);
        address.putShort(0, (short) AF_PACKET);
        address.putShort(SOCKADDR_PROTOCOL_OFFSET, Short.reverseBytes((short) ETH_P_ALL));
        address.putInt(SOCKADDR_IFINDEX_OFFSET, linkIndex);
        Linux.check(LibC.INSTANCE.bind(socket.fd(), memory.address() + RING_REQUEST_BYTES, SOCKADDR_LL_BYTES), "bind",
            "packet socket", name);
    }

    /**
     * Whether the socket still hears its interface: no longer once the interface has left the namespace, even if it has
     * come back. Any thread.
     */
    public boolean isBound() {
        try (OffHeapRegion memory = OffHeapRegion.anonymous(SOCKADDR_LL_BYTES + Integer.BYTES)) {
            final UnsafeBuffer address = memory.slice(0, SOCKADDR_LL_BYTES + Integer.BYTES);
            address.putInt(SOCKADDR_LL_BYTES, SOCKADDR_LL_BYTES);
            return LibC.INSTANCE.getsockname(socket.fd(), memory.address(), memory.address() + SOCKADDR_LL_BYTES) == 0
                && address.getInt(SOCKADDR_IFINDEX_OFFSET) > 0;
        }
    }

    @Override
    public int fd() {
        return socket.fd();
    }

    @Override
    public String name() {
        return "uplink " + name;
    }

    @Override
    public int receive(final FrameBatch batch) {
        final boolean gaveBack = giveBack();
        int received = 0;
        while (batch.hasRoom()) {
            final long frame = frame(next);
            final int status = UnsafeApi.getIntVolatile(null, frame + STATUS_OFFSET);
            if ((status & STATUS_USER) == 0) {
                break;
            }
            final int captured = UnsafeApi.getInt(frame + CAPTURED_OFFSET);
            if (UnsafeApi.getInt(frame + LENGTH_OFFSET) <= captured) {
                batch.append(frame + (UnsafeApi.getShort(frame + MAC_OFFSET) & 0xFFFF), captured);
                received++;
            } else if ((status & STATUS_COPY) != 0 && receiveLong(batch)) {
                received++;
            } else {
                missed++;
            }
            next = after(next);
            lent++;
            taken++;
        }
        if (lent == 0 && !gaveBack) {
            clearError();
        }
        return received;
    }

    /** Reads the frame that is next in the socket's queue; one for each place of the ring that says so. */
    private boolean receiveLong(final FrameBatch batch) {
        final long frame = batch.slotAddress();
        long bytes = LibC.INSTANCE.recv(socket.fd(), frame - VIRTIO_BYTES, READ_BYTES, 0);
        if (bytes < 0 && Linux.errno() != Linux.EAGAIN) {
            // The socket's error, that of a down interface, came first; reading it has cleared it.
            bytes = LibC.INSTANCE.recv(socket.fd(), frame - VIRTIO_BYTES, READ_BYTES, 0);
        }
        if (bytes < VIRTIO_BYTES) {
            return false;
        }
        batch.append(frame, (int) bytes - VIRTIO_BYTES);
        return true;
    }

    /** Reads the error that a down interface leaves on the socket, which would otherwise stay ready for ever. */
    private void clearError() {
        LibC.INSTANCE.getsockopt(socket.fd(), Sockets.SOL_SOCKET, SO_ERROR, scratch.address(), scratch.address() + 8);
    }

    @Override
    public long takeMissed() {
        UnsafeApi.putInt(scratch.address() + 8, STATISTICS_BYTES);
        final int result = LibC.INSTANCE.getsockopt(socket.fd(), SOL_PACKET, PACKET_STATISTICS, scratch.address(),
            scratch.address() + 8);
        UnsafeApi.putInt(scratch.address() + 8, Integer.BYTES);
        if (result < 0) {
            return 0;
        }
        final long drops = UnsafeApi.getInt(scratch.address() + STATISTICS_DROPS_OFFSET) & 0xFFFF_FFFFL;
        offered += UnsafeApi.getInt(scratch.address()) & 0xFFFF_FFFFL;
        dropped += drops;
        final long lost = missed + drops;
        missed = 0;
        return lost;
    }

    @Override
    public long offered() {
        return offered;
    }

    @Override
    public long unaccounted() {
        long missing = offered - dropped - taken;
        int place = next;
        // The kernel counts a frame, then fills its place. It may be just about that.
        for (int look = 0; missing > 0 && look < FRAMES; look++) {
            if ((UnsafeApi.getIntVolatile(null, frame(place) + STATUS_OFFSET) & STATUS_USER) != 0) {
                place = after(place);
                missing--;
            }
        }
        return Math.max(0, missing);
    }

    private static int after(final int place) {
        return place + 1 == FRAMES ? 0 : place + 1;
    }

    /** Returns the places of the previous burst, which is finished, to the kernel. */
    private boolean giveBack() {
        final boolean any = lent > 0;
        int place = next - lent;
        if (place < 0) {
            place += FRAMES;
        }
        for (; lent > 0; lent--) {
            UnsafeApi.putIntRelease(null, frame(place) + STATUS_OFFSET, STATUS_KERNEL);
            place = after(place);
        }
        return any;
    }

    @Override
    public void transmit(final EgressQueue queue) {
        for (int i = 0, size = queue.size(); i < size; i++) {
            final long sent = LibC.INSTANCE.send(socket.fd(), queue.address(i) - VIRTIO_BYTES,
                VIRTIO_BYTES + queue.length(i), 0);
            if (sent < 0) {
                queue.refuse(i, Refusal.of(Linux.errno()));
            }
        }
    }

    private long frame(final int number) {
        return ring + (long) (number / FRAMES_IN_BLOCK) * BLOCK_BYTES + (long) (number % FRAMES_IN_BLOCK) * FRAME_BYTES;
    }

    @Override
    public void close() {
        LibC.INSTANCE.munmap(ring, RING_BYTES);
        socket.close();
        scratch.close();
    }
}
