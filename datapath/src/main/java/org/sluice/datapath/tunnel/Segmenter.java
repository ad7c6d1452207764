package org.sluice.datapath.tunnel;

import org.agrona.UnsafeApi;

import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/**
 * Cuts a super-frame of TCP or UDP into frames for a wire, each with correct lengths, sequence numbers and checksums,
 * as the kernel's {@code tcp_gso_segment} and {@code __udp_gso_segment} do. The frame's virtio-net header lies in front
 * of it; {@code OffloadParser} has checked it against the frame. Its {@code header len} is ignored. Owned by the
 * worker.
 */
public final class Segmenter {
    private static final int ONLY_IN_LAST = TcpFlyweight.FIN | TcpFlyweight.PSH;

    private final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight();
    private long frame;
    private int l4Offset;
    private int headerBytes;
    private int payloadBytes;
    private int segmentPayload;
    private boolean tcp;
    private boolean ipv4;
    private long pseudoHeader;
    private int count;
    private int next;

    /** Starts to cut a super-frame. */
    public void begin(final long superFrame, final int length) {
        frame = superFrame;
        virtio.wrapBefore(frame);
        l4Offset = virtio.checksumStart();
        tcp = virtio.gsoType() != VirtioNetHeaderFlyweight.GSO_UDP_L4;
        headerBytes = l4Offset
            + (tcp ? NetworkOrder.u8(frame + l4Offset + TcpFlyweight.DATA_OFFSET_FIELD_OFFSET) >>> 4 << 2
            : UdpFlyweight.LENGTH);
        payloadBytes = Math.max(0, length - headerBytes);
        segmentPayload = virtio.gsoSize();
        count = Math.max(1, (payloadBytes + segmentPayload - 1) / segmentPayload);
        next = 0;
        ipv4 = NetworkOrder.u16(frame + EthernetFlyweight.ETHER_TYPE_FIELD_OFFSET) == EtherType.IPV4;
        // Without the length, which differs between segments.
        pseudoHeader = InternetChecksum.pseudoHeader(frame + EthernetFlyweight.LENGTH, ipv4,
            tcp ? IpProtocol.TCP : IpProtocol.UDP, 0);
    }

    /** How many segments there will be. */
    public int count() {
        return count;
    }

    /** Whether another segment follows. */
    public boolean hasNext() {
        return next < count;
    }

    /** Length of the frame that {@link #next} will write. */
    public int nextBytes() {
        return headerBytes + Math.min(segmentPayload, payloadBytes - next * segmentPayload);
    }

    /**
     * Writes the next segment.
     *
     * @param target address with room for {@link #nextBytes()}.
     */
    public void next(final long target) {
        final int i = next++;
        final int offset = i * segmentPayload;
        final int payload = Math.min(segmentPayload, payloadBytes - offset);
        UnsafeApi.copyMemory(frame, target, headerBytes);
        UnsafeApi.copyMemory(frame + headerBytes + offset, target + headerBytes, payload);
        final int l4Bytes = headerBytes - l4Offset + payload;
        final long l3 = target + EthernetFlyweight.LENGTH;
        if (ipv4) {
            writeIpv4(l3, l4Offset - EthernetFlyweight.LENGTH, l4Bytes, i);
        } else {
            NetworkOrder.u16(l3 + Ipv6Flyweight.PAYLOAD_LENGTH_FIELD_OFFSET,
                l4Offset - EthernetFlyweight.LENGTH - Ipv6Flyweight.LENGTH + l4Bytes);
        }
        final long l4 = target + l4Offset;
        final int checksumField;
        if (tcp) {
            checksumField = TcpFlyweight.CHECKSUM_FIELD_OFFSET;
            final long sequence = l4 + TcpFlyweight.SEQUENCE_FIELD_OFFSET;
            NetworkOrder.i32(sequence, NetworkOrder.i32(sequence) + offset);
            int flags = NetworkOrder.u8(l4 + TcpFlyweight.FLAGS_FIELD_OFFSET);
            flags &= next < count ? ~ONLY_IN_LAST : -1;
            flags &= i > 0 ? ~TcpFlyweight.CWR : -1;
            UnsafeApi.putByte(l4 + TcpFlyweight.FLAGS_FIELD_OFFSET, (byte) flags);
        } else {
            checksumField = UdpFlyweight.CHECKSUM_FIELD_OFFSET;
            NetworkOrder.u16(l4 + UdpFlyweight.LENGTH_FIELD_OFFSET, l4Bytes);
        }
        NetworkOrder.u16(l4 + checksumField, 0);
        final int checksum = InternetChecksum.finish(pseudoHeader + l4Bytes + InternetChecksum.sum(l4, l4Bytes));
        NetworkOrder.u16(l4 + checksumField, !tcp && checksum == 0 ? 0xFFFF : checksum);
    }

    private static void writeIpv4(final long l3, final int ipHeaderBytes, final int l4Bytes, final int i) {
        NetworkOrder.u16(l3 + Ipv4Flyweight.TOTAL_LENGTH_FIELD_OFFSET, ipHeaderBytes + l4Bytes);
        NetworkOrder.u16(l3 + Ipv4Flyweight.IDENTIFICATION_FIELD_OFFSET,
            NetworkOrder.u16(l3 + Ipv4Flyweight.IDENTIFICATION_FIELD_OFFSET) + i);
        NetworkOrder.u16(l3 + Ipv4Flyweight.CHECKSUM_FIELD_OFFSET, 0);
        NetworkOrder.u16(l3 + Ipv4Flyweight.CHECKSUM_FIELD_OFFSET,
            InternetChecksum.finish(InternetChecksum.sum(l3, ipHeaderBytes)));
    }
}
