package org.sluice.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

import org.agrona.CloseHelper;
import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.bpf.NeighbourRedirect;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.RouteNetlink;

/**
 * The tunnels' short way out for super-frames: a TAP whose virtio-net header has the tunnel extension (Linux 6.17,
 * {@code TUN_F_UDP_TUNNEL_GSO}). What is written to it, outer headers and all, leaves by the interface that it names,
 * and is cut there if need be. Nothing comes out of it, and it has no address. Written to by one worker thread.
 */
final class SuperFrameTap implements AutoCloseable {
    static final int UDP_TUNNEL_GSO = 0x80;
    static final int UDP_TUNNEL_GSO_CSUM = 0x100;

    private static final String NAME_PATTERN = "sl-vxlan%d";
    private static final Path IPV6_SETTINGS = Path.of("/proc/sys/net/ipv6/conf");
    private static final int HEADER_BYTES = 24;
    private static final int OFFLOADS = TapOffload.CHECKSUM | TapOffload.TSO4 | TapOffload.TSO6 | TapOffload.TSO_ECN
        | TapOffload.USO4 | TapOffload.USO6 | UDP_TUNNEL_GSO | UDP_TUNNEL_GSO_CSUM;
    private static final int VECTORS = 2;
    private static final int IOVEC_BYTES = 16;

    private final FileDescriptor file;
    private final NeighbourRedirect redirect;
    private final OffHeapRegion vectors = OffHeapRegion.anonymous(VECTORS * IOVEC_BYTES);

    private SuperFrameTap(final FileDescriptor file, final NeighbourRedirect redirect) {
        this.file = file;
        this.redirect = redirect;
    }

    /** Makes one in the calling thread's network namespace; empty where the kernel cannot do that. */
    static Optional<SuperFrameTap> open() {
        FileDescriptor file = null;
        try {
            file = FileDescriptor.open(TapDevice.CONTROL_FILE, Linux.O_RDWR | Linux.O_NONBLOCK);
            final String name = prepare(file);
            silence(name);
            try (RouteNetlink netlink = new RouteNetlink()) {
                final Link link = netlink.link(name).orElseThrow();
                final NeighbourRedirect redirect = NeighbourRedirect.attach(link.index());
                netlink.setUp(link);
                return Optional.of(new SuperFrameTap(file, redirect));
            }
        } catch (final NativeException ex) {
            CloseHelper.quietClose(file);
            return Optional.empty();
        }
    }

    /** The host's kernel need not look for IPv6 routers on it. */
    private static void silence(final String name) {
        try {
            Files.writeString(IPV6_SETTINGS.resolve(name).resolve("disable_ipv6"), "1");
        } catch (final IOException ex) {
            // There is no IPv6, or the setting cannot be changed: then a few packets wait in it for nobody.
        }
    }

    /** Returns the name that the kernel has chosen. */
    private static String prepare(final FileDescriptor file) {
        try (OffHeapRegion memory = OffHeapRegion.anonymous(TapDevice.IFREQ_BYTES)) {
            final UnsafeBuffer request = memory.slice(0, TapDevice.IFREQ_BYTES);
            request.putBytes(0, NAME_PATTERN.getBytes(StandardCharsets.US_ASCII));
            request.putShort(TapDevice.IFREQ_FLAGS_OFFSET,
                (short) (TapDevice.IFF_TAP | TapDevice.IFF_NO_PI | TapDevice.IFF_VNET_HDR));
            TapDevice.ioctl(file, TapDevice.TUNSETIFF, memory.address(), "TUNSETIFF", NAME_PATTERN);
            final byte[] name = new byte[TapDevice.NAME_BYTES];
            request.getBytes(0, name);
            // The header's size comes before the offloads that need it.
            request.putInt(0, HEADER_BYTES);
            TapDevice.ioctl(file, TapDevice.TUNSETVNETHDRSZ, memory.address(), "TUNSETVNETHDRSZ", NAME_PATTERN);
            TapDevice.ioctl(file, TapDevice.TUNSETOFFLOAD, OFFLOADS, "TUNSETOFFLOAD", NAME_PATTERN);
            return new String(name, StandardCharsets.US_ASCII).trim();
        }
    }

    /** Returns false when the kernel did not take it. */
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
