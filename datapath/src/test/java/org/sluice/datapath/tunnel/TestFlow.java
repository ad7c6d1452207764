package org.sluice.datapath.tunnel;

import java.util.Random;

import org.sluice.datapath.Frames;
import org.sluice.datapath.Packets;
import org.sluice.datapath.Wire;

/** A flow of TCP or UDP over IPv4 or IPv6 whose frames a test asks for one by one, as its sender would send them. */
final class TestFlow {
    static final long MAC_SENDER = 0x0242_0A00_0021L;
    static final long MAC_RECEIVER = 0x0242_0A00_0002L;
    static final int PSH = 0x08;
    private static final int ETHERNET = 14;
    private static final byte[] TIMESTAMPS = Frames.hex("0101080a 00000001 00000002");

    private final Random random;
    private final boolean v4;
    private final boolean tcp;
    private final String source;
    private final String destination;
    private final int port;
    private byte[] options;
    private int sequence;
    private int ack;
    private int identification;
    private int trafficClass;
    private int ttl = 64;
    private boolean mayFragment;

    /** @param host of some few, so that different flows have addresses in common. */
    TestFlow(final Random random, final boolean v4, final boolean tcp, final int host, final int port) {
        this.random = random;
        this.v4 = v4;
        this.tcp = tcp;
        this.port = port;
        source = v4 ? "10.0.0." + (100 + host) : "fd00::" + (100 + host);
        destination = v4 ? "10.0.0.2" : "fd00::2";
        options = random.nextBoolean() ? TIMESTAMPS : new byte[0];
        sequence = random.nextInt();
        ack = random.nextInt();
        identification = random.nextInt(65_536);
    }

    boolean isTcp() {
        return tcp;
    }

    /** All headers of its frames. */
    int headerBytes() {
        return ETHERNET + (v4 ? 20 : 40) + (tcp ? 20 + options.length : 8);
    }

    /** The next segment, with so many bytes of payload. */
    byte[] data(final int flags, final int payloadBytes) {
        final byte[] payload = new byte[payloadBytes];
        random.nextBytes(payload);
        final byte[] packet = tcp
            ? Packets.tcp(source, port, destination, 80, flags, sequence, ack, 501, options, payload)
            : Packets.udp(source, port, destination, 53, payload);
        sequence += payloadBytes;
        if (v4) {
            packet[1] = (byte) trafficClass;
            Frames.put16(packet, 4, identification++ & 0xFFFF);
            Frames.put16(packet, 6, mayFragment ? 0 : 0x4000);
            packet[8] = (byte) ttl;
            Packets.withHeaderChecksum(packet);
        } else {
            Frames.put16(packet, 0, 0x6000 | trafficClass << 4);
            packet[7] = (byte) ttl;
        }
        return Packets.frame(MAC_RECEIVER, MAC_SENDER, packet);
    }

    /** A segment is lost on the way. */
    void lose() {
        sequence += 1 + random.nextInt(3000);
    }

    /** Something in the headers of those to come is different. */
    void change() {
        switch (random.nextInt(5)) {
            case 0 -> ack += 1 + random.nextInt(5000);
            case 1 -> trafficClass = random.nextInt(256);
            case 2 -> ttl = 1 + random.nextInt(255);
            case 3 -> mayFragment = !mayFragment;
            default -> {
                if (options.length > 0) {
                    options = options.clone();
                    options[7]++;
                }
            }
        }
    }

    /** A super-frame that was never cut, and so has only a partial checksum. */
    byte[] superFrame(final int payloadBytes) {
        identification += 64;
        return Wire.withPartialChecksum(data(Packets.ACK, payloadBytes));
    }
}
