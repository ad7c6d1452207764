package org.sluice.bench;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Gives back every IPv4 packet that it was given, as the answer to it: MAC addresses, addresses, ports, and for TCP
 * sequence and acknowledgement numbers turned round, which leaves all checksums right.
 */
final class EchoDevice implements PacketDevice {
    private static final int L3 = EthernetFlyweight.LENGTH;
    private static final int L4 = L3 + Ipv4Flyweight.MIN_LENGTH;
    private static final int SEQUENCE = 4;
    private static final int FLAGS = 12;

    private final OffHeapRegion region;
    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private final int frameLength;
    private int waiting;
    private int answerFlags = TcpFlyweight.ACK;

    EchoDevice(final int frameLength) {
        this.frameLength = frameLength;
        region = OffHeapRegion.anonymous((long) FrameBatch.CAPACITY * frameLength);
    }

    /** The TCP flags of the answers. */
    void answerFlags(final int flags) {
        answerFlags = flags;
    }

    /** Forgets what it has not given back. */
    void clear() {
        waiting = 0;
    }

    @Override
    public int receive(final FrameBatch batch) {
        final int count = waiting;
        for (int i = 0; i < count; i++) {
            final long slot = batch.slotAddress();
            virtio.wrapBefore(slot).clear();
            TemplateDevice.copy(frame(i), slot, frameLength);
            batch.append(slot, frameLength);
        }
        waiting = 0;
        return count;
    }

    @Override
    public void transmit(final EgressQueue queue) {
        waiting = 0;
        for (int i = 0; i < queue.size(); i++) {
            final long frame = frame(waiting++);
            TemplateDevice.copy(queue.address(i), frame, frameLength);
            turnRound(frame);
        }
    }

    private void turnRound(final long frame) {
        final int macHigh = UnsafeApi.getInt(frame);
        final short macLow = UnsafeApi.getShort(frame + 4);
        UnsafeApi.putInt(frame, UnsafeApi.getInt(frame + 6));
        UnsafeApi.putShort(frame + 4, UnsafeApi.getShort(frame + 10));
        UnsafeApi.putInt(frame + 6, macHigh);
        UnsafeApi.putShort(frame + 10, macLow);
        swap(frame + L3 + Ipv4Flyweight.SOURCE_FIELD_OFFSET);
        NetworkOrder.i32(frame + L4, Integer.rotateLeft(NetworkOrder.i32(frame + L4), 16));
        if (NetworkOrder.u8(frame + L3 + 9) == IpProtocol.TCP) {
            swap(frame + L4 + SEQUENCE);
            final int before = NetworkOrder.u16(frame + L4 + FLAGS);
            final int after = before & 0xFF00 | answerFlags;
            NetworkOrder.u16(frame + L4 + FLAGS, after);
            if ((answerFlags & TcpFlyweight.SYN) != 0) {
                acknowledgeSyn(frame + L4);
            }
            final long field = frame + L4 + TcpFlyweight.CHECKSUM_FIELD_OFFSET;
            NetworkOrder.u16(field, InternetChecksum.update16(NetworkOrder.u16(field), before, after));
        }
    }

    private static void acknowledgeSyn(final long l4) {
        final long field = l4 + TcpFlyweight.CHECKSUM_FIELD_OFFSET;
        final int before = NetworkOrder.i32(l4 + SEQUENCE + Integer.BYTES);
        NetworkOrder.i32(l4 + SEQUENCE + Integer.BYTES, 1);
        NetworkOrder.u16(field, InternetChecksum.update32(NetworkOrder.u16(field), before, 1));
    }

    /** Exchanges two neighbouring 32-bit words. */
    private static void swap(final long address) {
        UnsafeApi.putLong(address, Long.rotateLeft(UnsafeApi.getLong(address), Integer.SIZE));
    }

    private long frame(final int number) {
        return region.address() + (long) number * frameLength;
    }

    @Override
    public String name() {
        return "echo";
    }

    @Override
    public void close() {
        region.close();
    }
}
