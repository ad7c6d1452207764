package org.sluice.control.observe;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.datapath.trace.CapturedFrame;
import org.sluice.datapath.trace.ProbeRing;

/**
 * Takes captured frames out of the workers' rings and writes them to a file, on a thread of its own, until it is closed
 * or has as many, or as much, as was wanted.
 */
final class CaptureWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CaptureWriter.class);
    private static final long IDLE_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private final CapturedFrame frame = new CapturedFrame();
    private final List<ProbeRing> rings;
    private final Map<Integer, String> names;
    private final PcapngWriter file;
    private final long epochOffsetNs;
    private final Limits limits;
    private final Thread thread = Thread.ofPlatform().daemon().name("capture").unstarted(this::run);
    private final AtomicLong frames = new AtomicLong();
    private volatile long bytes;
    private volatile boolean full;
    private volatile boolean closed;

    /**
     * How much is wanted.
     *
     * @param snapBytes of a frame at most.
     * @param frames    after which the file is full.
     * @param bytes     of the file, after which it is full.
     */
    record Limits(int snapBytes, long frames, long bytes) {
    }

    /**
     * Begins to write.
     *
     * @param names         of ports, by index; the control thread adds those that come meanwhile.
     * @param epochOffsetNs what is added to the workers' clock to get the time of day.
     * @throws IOException when the file cannot be made.
     */
    CaptureWriter(final List<ProbeRing> rings, final Map<Integer, String> names, final Path path, final Limits limits,
                  final long epochOffsetNs) throws IOException {
        this.rings = rings;
        this.names = names;
        this.limits = limits;
        this.epochOffsetNs = epochOffsetNs;
        file = new PcapngWriter(path, limits.snapBytes());
        thread.start();
    }

    /** Frames written. */
    long frames() {
        return frames.get();
    }

    /** Bytes of the file. */
    long bytes() {
        return bytes;
    }

    /** Whether there is as much as was wanted. */
    boolean isFull() {
        return full;
    }

    private void run() {
        try {
            while (!closed) {
                if (drain() == 0) {
                    LockSupport.parkNanos(IDLE_NS);
                }
            }
            drain(); // what was seen before the workers were told to stop
        } catch (final RuntimeException ex) {
            LOG.error("the capture has failed", ex);
        } finally {
            full = true;
            closeFile();
        }
    }

    private void closeFile() {
        try {
            file.close();
        } catch (final RuntimeException ex) {
            LOG.error("the capture is not complete", ex);
        }
    }

    private int drain() {
        int taken = 0;
        for (final ProbeRing ring : rings) {
            taken += ring.poll(this::write);
        }
        file.flush();
        bytes = file.size();
        return taken;
    }

    private void write(final long address, final int length) {
        if (full) {
            return;
        }
        frame.wrap(address);
        file.write(frame.port(), names.getOrDefault(frame.port(), "port " + frame.port()),
            frame.timeNs() + epochOffsetNs, frame.isOutbound(), frame.length(),
            address + CapturedFrame.HEADER_BYTES, length - CapturedFrame.HEADER_BYTES);
        full = frames.incrementAndGet() >= limits.frames() || file.size() >= limits.bytes();
    }

    /** Writes what is still there; the file is then complete. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
