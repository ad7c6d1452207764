package org.sluice.linux.testbed;

import java.nio.charset.StandardCharsets;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.device.TapDevice;
import org.sluice.linux.sys.Epoll;
import org.sluice.linux.sys.FileDescriptor;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.Linux;
import org.sluice.linux.sys.NetNamespace;

/**
 * A TAP that stands for a network card on a wire. It has no virtio-net header and no offloads, so the kernel itself
 * fills in checksums and cuts large segments: a read returns a frame as a card would send it.
 */
public final class PlainTap implements AutoCloseable {
    private final FileDescriptor file;

    private PlainTap(final FileDescriptor file) {
        this.file = file;
    }

    /** Makes one in a namespace. It is down; closing it removes it. */
    public static PlainTap create(final NamespaceHandle namespace, final String name) {
        try (NetNamespace opened = namespace.open()) {
            return opened.call(() -> create(name));
        }
    }

    private static PlainTap create(final String name) {
        final byte[] nameBytes = name.getBytes(StandardCharsets.US_ASCII);
        if (nameBytes.length == 0 || nameBytes.length >= TapDevice.NAME_BYTES) {
            throw new IllegalArgumentException("\"" + name + "\" is no interface name");
        }
        final FileDescriptor file = FileDescriptor.open("/dev/net/tun", Linux.O_RDWR | Linux.O_NONBLOCK);
        try (OffHeapRegion memory = OffHeapRegion.anonymous(TapDevice.IFREQ_BYTES)) {
            final UnsafeBuffer request = memory.slice(0, TapDevice.IFREQ_BYTES);
            request.putBytes(0, nameBytes);
            final int flags = TapDevice.IFF_TAP | TapDevice.IFF_NO_PI | TapDevice.IFF_TUN_EXCL;
            request.putShort(TapDevice.IFREQ_FLAGS_OFFSET, (short) flags);
            Linux.check(LibC.INSTANCE.ioctl(file.fd(), TapDevice.TUNSETIFF, memory.address()), "ioctl", "TUNSETIFF",
                name);
            return new PlainTap(file);
        } catch (final RuntimeException ex) {
            file.close();
            throw ex;
        }
    }

    /** For {@link Epoll}. */
    public int fd() {
        return file.fd();
    }

    /**
     * Reads a frame.
     *
     * @return its length; 0 when none waits; -1 when the interface has gone.
     */
    public int read(final long address, final int capacity) {
        final long bytes = LibC.INSTANCE.read(file.fd(), address, capacity);
        if (bytes >= 0) {
            return (int) bytes;
        }
        final int errno = Linux.errno();
        return errno == Linux.EAGAIN || errno == Linux.EINTR ? 0 : -1;
    }

    /** Writes a frame; the result is false when the kernel refuses it, for example while the interface is down. */
    public boolean write(final long address, final int length) {
        return LibC.INSTANCE.write(file.fd(), address, length) == length;
    }

    @Override
    public void close() {
        file.close();
    }
}
