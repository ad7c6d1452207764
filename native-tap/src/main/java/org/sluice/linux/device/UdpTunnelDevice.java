package org.sluice.linux.device;

import java.util.Optional;

import org.agrona.CloseHelper;
import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.VxlanFlyweight;
import org.sluice.datapath.tunnel.Datagram;
import org.sluice.datapath.tunnel.SuperFrameDevice;
import org.sluice.linux.socket.ClassicBpf;
import org.sluice.linux.socket.MessageHeader;
import org.sluice.linux.socket.SocketAddress;
import org.sluice.linux.socket.SocketOptions;
import org.sluice.linux.sys.FileDescriptor;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.Linux;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.Sockets;

/**
 * The underlay's end of the tunnels: UDP sockets of both families. One socket receives all datagrams for the tunnel's
 * port, many in one call ({@code recvmmsg}, and datagrams that the kernel has merged, {@code UDP_GRO}). The others send
 * ({@code sendmmsg}). Each sends from a source port of its own, so that the underlay can distinguish flows, and passes
 * a message of many datagrams in one piece ({@code UDP_SEGMENT}). The kernel provides routes, neighbours and path MTUs.
 * Datagrams are never fragmented (RFC 7348, section 4.3). The kernel chooses the source ports, as for its own VXLAN:
 * the switch's masquerade uses the range that RFC 7348 recommends.
 * <p>
 * If the kernel supports it, a {@link TunnelTap} also sends super-frames in one piece.
 * <p>
 * The device receives and sends payloads, with a {@link Datagram} in front. Control opens and closes it; the worker
 * owns it in between.
 * <pre>
 *   memory: mmsghdr (64) x 64 | iovec (16) x 64 | address (32) x 64 | control (64) x 64
 * </pre>
 */
public final class UdpTunnelDevice implements PollableDevice, SuperFrameDevice {
    static final int SO_REUSEPORT = 15;
    static final int SO_ATTACH_FILTER = 26;
    static final int SO_SNDBUFFORCE = 32;
    static final int SO_RCVBUFFORCE = 33;
    static final int SO_ATTACH_REUSEPORT_CBPF = 51;
    static final int SOL_UDP = 17;
    static final int UDP_SEGMENT = 103;
    static final int UDP_GRO = 104;
    static final int UDP_NO_CHECK6_RX = 102;
    static final int IP_TOS = 1;
    static final int IP_MTU_DISCOVER = 10;
    static final int IP_RECVTOS = 13;
    static final int IPV6_MTU_DISCOVER = 23;
    static final int IPV6_RECVTCLASS = 66;
    static final int IPV6_TCLASS = 67;
    static final int PMTUDISC_DO = 2;
    static final int MMSGHDR_BYTES = 64;
    static final int MMSGHDR_LENGTH_OFFSET = 56;
    static final int EINVAL = 22;
    static final int MSG_DONTWAIT = 0x40;

    private static final int SOCKET_TYPE = Sockets.SOCK_DGRAM | Linux.O_NONBLOCK | Linux.O_CLOEXEC;
    private static final int MESSAGES = FrameBatch.CAPACITY;
    private static final int IOVEC_BYTES = 16;
    private static final int ADDRESS_BYTES = 32;
    private static final int CONTROL_BYTES = 64;
    private static final int MESSAGES_BYTES = MESSAGES * (MMSGHDR_BYTES + IOVEC_BYTES + ADDRESS_BYTES + CONTROL_BYTES);
    private static final int CONTROL_VALUE = MessageHeader.CONTROL_HEADER_BYTES;
    private static final int RECEIVE_BUFFER_BYTES = 16 << 20;
    private static final int SEND_BUFFER_BYTES = 8 << 20;
    /** Limit of a burst that follows long datagrams. */
    private static final int FEW = 8;
    private static final int LONG_DATAGRAM_BYTES = 8192;
    /** Room for a datagram in a slot: its frame has the same place as any frame in a slot. */
    private static final int ROOM_BYTES = VxlanFlyweight.LENGTH + FrameBatch.SLOT_FRAME_LENGTH;

    /** What the kernel knows of a socket's memory: nine numbers of four bytes. */
    static final int SO_MEMINFO = 55;
    static final int MEMINFO_BYTES = 36;
    /** Datagrams that the socket had no room for, ever: SK_MEMINFO_DROPS. */
    static final int MEMINFO_DROPS_OFFSET = 32;

    private final FileDescriptor receiver;
    private final FileDescriptor[] senders;
    private final Optional<TunnelTap> tap;
    private final OffHeapRegion memoryInfo = OffHeapRegion.anonymous(MEMINFO_BYTES + Integer.BYTES);
    private int missedBefore;
    private final int[] sourcePorts = new int[Datagram.FLOWS];
    private final boolean ipv6;
    private final int port;
    private final Messages incoming = new Messages();
    private final Messages outgoing = new Messages();
    private final int[] places = new int[MESSAGES];
    private int burst = MESSAGES;

    /** The arrays for {@code recvmmsg} and {@code sendmmsg}. The parts of each message are linked once. */
    private static final class Messages {
        private final OffHeapRegion region = OffHeapRegion.anonymous(MESSAGES_BYTES);
        private final long headers = region.address();
        private final long vectors = headers + MESSAGES * MMSGHDR_BYTES;
        private final long addresses = vectors + MESSAGES * IOVEC_BYTES;
        private final long controls = addresses + MESSAGES * ADDRESS_BYTES;

        Messages() {
            for (int i = 0; i < MESSAGES; i++) {
                UnsafeApi.putLong(header(i) + MessageHeader.NAME_OFFSET, address(i));
                UnsafeApi.putLong(header(i) + MessageHeader.IOVEC_OFFSET, vector(i));
                UnsafeApi.putLong(header(i) + MessageHeader.IOVEC_COUNT_OFFSET, 1);
                UnsafeApi.putLong(header(i) + MessageHeader.CONTROL_OFFSET, control(i));
            }
        }

        long header(final int i) {
            return headers + (long) i * MMSGHDR_BYTES;
        }

        long vector(final int i) {
            return vectors + (long) i * IOVEC_BYTES;
        }

        long address(final int i) {
            return addresses + (long) i * ADDRESS_BYTES;
        }

        long control(final int i) {
            return controls + (long) i * CONTROL_BYTES;
        }

        void prepare(final int i, final long data, final int dataBytes, final int addressBytes,
                     final int controlBytes) {
            UnsafeApi.putLong(vector(i), data);
            UnsafeApi.putLong(vector(i) + Long.BYTES, dataBytes);
            UnsafeApi.putInt(header(i) + MessageHeader.NAME_LENGTH_OFFSET, addressBytes);
            UnsafeApi.putLong(header(i) + MessageHeader.CONTROL_LENGTH_OFFSET, controlBytes);
        }
    }

    private UdpTunnelDevice(final FileDescriptor receiver, final FileDescriptor[] senders, final boolean ipv6,
                            final int port) {
        this.receiver = receiver;
        this.senders = senders;
        this.ipv6 = ipv6;
        this.port = port;
        try (SocketOptions options = new SocketOptions()) {
            for (int flow = 0; flow < senders.length; flow++) {
                sourcePorts[flow] = options.localPort(senders[flow]);
            }
        }
        tap = TunnelTap.open();
    }

    @Override
    public boolean carriesWhole() {
        return tap.isPresent();
    }

    /** The shortcut past the host's stack, if the kernel has one: a separate device, which the worker receives from. */
    public Optional<TunnelTap> tap() {
        return tap;
    }

    @Override
    public int sourcePort(final int flow) {
        return sourcePorts[flow];
    }

    @Override
    public int tunnelPort() {
        return port;
    }

    @Override
    public long takeMissed() {
        final long value = memoryInfo.address();
        UnsafeApi.putInt(value + MEMINFO_BYTES, MEMINFO_BYTES);
        if (LibC.INSTANCE.getsockopt(receiver.fd(), Sockets.SOL_SOCKET, SO_MEMINFO, value, value + MEMINFO_BYTES) < 0) {
            return 0;
        }
        final int drops = UnsafeApi.getInt(value + MEMINFO_DROPS_OFFSET);
        final int missed = drops - missedBefore; // the kernel's counter wraps
        missedBefore = drops;
        return missed;
    }

    @Override
    public boolean transmitWhole(final long headers, final int headerBytes, final long frame, final int frameBytes) {
        return tap.orElseThrow().write(headers, headerBytes, frame, frameBytes);
    }

    /**
     * Opens the sockets of all workers in the calling thread's network namespace. The worker with the number VNI modulo
     * the count gets a datagram.
     *
     * @param port    UDP port, the tunnels' destination.
     * @param workers how many devices.
     * @throws NativeException when the kernel refuses, with EADDRINUSE if another socket has the port.
     */
    public static UdpTunnelDevice[] open(final int port, final int workers) {
        final UdpTunnelDevice[] devices = new UdpTunnelDevice[workers];
        try {
            for (int worker = 0; worker < workers; worker++) {
                devices[worker] = open(port, workers > 1 ? workers : 0, worker == 0);
            }
            return devices;
        } catch (final RuntimeException ex) {
            CloseHelper.closeAll(devices);
            throw ex;
        }
    }

    private static UdpTunnelDevice open(final int port, final int sharers, final boolean first) {
        final int ofIpv6 = LibC.INSTANCE.socket(Sockets.AF_INET6, SOCKET_TYPE, 0);
        final boolean ipv6 = ofIpv6 >= 0;
        final FileDescriptor receiver = new FileDescriptor(ipv6 ? ofIpv6 : socket(Sockets.AF_INET));
        final FileDescriptor[] senders = new FileDescriptor[Datagram.FLOWS];
        try (SocketOptions options = new SocketOptions()) {
            if (sharers > 0 && first) {
                requireFree(options, ipv6, port);
            }
            if (sharers > 0) {
                options.set(receiver, Sockets.SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
            }
            options.set(receiver, Sockets.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES,
                "SO_RCVBUFFORCE");
            options.set(receiver, SOL_UDP, UDP_GRO, 1, "UDP_GRO");
            options.set(receiver, Sockets.SOL_IP, IP_RECVTOS, 1, "IP_RECVTOS");
            if (ipv6) {
                takeIpv4Too(options, receiver);
                options.set(receiver, Sockets.SOL_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
                // RFC 6935: tunnels may omit the outer checksum.
                options.set(receiver, SOL_UDP, UDP_NO_CHECK6_RX, 1, "UDP_NO_CHECK6_RX");
            }
            options.bind(receiver, ipv6, port);
            if (sharers > 0 && first) {
                options.filter(receiver, SO_ATTACH_REUSEPORT_CBPF, ClassicBpf.vniModulo(sharers),
                    "SO_ATTACH_REUSEPORT_CBPF");
            }
            for (int flow = 0; flow < senders.length; flow++) {
                senders[flow] = new FileDescriptor(
                    socket(ipv6 ? Sockets.AF_INET6 : Sockets.AF_INET));
                openSender(options, senders[flow], ipv6);
            }
            return new UdpTunnelDevice(receiver, senders, ipv6, port);
        } catch (final RuntimeException ex) {
            receiver.close();
            CloseHelper.closeAll(senders);
            throw ex;
        }
    }

    private static void takeIpv4Too(final SocketOptions options, final FileDescriptor socket) {
        options.set(socket, Sockets.SOL_IPV6, Sockets.IPV6_V6ONLY, 0, "IPV6_V6ONLY");
    }

    /**
     * Fails if the port is in use: sockets that share a port would silently join those of another process of the same
     * user.
     */
    private static void requireFree(final SocketOptions options, final boolean ipv6, final int port) {
        try (FileDescriptor alone = new FileDescriptor(
            socket(ipv6 ? Sockets.AF_INET6 : Sockets.AF_INET))) {
            if (ipv6) {
                takeIpv4Too(options, alone);
            }
            options.bind(alone, ipv6, port);
        }
    }

    private static void openSender(final SocketOptions options, final FileDescriptor sender, final boolean ipv6) {
        // This socket only sends; it discards anything received on its port.
        options.filter(sender, SO_ATTACH_FILTER, ClassicBpf.nothing(), "SO_ATTACH_FILTER");
        options.set(sender, Sockets.SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES, "SO_SNDBUFFORCE");
        options.set(sender, Sockets.SOL_IP, IP_MTU_DISCOVER, PMTUDISC_DO, "IP_MTU_DISCOVER");
        if (ipv6) {
            takeIpv4Too(options, sender);
            options.set(sender, Sockets.SOL_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO, "IPV6_MTU_DISCOVER");
        }
        options.bind(sender, ipv6, 0);
    }

    private static int socket(final int family) {
        return Linux.check(LibC.INSTANCE.socket(family, SOCKET_TYPE, 0), "socket", "UDP");
    }

    @Override
    public int fd() {
        return receiver.fd();
    }

    @Override
    public String name() {
        return "underlay on UDP port " + port;
    }

    @Override
    public int receive(final FrameBatch batch) {
        final int wanted = Math.min(burst, batch.room());
        for (int i = 0; i < wanted; i++) {
            incoming.prepare(i, batch.slotAddress(i) - VxlanFlyweight.LENGTH, ROOM_BYTES,
                SocketAddress.IN6_BYTES, CONTROL_BYTES);
        }
        final int received = LibC.INSTANCE.recvmmsg(receiver.fd(), incoming.headers, wanted, MSG_DONTWAIT, 0);
        if (received <= 0) {
            return 0; // nothing to read, or an earlier error that is reported once
        }
        long bytes = 0;
        for (int i = 0; i < received; i++) {
            final int length = UnsafeApi.getInt(incoming.header(i) + MMSGHDR_LENGTH_OFFSET);
            final long datagram = UnsafeApi.getLong(incoming.vector(i));
            Datagram.clear(datagram);
            Datagram.peer(datagram, SocketAddress.high(incoming.address(i), ipv6),
                SocketAddress.low(incoming.address(i), ipv6));
            Datagram.roomBytes(datagram, ROOM_BYTES);
            readControl(i, datagram);
            batch.append(datagram, length);
            bytes += length;
        }
        burst = bytes / received > LONG_DATAGRAM_BYTES ? FEW : MESSAGES;
        return received;
    }

    private void readControl(final int i, final long datagram) {
        long at = incoming.control(i);
        final long end = at
            + UnsafeApi.getLong(incoming.header(i) + MessageHeader.CONTROL_LENGTH_OFFSET);
        while (end - at > CONTROL_VALUE) {
            final long length = UnsafeApi.getLong(at);
            final int level = UnsafeApi.getInt(at + MessageHeader.CONTROL_LEVEL_OFFSET);
            final int type = UnsafeApi.getInt(at + MessageHeader.CONTROL_TYPE_OFFSET);
            if (level == SOL_UDP && type == UDP_GRO) {
                Datagram.segmentBytes(datagram, UnsafeApi.getInt(at + CONTROL_VALUE));
            } else if (level == Sockets.SOL_IP && type == IP_TOS
                || level == Sockets.SOL_IPV6 && type == IPV6_TCLASS) {
                Datagram.trafficClass(datagram, UnsafeApi.getByte(at + CONTROL_VALUE) & 0xFF);
            }
            at += length + Long.BYTES - 1 & -Long.BYTES;
            if (length < CONTROL_VALUE) {
                return;
            }
        }
    }

    /** Sends the messages of one flow together, in their order; the order of flows does not matter. */
    @Override
    public void transmit(final EgressQueue queue) {
        int flows = 0;
        for (int i = 0, size = queue.size(); i < size; i++) {
            flows |= 1 << Datagram.flow(queue.address(i));
        }
        for (; flows != 0; flows &= flows - 1) {
            final int flow = Integer.numberOfTrailingZeros(flows);
            int count = 0;
            for (int i = 0, size = queue.size(); i < size; i++) {
                if (Datagram.flow(queue.address(i)) == flow) {
                    places[count] = i;
                    prepare(count++, queue.address(i), queue.length(i));
                }
            }
            send(queue, senders[flow].fd(), count);
        }
    }

    private void prepare(final int i, final long datagram, final int length) {
        final long high = Datagram.peerHigh(datagram);
        final long low = Datagram.peerLow(datagram);
        final int addressBytes = SocketAddress.write(outgoing.address(i), ipv6, high, low, port);
        final long start = outgoing.control(i);
        long control = start;
        if (Datagram.segmentBytes(datagram) > 0) {
            UnsafeApi.putShort(control + CONTROL_VALUE, (short) Datagram.segmentBytes(datagram));
            control = controlMessage(control, SOL_UDP, UDP_SEGMENT, Short.BYTES);
        }
        final int trafficClass = Datagram.trafficClass(datagram);
        if (trafficClass != 0) {
            UnsafeApi.putInt(control + CONTROL_VALUE, trafficClass);
            control = IpAddress.isIpv4(high, low)
                ? controlMessage(control, Sockets.SOL_IP, IP_TOS, Integer.BYTES)
                : controlMessage(control, Sockets.SOL_IPV6, IPV6_TCLASS, Integer.BYTES);
        }
        outgoing.prepare(i, datagram, length, addressBytes, (int) (control - start));
    }

    private static long controlMessage(final long at, final int level, final int type, final int valueBytes) {
        UnsafeApi.putLong(at, CONTROL_VALUE + valueBytes);
        UnsafeApi.putInt(at + MessageHeader.CONTROL_LEVEL_OFFSET, level);
        UnsafeApi.putInt(at + MessageHeader.CONTROL_TYPE_OFFSET, type);
        return at + CONTROL_VALUE + Long.BYTES;
    }

    private void send(final EgressQueue queue, final int fd, final int count) {
        int sent = 0;
        while (sent < count) {
            final int taken = LibC.INSTANCE.sendmmsg(fd, outgoing.header(sent), count - sent, MSG_DONTWAIT);
            if (taken > 0) {
                sent += taken;
            } else {
                final int refused = places[sent++];
                int errno = Linux.errno();
                // Before Linux 6.14, the kernel returned EINVAL for a message that it should cut.
                if (errno == EINVAL && Datagram.segmentBytes(queue.address(refused)) > 0) {
                    errno = Refusal.EMSGSIZE;
                }
                queue.refuse(refused, Refusal.of(errno));
                if (errno == Refusal.EMSGSIZE) {
                    Datagram.tooBig(queue.address(refused));
                }
            }
        }
    }

    @Override
    public void close() {
        receiver.close();
        CloseHelper.closeAll(senders);
        tap.ifPresent(TunnelTap::close);
        memoryInfo.close();
        incoming.region.close();
        outgoing.region.close();
    }
}
