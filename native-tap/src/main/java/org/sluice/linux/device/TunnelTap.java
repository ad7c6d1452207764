package org.sluice.linux.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

import org.agrona.CloseHelper;
import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;
import org.sluice.datapath.protocol.VxlanFlyweight;
import org.sluice.datapath.tunnel.Datagram;
import org.sluice.datapath.tunnel.OuterPacket;
import org.sluice.linux.bpf.NeighbourRedirect;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.netlink.TrafficControl;
import org.sluice.linux.sys.FileDescriptor;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.Linux;
import org.sluice.linux.sys.NativeException;

/**
 * The tunnels' shortcut through the kernel: a TAP whose virtio-net header has the tunnel extension (Linux 6.17,
 * {@code TUN_F_UDP_TUNNEL_GSO}), so that a super-frame passes with the outer headers around it. A written super-frame
 * leaves through the interface that it names; the kernel cuts it there if needed. Frames read from it are the tunnels'
 * packets, which {@link org.sluice.linux.bpf.TunnelSteering} redirects here past the host's stack. It has no address.
 * Control opens and closes it; the worker owns it in between.
 */
public final class TunnelTap implements PollableDevice {
    static final int UDP_TUNNEL_GSO = 0x80;
    static final int UDP_TUNNEL_GSO_CSUM = 0x100;

    private static final String NAME_PATTERN = "sl-vxlan%d";
    private static final Path IPV6_SETTINGS = Path.of("/proc/sys/net/ipv6/conf");
    private static final int HEADER_BYTES = 24;
    private static final int OFFLOADS = TapOffload.CHECKSUM | TapOffload.TSO4 | TapOffload.TSO6 | TapOffload.TSO_ECN
        | TapOffload.USO4 | TapOffload.USO6 | UDP_TUNNEL_GSO | UDP_TUNNEL_GSO_CSUM;
    /** Packets that the kernel queues for this TAP: a few megabytes on the wire. */
    private static final int QUEUE_PACKETS = 8192;
    private static final int VECTORS = 2;
    private static final int IOVEC_BYTES = 16;
    /** In front of a datagram over IPv4, so that its frame has the same place as a frame in a slot. */
    private static final int FRONT_BYTES = HEADER_BYTES + 14 + 20 + 8 + VxlanFlyweight.LENGTH;
    private static final int READ_BYTES = FRONT_BYTES + FrameBatch.SLOT_FRAME_LENGTH;

    private final FileDescriptor file;
    private final String name;
    private final int linkIndex;
    private final NeighbourRedirect redirect;
    private final OuterPacket outer = new OuterPacket();
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private final OffHeapRegion vectors = OffHeapRegion.anonymous(VECTORS * IOVEC_BYTES);

    private TunnelTap(final FileDescriptor file, final Link link, final NeighbourRedirect redirect) {
        this.file = file;
        this.redirect = redirect;
        name = link.name();
        linkIndex = link.index();
    }

    /** Opens one in the calling thread's network namespace; empty if the kernel lacks the extension. */
    static Optional<TunnelTap> open() {
        FileDescriptor file = null;
        try {
            file = FileDescriptor.open(TapDevice.CONTROL_FILE, Linux.O_RDWR | Linux.O_NONBLOCK);
            final String name = TapDevice.setInterface(file, NAME_PATTERN, 0, HEADER_BYTES);
            TapDevice.ioctl(file, TapDevice.TUNSETOFFLOAD, OFFLOADS, "TUNSETOFFLOAD", name);
            silence(name);
            try (RouteNetlink netlink = new RouteNetlink(); TrafficControl control = new TrafficControl()) {
                final Link link = netlink.link(name).orElseThrow();
                netlink.queueLength(link, QUEUE_PACKETS);
                control.removeQueue(link.index());
                netlink.setUp(link);
                return Optional.of(new TunnelTap(file, link, NeighbourRedirect.attach(link.index())));
            }
        } catch (final NativeException ex) {
            CloseHelper.quietClose(file);
            return Optional.empty();
        }
    }

    /** Stops the host's kernel from looking for IPv6 routers on the interface. */
    private static void silence(final String name) {
        try {
            Files.writeString(IPV6_SETTINGS.resolve(name).resolve("disable_ipv6"), "1");
        } catch (final IOException ex) {
            // IPv6 is missing, or cannot be changed: the TAP then yields a few packets that belong to no tunnel.
        }
    }

    /** Number of the interface in its namespace. */
    public int linkIndex() {
        return linkIndex;
    }

    @Override
    public int fd() {
        return file.fd();
    }

    @Override
    public String name() {
        return "tunnel TAP " + name;
    }

    @Override
    public int receive(final FrameBatch batch) {
        int received = 0;
        while (batch.hasRoom()) {
            final long start = batch.slotAddress() - FRONT_BYTES;
            final int bytes = (int) LibC.INSTANCE.read(file.fd(), start, READ_BYTES);
            if (bytes < 0) {
                break;
            }
            append(batch, start, bytes - HEADER_BYTES);
            received++;
        }
        return received;
    }

    /** A packet that belongs to no tunnel goes on as an empty datagram, to be counted. */
    private void append(final FrameBatch batch, final long start, final int length) {
        final long frame = start + HEADER_BYTES;
        virtio.wrapBefore(start + VirtioNetHeaderFlyweight.LENGTH);
        final boolean uncut = virtio.gsoType() != VirtioNetHeaderFlyweight.GSO_NONE;
        final int segmentBytes = uncut ? virtio.gsoSize() : 0;
        final int checksumStart = virtio.checksumStart();
        final boolean readable = outer.read(frame, length);
        final long datagram = readable ? frame + outer.payloadOffset() : frame + FRONT_BYTES;
        // The next writes overwrite the outer headers.
        Datagram.clear(datagram);
        Datagram.segmentBytes(datagram, segmentBytes);
        // A checksum to complete inside the datagram means that the inner packet is the one to cut.
        Datagram.whole(datagram, uncut && readable && checksumStart >= outer.payloadOffset());
        Datagram.roomBytes(datagram, (int) (start + READ_BYTES - datagram));
        Datagram.peer(datagram, outer.sourceHigh(), outer.sourceLow());
        Datagram.trafficClass(datagram, outer.trafficClass());
        batch.append(datagram, readable ? outer.payloadBytes() : 0);
    }

    /** Refuses every frame: single datagrams leave through the sockets of {@link UdpTunnelDevice}. */
    @Override
    public void transmit(final EgressQueue queue) {
        for (int i = 0; i < queue.size(); i++) {
            queue.refuse(i, DropReason.EGRESS_REFUSED);
        }
    }

    /**
     * Sends a super-frame behind its outer headers.
     *
     * @return false when the kernel refused it.
     */
    boolean write(final long headers, final int headerBytes, final long frame, final int frameBytes) {
        final long at = vectors.address();
        UnsafeApi.putLong(at, headers);
        UnsafeApi.putLong(at + Long.BYTES, headerBytes);
        UnsafeApi.putLong(at + IOVEC_BYTES, frame);
        UnsafeApi.putLong(at + IOVEC_BYTES + Long.BYTES, frameBytes);
        return LibC.INSTANCE.writev(file.fd(), at, VECTORS) > 0;
    }

    @Override
    public void close() {
        file.close();
        redirect.close();
        vectors.close();
    }
}
