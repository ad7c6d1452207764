package org.sluice.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

import org.sluice.linux.testbed.NamespaceHandle;

/** Stands for an attacker on the underlay: it sends forged datagrams to a VTEP. */
public final class VxlanForger implements AutoCloseable {
    /** Every forged frame contains these words, so that a test can recognise it. */
    public static final String MARK = "forged by mallory";
    public static final int VALID_VNI = 0x08;
    private static final int TUNNEL_PORT = 4789;
    private static final int HEADER_BYTES = 8;
    private static final int MIN_FRAME_BYTES = 60;
    private static final short LOCAL_EXPERIMENTAL = (short) 0x88B5;

    private final DatagramSocket socket;
    private final InetSocketAddress target;

    public VxlanForger(final NamespaceHandle from, final String target) {
        this.target = new InetSocketAddress(target, TUNNEL_PORT);
        socket = Peers.in(from, () -> new DatagramSocket());
    }

    public void send(final byte[] datagram) {
        try {
            socket.send(new DatagramPacket(datagram, datagram.length, target));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** A datagram with a VXLAN header and a frame. */
    public static byte[] datagram(final int flags, final int vni, final byte[] frame) {
        return ByteBuffer.allocate(HEADER_BYTES + frame.length).putInt(flags << 24).putInt(vni << 8).put(frame).array();
    }

    /** The same with the VNI of the overlay under test. */
    public static byte[] datagram(final byte[] frame) {
        return datagram(VALID_VNI, OverlayBed.VNI, frame);
    }

    public static byte[] truncated(final int bytes) {
        return Arrays.copyOf(datagram(frame("ff:ff:ff:ff:ff:ff", "02:00:00:00:66:66")), bytes);
    }

    /** A frame of an unknown protocol. */
    public static byte[] frame(final String to, final String from) {
        return frame(to, from, LOCAL_EXPERIMENTAL, new byte[0]);
    }

    public static byte[] tagged(final String to, final String from, final int vlan) {
        return frame(to, from, (short) 0x8100,
            ByteBuffer.allocate(4).putShort((short) vlan).putShort(LOCAL_EXPERIMENTAL).array());
    }

    public static byte[] frame(final String to, final String from, final short etherType, final byte[] packet) {
        return ByteBuffer.allocate(MIN_FRAME_BYTES + packet.length).put(bytes(to)).put(bytes(from)).putShort(etherType)
            .put(packet).put(MARK.getBytes(StandardCharsets.US_ASCII)).array();
    }

    /** A UDP datagram without a checksum; its payload is the mark. */
    public static byte[] udp(final byte[] from, final byte[] to, final int port) {
        final int words = MARK.length();
        final ByteBuffer packet = ByteBuffer.allocate(28).put((byte) 0x45).put((byte) 0)
            .putShort((short) (28 + words)).putInt(0).put((byte) 64).put((byte) 17).putShort((short) 0).put(from)
            .put(to).putShort((short) 6666).putShort((short) port).putShort((short) (8 + words)).putShort((short) 0);
        int sum = 0;
        for (int at = 0; at < 20; at += 2) {
            sum += packet.getShort(at) & 0xFFFF;
        }
        return packet.putShort(10, (short) ~(sum + (sum >>> 16))).array();
    }

    private static byte[] bytes(final String mac) {
        return HexFormat.ofDelimiter(":").parseHex(mac);
    }

    @Override
    public void close() {
        socket.close();
    }
}
