package org.sluice.linux.device;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;
import org.sluice.linux.sys.FileDescriptor;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.Linux;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.NetNamespace;

/**
 * A TAP: a network interface whose other end is a file descriptor (Linux Documentation/networking/tuntap.rst). Every
 * frame has a virtio-net header in front, and the offloads are on, so that a 64 KiB TCP segment passes in one piece.
 * <p>
 * The interface is created in the namespace of the thread that opens it, and may move while the descriptor stays. When
 * its namespace goes away, so does the interface, and {@link #receive} returns GONE. Control opens and closes it; the
 * worker owns it in between.
 */
public final class TapDevice implements PollableDevice {
    static final String CONTROL_FILE = "/dev/net/tun";
    /** What the kernel calls the driver of TAPs. */
    public static final String KIND = "tun";
    public static final int NAME_BYTES = 16;
    public static final int IFREQ_BYTES = 40;
    public static final int IFREQ_FLAGS_OFFSET = 16;

    public static final int IFF_TAP = 0x0002;
    public static final int IFF_NO_PI = 0x1000;
    static final int IFF_VNET_HDR = 0x4000;
    public static final int IFF_TUN_EXCL = 0x8000;
    public static final long TUNSETIFF = 0x4004_54CAL;
    static final long TUNGETIFF = 0x8004_54D2L;
    /** Gives a descriptor of the namespace that the interface is in (since Linux 5.2). */
    static final long TUNGETDEVNETNS = 0x54E3L;
    static final long TUNSETPERSIST = 0x4004_54CBL;
    static final long TUNSETOFFLOAD = 0x4004_54D0L;
    static final long TUNSETVNETHDRSZ = 0x4004_54D8L;

    private static final int HEADER_BYTES = VirtioNetHeaderFlyweight.LENGTH;
    private static final int READ_BYTES = HEADER_BYTES + FrameBatch.SLOT_FRAME_LENGTH;

    private final FileDescriptor file;
    private final String name;
    private final String owner;
    private final int offloads;

    private TapDevice(final FileDescriptor file, final String name, final String owner, final int offloads) {
        this.file = file;
        this.name = name;
        this.owner = owner;
        this.offloads = offloads;
    }

    /**
     * Creates a TAP in the calling thread's network namespace. It disappears when it is closed, unless
     * {@link #persistent(boolean)} is set.
     *
     * @param name  at most 15 characters.
     * @param owner human-readable name of its owner.
     * @throws NativeException when it cannot be created, with EBUSY if the name is taken.
     */
    public static TapDevice create(final String name, final String owner) {
        return open(name, owner, IFF_TUN_EXCL);
    }

    /**
     * Attaches to a persistent TAP that an earlier process left in the calling thread's network namespace.
     *
     * @throws NativeException when another process holds it (EBUSY) or it is no TAP (EINVAL).
     */
    public static TapDevice attach(final String name, final String owner) {
        return open(name, owner, 0);
    }

    private static TapDevice open(final String name, final String owner, final int extraFlags) {
        final int nameBytes = name.getBytes(StandardCharsets.US_ASCII).length;
        if (nameBytes == 0 || nameBytes >= NAME_BYTES) {
            throw new IllegalArgumentException("\"" + name + "\" is no interface name: 1 to 15 characters");
        }
        final FileDescriptor file = FileDescriptor.open(CONTROL_FILE, Linux.O_RDWR | Linux.O_NONBLOCK);
        try {
            setInterface(file, name, extraFlags, HEADER_BYTES);
            final int offloads = TapOffload.negotiate(set -> LibC.INSTANCE.ioctl(file.fd(), TUNSETOFFLOAD, set) == 0);
            return new TapDevice(file, name, owner, offloads);
        } catch (final RuntimeException ex) {
            file.close();
            throw ex;
        }
    }

    /**
     * Creates the interface of a file, or finds it.
     *
     * @param name        its name; the kernel replaces {@code %d} with the next free number.
     * @param headerBytes length of the virtio-net header in front of every frame; set before the offloads that need it.
     * @return its name.
     */
    static String setInterface(final FileDescriptor file, final String name, final int extraFlags,
                               final int headerBytes) {
        try (OffHeapRegion memory = OffHeapRegion.anonymous(IFREQ_BYTES)) {
            final UnsafeBuffer request = memory.slice(0, IFREQ_BYTES);
            request.putBytes(0, name.getBytes(StandardCharsets.US_ASCII));
            request.putShort(IFREQ_FLAGS_OFFSET, (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | extraFlags));
            ioctl(file, TUNSETIFF, memory.address(), "TUNSETIFF", name);
            final byte[] chosen = new byte[NAME_BYTES];
            request.getBytes(0, chosen);
            request.putInt(0, headerBytes);
            ioctl(file, TUNSETVNETHDRSZ, memory.address(), "TUNSETVNETHDRSZ", name);
            return new String(chosen, StandardCharsets.US_ASCII).trim();
        }
    }

    /** Whether the interface stays when the descriptor is closed. */
    public void persistent(final boolean on) {
        ioctl(file, TUNSETPERSIST, on ? 1 : 0, "TUNSETPERSIST", name);
    }

    /** The {@link TapOffload} flags in force. */
    public int offloads() {
        return offloads;
    }

    @Override
    public int fd() {
        return file.fd();
    }

    /** The name that the interface had when it was opened; it may have been renamed since. */
    public String interfaceName() {
        return name;
    }

    /**
     * The name that the interface has now. Any thread, while the device is open.
     *
     * @throws NativeException when the interface is gone, with EBADFD.
     */
    public String currentName() {
        try (OffHeapRegion memory = OffHeapRegion.anonymous(IFREQ_BYTES)) {
            ioctl(file, TUNGETIFF, memory.address(), "TUNGETIFF", name);
            final byte[] current = new byte[NAME_BYTES];
            memory.slice(0, NAME_BYTES).getBytes(0, current);
            return new String(current, StandardCharsets.US_ASCII).trim();
        }
    }

    /**
     * Opens the namespace that the interface is in now. Any thread, while the device is open.
     *
     * @throws NativeException when the interface is gone, with EBADFD.
     */
    public NetNamespace namespace() {
        try (FileDescriptor namespace = new FileDescriptor(
            Linux.check(LibC.INSTANCE.ioctl(file.fd(), TUNGETDEVNETNS, 0), "ioctl", "TUNGETDEVNETNS", name))) {
            return NetNamespace.open(Path.of("/proc/self/fd/" + namespace.fd()));
        }
    }

    @Override
    public String name() {
        return "TAP of " + owner;
    }

    @Override
    public int receive(final FrameBatch batch) {
        int received = 0;
        while (batch.hasRoom()) {
            final long frame = batch.slotAddress();
            final long bytes = LibC.INSTANCE.read(file.fd(), frame - HEADER_BYTES, READ_BYTES);
            if (bytes < 0) {
                final int errno = Linux.errno();
                if (received > 0 || errno == Linux.EAGAIN || errno == Linux.EINTR) {
                    break;
                }
                if (isGone(errno)) {
                    return PacketDevice.GONE;
                }
                throw new NativeException("read", errno, name());
            }
            batch.append(frame, Math.max(0, (int) bytes - HEADER_BYTES));
            received++;
        }
        return received;
    }

    /** Whether the kernel's tun_chr_read_iter and tun_do_read report this error because the interface is gone. */
    private static boolean isGone(final int errno) {
        return errno == Linux.EBADFD || errno == Linux.EIO || errno == Linux.ENODEV;
    }

    @Override
    public void transmit(final EgressQueue queue) {
        for (int i = 0, size = queue.size(); i < size; i++) {
            final long bytes =
                LibC.INSTANCE.write(file.fd(), queue.address(i) - HEADER_BYTES, HEADER_BYTES + queue.length(i));
            if (bytes < 0) {
                queue.refuse(i, Refusal.of(Linux.errno()));
            }
        }
    }

    /** Closes the descriptor; the interface goes with it unless it is persistent. */
    @Override
    public void close() {
        file.close();
    }

    static void ioctl(final FileDescriptor file, final long request, final long argument,
                              final String requestName, final String name) {
        Linux.check(LibC.INSTANCE.ioctl(file.fd(), request, argument), "ioctl", requestName, name);
    }
}
