package org.sluice.datapath;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

import org.agrona.LangUtil;
import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;

/** A device of byte arrays: what the test injects is received, what is transmitted is kept for the test to look at. */
public final class MemoryDevice implements MemoryPoller.Source {
    /** A frame with its virtio-net header. */
    public record Frame(byte[] virtioHeader, byte[] bytes) {
    }

    private static final byte[] PLAIN = new byte[VirtioNetHeaderFlyweight.LENGTH];
    private static final int TAIL_BYTES = 64;

    private final Deque<Frame> incoming = new ArrayDeque<>();
    private final List<Frame> sent = new ArrayList<>();
    private final String name;
    private final byte[] tail = new byte[TAIL_BYTES];
    private boolean gone;
    private boolean refusing;
    private long missed;
    private Throwable failure;

    public MemoryDevice(final String name) {
        this.name = name;
    }

    public void inject(final byte[] frame) {
        inject(PLAIN, frame);
    }

    public void inject(final byte[] virtioHeader, final byte[] frame) {
        incoming.add(new Frame(virtioHeader, frame));
    }

    /** What lies in memory behind every frame. */
    public void tail(final byte value) {
        Arrays.fill(tail, value);
    }

    /** The frames sent since the last call. */
    public List<byte[]> takeSent() {
        final List<byte[]> frames = sent.stream().map(Frame::bytes).toList();
        sent.clear();
        return frames;
    }

    public List<Frame> takeSentWithHeaders() {
        final List<Frame> frames = List.copyOf(sent);
        sent.clear();
        return frames;
    }

    public void setGone() {
        gone = true;
    }

    public void setRefusing(final boolean on) {
        refusing = on;
    }

    /** As if the kernel had dropped that many frames in front of the device. */
    public void miss(final long frames) {
        missed += frames;
    }

    public void failOnce(final Throwable ex) {
        failure = ex;
    }

    @Override
    public boolean isReadable() {
        return gone || !incoming.isEmpty();
    }

    @Override
    public int receive(final FrameBatch batch) {
        if (gone) {
            return GONE;
        }
        int received = 0;
        while (!incoming.isEmpty() && batch.hasRoom()) {
            final Frame frame = incoming.poll();
            final long address = batch.slotAddress();
            write(address - frame.virtioHeader().length, frame.virtioHeader());
            write(address, frame.bytes());
            write(address + frame.bytes().length, tail);
            batch.append(address, frame.bytes().length);
            received++;
        }
        return received;
    }

    @Override
    public void transmit(final EgressQueue queue) {
        if (failure != null) {
            final Throwable ex = failure;
            failure = null;
            LangUtil.rethrowUnchecked(ex);
        }
        for (int i = 0; i < queue.size(); i++) {
            if (refusing) {
                queue.refuse(i, DropReason.EGRESS_REFUSED);
            } else {
                sent.add(new Frame(read(queue.address(i) - PLAIN.length, PLAIN.length),
                    read(queue.address(i), queue.length(i))));
            }
        }
    }

    @Override
    public long takeMissed() {
        final long frames = missed;
        missed = 0;
        return frames;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void close() {
        incoming.clear();
    }

    static void write(final long address, final byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            UnsafeApi.putByte(address + i, bytes[i]);
        }
    }

    static byte[] read(final long address, final int length) {
        final byte[] bytes = new byte[length];
        new UnsafeBuffer(address, length).getBytes(0, bytes);
        return bytes;
    }
}
