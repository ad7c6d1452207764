package org.sluice.datapath;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.VxlanFlyweight;
import org.sluice.datapath.tunnel.Datagram;
import org.sluice.datapath.tunnel.SuperFrameDevice;

/** An underlay of byte arrays: datagrams with what is known of them, as the tunnel's sockets give and take them. */
public final class DatagramDevice implements MemoryPoller.Source, SuperFrameDevice {
    /**
     * One datagram, or several of one length that the kernel has put together, or is to cut.
     *
     * @param segmentBytes of each but the last; 0 for a single one.
     * @param whole        whether it is a single one, with a super-frame of such segments of payload in it.
     */
    public record Message(String peer, int trafficClass, int flow, int segmentBytes, boolean whole, byte[] bytes) {
        public Message(final String peer, final int trafficClass, final int flow, final int segmentBytes,
                       final byte[] bytes) {
            this(peer, trafficClass, flow, segmentBytes, false, bytes);
        }

        /** With a super-frame in it, received from a device that knows. */
        public static Message whole(final String peer, final int trafficClass, final int segmentBytes,
                                    final byte[] bytes) {
            return new Message(peer, trafficClass, 0, segmentBytes, true, bytes);
        }

        /** The datagrams that are on the wire. */
        public List<byte[]> datagrams() {
            if (segmentBytes == 0) {
                return List.of(bytes);
            }
            final List<byte[]> all = new ArrayList<>();
            for (int at = 0; at < bytes.length; at += segmentBytes) {
                all.add(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + segmentBytes)));
            }
            return all;
        }
    }

    /** A super-frame that has left in one piece, behind its outer headers. */
    public record Whole(byte[] headers, byte[] frame) {
    }

    public static final int FIRST_SOURCE_PORT = 40_000;
    private static final int ROOM_BYTES = VxlanFlyweight.LENGTH + FrameBatch.SLOT_FRAME_LENGTH;
    private static final int TAIL_BYTES = 128;

    private final Deque<Message> incoming = new ArrayDeque<>();
    private final List<Message> sent = new ArrayList<>();
    private final List<Whole> sentWhole = new ArrayList<>();
    private final String name;
    private final byte[] tail = new byte[TAIL_BYTES];
    private Predicate<Message> refused = message -> false;
    private boolean tooBig;
    private boolean carriesWhole;
    private boolean refusesWhole;

    public DatagramDevice(final String name) {
        this.name = name;
    }

    /** VXLAN header and frame. */
    public static byte[] vxlan(final int vni, final byte[] frame) {
        return Frames.concat(Frames.hex(String.format("08000000 %06x00", vni)), frame);
    }

    /** A datagram of its own. */
    public void inject(final String peer, final int vni, final byte[] frame) {
        inject(new Message(peer, 0, 0, 0, vxlan(vni, frame)));
    }

    public void inject(final Message message) {
        incoming.add(message);
    }

    /** What lies in memory behind every datagram. */
    public void tail(final byte value) {
        Arrays.fill(tail, value);
    }

    /** Refuses such messages from now on. */
    public void refuse(final Predicate<Message> which, final boolean asTooBig) {
        refused = which;
        tooBig = asTooBig;
    }

    /** What has been sent since the last call. */
    public List<Message> takeSent() {
        final List<Message> messages = List.copyOf(sent);
        sent.clear();
        return messages;
    }

    /** The frames that have been sent in a network since the last call, without their VXLAN headers. */
    public List<byte[]> takeFrames(final String peer, final int vni) {
        final byte[] header = vxlan(vni, new byte[0]);
        final List<byte[]> frames = new ArrayList<>();
        for (final Message message : List.copyOf(sent)) {
            if (message.peer().equals(peer)) {
                sent.remove(message);
                for (final byte[] datagram : message.datagrams()) {
                    if (!Arrays.equals(header, Arrays.copyOf(datagram, header.length))) {
                        throw new AssertionError("VXLAN header " + Arrays.toString(Arrays.copyOf(datagram, 8)));
                    }
                    frames.add(Arrays.copyOfRange(datagram, header.length, datagram.length));
                }
            }
        }
        return frames;
    }

    /** From now on super-frames may leave in one piece; whether they are taken then is another matter. */
    public void carryWhole(final boolean taken) {
        carriesWhole = true;
        refusesWhole = !taken;
    }

    /** What has been sent in one piece since the last call. */
    public List<Whole> takeWhole() {
        final List<Whole> all = List.copyOf(sentWhole);
        sentWhole.clear();
        return all;
    }

    @Override
    public boolean carriesWhole() {
        return carriesWhole;
    }

    @Override
    public int sourcePort(final int flow) {
        return FIRST_SOURCE_PORT + flow;
    }

    @Override
    public int tunnelPort() {
        return VxlanFlyweight.PORT;
    }

    @Override
    public boolean transmitWhole(final long headers, final int headerBytes, final long frame, final int frameBytes) {
        if (refusesWhole) {
            return false;
        }
        sentWhole.add(new Whole(MemoryDevice.read(headers, headerBytes), MemoryDevice.read(frame, frameBytes)));
        return true;
    }

    @Override
    public boolean isReadable() {
        return !incoming.isEmpty();
    }

    @Override
    public int receive(final FrameBatch batch) {
        int received = 0;
        while (!incoming.isEmpty() && batch.hasRoom()) {
            final Message message = incoming.poll();
            final long datagram = batch.slotAddress() - VxlanFlyweight.LENGTH;
            Datagram.clear(datagram);
            Datagram.peer(datagram, Packets.high(message.peer()), Packets.low(message.peer()));
            Datagram.roomBytes(datagram, ROOM_BYTES);
            Datagram.trafficClass(datagram, message.trafficClass());
            Datagram.segmentBytes(datagram, message.segmentBytes());
            Datagram.whole(datagram, message.whole());
            MemoryDevice.write(datagram, message.bytes());
            final int room = ROOM_BYTES - message.bytes().length;
            MemoryDevice.write(datagram + message.bytes().length, Arrays.copyOf(tail, Math.min(room, TAIL_BYTES)));
            batch.append(datagram, message.bytes().length);
            received++;
        }
        return received;
    }

    @Override
    public void transmit(final EgressQueue queue) {
        for (int i = 0; i < queue.size(); i++) {
            final long datagram = queue.address(i);
            final Message message = new Message(address(Datagram.peerHigh(datagram), Datagram.peerLow(datagram)),
                Datagram.trafficClass(datagram), Datagram.flow(datagram), Datagram.segmentBytes(datagram),
                MemoryDevice.read(datagram, queue.length(i)));
            if (refused.test(message)) {
                queue.refuse(i, DropReason.EGRESS_REFUSED);
                if (tooBig) {
                    Datagram.tooBig(datagram);
                }
            } else {
                sent.add(message);
            }
        }
    }

    /** A text that {@link Packets#address} takes, in the form in which tests write it. */
    private static String address(final long high, final long low) {
        if (high == 0 && low >>> 32 == 0xFFFF) {
            return String.format("%d.%d.%d.%d", low >>> 24 & 0xFF, low >>> 16 & 0xFF, low >>> 8 & 0xFF, low & 0xFF);
        }
        final StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            final long half = i < 4 ? high : low;
            text.append(i == 0 ? "" : ":").append(Long.toHexString(half >>> 48 - 16 * (i & 3) & 0xFFFF));
        }
        return text.toString();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void close() {
        incoming.clear();
    }
}
