package org.sluice.linux.device;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.tunnel.Datagram;

/**
 * A tunnel's datagram as a device has received it, or several that the kernel has put together.
 *
 * @param segmentBytes of each but the last; 0 for a single one.
 * @param whole        whether it is one with a super-frame of such segments in it.
 */
record TunnelMessage(String peer, int trafficClass, int segmentBytes, boolean whole, byte[] bytes) {
    private static final long WAIT_NANOS = 3_000_000_000L;
    private static final long QUIET_NANOS = 100_000_000L;
    private static final int MAPPED_PREFIX_BYTES = 12;

    /** What a device has, until it is so many datagrams or nothing comes for long. */
    static List<TunnelMessage> receive(final PacketDevice device, final FrameBatch batch, final int count) {
        final List<TunnelMessage> all = new ArrayList<>();
        int datagrams = 0;
        final long start = System.nanoTime();
        while (System.nanoTime() - start < (count == 0 ? QUIET_NANOS : WAIT_NANOS)
            && (count == 0 || datagrams < count)) {
            batch.clear();
            device.receive(batch);
            for (int i = 0; i < batch.size(); i++) {
                final TunnelMessage message = of(batch.address(i), batch.length(i));
                datagrams += message.datagrams().size();
                all.add(message);
            }
            Thread.onSpinWait();
        }
        return all;
    }

    private static TunnelMessage of(final long datagram, final int length) {
        final byte[] bytes = new byte[length];
        new UnsafeBuffer(datagram, length).getBytes(0, bytes);
        if (Datagram.roomBytes(datagram) < length) {
            throw new AssertionError("room for " + Datagram.roomBytes(datagram) + " of " + length + " bytes");
        }
        return new TunnelMessage(addressOf(Datagram.peerHigh(datagram), Datagram.peerLow(datagram)),
            Datagram.trafficClass(datagram), Datagram.segmentBytes(datagram), Datagram.isWhole(datagram), bytes);
    }

    private static String addressOf(final long high, final long low) {
        try {
            return InetAddress.getByAddress(ByteBuffer.allocate(16).putLong(high).putLong(low).array())
                .getHostAddress();
        } catch (final UnknownHostException ex) {
            throw new AssertionError(ex);
        }
    }

    /** Both halves of an address, an IPv4 one mapped. */
    static long[] halves(final String address) {
        try {
            final byte[] bytes = InetAddress.getByName(address).getAddress();
            final ByteBuffer mapped = ByteBuffer.allocate(16);
            if (bytes.length == 4) {
                mapped.putShort(MAPPED_PREFIX_BYTES - Short.BYTES, (short) -1);
                mapped.put(MAPPED_PREFIX_BYTES, bytes);
            } else {
                mapped.put(0, bytes);
            }
            return new long[] {mapped.getLong(0), mapped.getLong(8)};
        } catch (final UnknownHostException ex) {
            throw new AssertionError(ex);
        }
    }

    /** The datagrams that are on the wire; a super-frame in one is not cut. */
    List<byte[]> datagrams() {
        if (segmentBytes == 0 || whole) {
            return List.of(bytes);
        }
        final List<byte[]> all = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += segmentBytes) {
            all.add(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + segmentBytes)));
        }
        return all;
    }

    int vni() {
        return TunnelPackets.vni(bytes);
    }

    /** What is in it behind the VXLAN header. */
    byte[] frame() {
        return Arrays.copyOfRange(bytes, TunnelPackets.VXLAN_BYTES, bytes.length);
    }
}
