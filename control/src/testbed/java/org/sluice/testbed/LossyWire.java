package org.sluice.testbed;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.sys.Epoll;
import org.sluice.linux.testbed.NamespaceHandle;
import org.sluice.linux.testbed.PlainTap;

/**
 * Stands for a bad wire between two namespaces: it loses, reorders and doubles frames. Not every kernel has netem, so
 * it is a TAP without offloads in each namespace, and a thread of its own that carries frames from one to the other.
 * The seed alone decides which frames of a direction are lost.
 */
public final class LossyWire implements AutoCloseable {
    private static final int MAX_FRAME_BYTES = 65_536;
    private static final int MAX_OVERTAKEN_BY = 3;
    /** A held frame goes on after this time, even if no frame overtakes it: the last one must not be lost. */
    private static final long HOLD_NS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int POLL_MS = 2;
    /** After this many frames from one side it is the other's turn. */
    private static final int BURST = 64;

    private final OffHeapRegion memory = OffHeapRegion.anonymous(MAX_FRAME_BYTES);
    private final UnsafeBuffer frame = memory.slice(0, MAX_FRAME_BYTES);
    private final Epoll epoll = new Epoll();
    private final AtomicLong carried = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final AtomicLong reordered = new AtomicLong();
    private final AtomicLong duplicated = new AtomicLong();
    private final AtomicLong longest = new AtomicLong();
    private final Faults faults;
    private final Direction[] directions = new Direction[2];
    private final PlainTap left;
    private final PlainTap right;
    private final Thread thread;
    private volatile boolean closed;

    /** How likely each fault is for a frame, from 0 to 1. */
    public record Faults(double loss, double reordering, double duplication) {
    }

    /** One direction across. It holds back at most one frame. */
    private final class Direction {
        private final PlainTap from;
        private final PlainTap to;
        private final Random random;
        private byte[] held;
        private int overtakers;
        private boolean overtaken;
        private long heldSince;

        private Direction(final PlainTap from, final PlainTap to, final long seed) {
            this.from = from;
            this.to = to;
            random = new Random(seed);
        }

        /** Carries the frames that wait; the result is false when there will never be more. */
        private boolean carry() {
            for (int i = 0; i < BURST; i++) {
                final int length = from.read(memory.address(), MAX_FRAME_BYTES);
                if (length <= 0) {
                    return length == 0;
                }
                longest.accumulateAndGet(length, Math::max);
                pass(length);
            }
            return true;
        }

        private void pass(final int length) {
            // Every frame draws equally often, so that the seed alone decides the fate of the n-th frame.
            final boolean lose = random.nextDouble() < faults.loss();
            final boolean hold = random.nextDouble() < faults.reordering();
            final boolean twice = random.nextDouble() < faults.duplication();
            final int behind = 1 + random.nextInt(MAX_OVERTAKEN_BY);
            if (lose) {
                lost.incrementAndGet();
                return;
            }
            if (hold && held == null) {
                held = new byte[length];
                frame.getBytes(0, held);
                overtakers = behind;
                overtaken = false;
                heldSince = System.nanoTime();
                return;
            }
            write(length);
            if (twice) {
                duplicated.incrementAndGet();
                write(length);
            }
            if (held != null) {
                overtaken = true;
                if (--overtakers == 0) {
                    release();
                }
            }
        }

        private void release() {
            if (overtaken) {
                reordered.incrementAndGet();
            }
            frame.putBytes(0, held);
            final int length = held.length;
            held = null;
            write(length);
        }

        private void releaseWhatWaitedLong() {
            if (held != null && System.nanoTime() - heldSince > HOLD_NS) {
                release();
            }
        }

        private void write(final int length) {
            if (to.write(memory.address(), length)) {
                carried.incrementAndGet();
            }
        }
    }

    /**
     * Makes both interfaces; they are down and have no addresses.
     *
     * @param seed decides which frames are lost, reordered and doubled.
     */
    public LossyWire(final NamespaceHandle leftNamespace, final String leftName, final NamespaceHandle rightNamespace,
              final String rightName, final Faults faults, final long seed) {
        this.faults = faults;
        PlainTap first = null;
        try {
            first = PlainTap.create(leftNamespace, leftName);
            left = first;
            right = PlainTap.create(rightNamespace, rightName);
        } catch (final RuntimeException ex) {
            if (first != null) {
                first.close();
            }
            epoll.close();
            memory.close();
            throw ex;
        }
        directions[0] = new Direction(left, right, seed);
        directions[1] = new Direction(right, left, seed + 1);
        epoll.add(left.fd(), 0);
        epoll.add(right.fd(), 1);
        thread = Thread.ofPlatform().daemon().name("lossy wire").start(this::run);
    }

    private void run() {
        final int[] ready = new int[directions.length];
        while (!closed) {
            final boolean waiting = directions[0].held != null || directions[1].held != null;
            final int count = epoll.await(ready, waiting ? POLL_MS : -1);
            for (int i = 0; i < count; i++) {
                final Direction direction = directions[ready[i]];
                if (!direction.carry()) {
                    // Its namespace is gone; epoll would report it for ever.
                    epoll.remove(direction.from.fd());
                }
            }
            for (final Direction direction : directions) {
                direction.releaseWhatWaitedLong();
            }
        }
    }

    /** Frames that reached the other side, doubles included. */
    public long carried() {
        return carried.get();
    }

    public long lost() {
        return lost.get();
    }

    /** Frames that at least one later frame has overtaken. */
    public long reordered() {
        return reordered.get();
    }

    public long duplicated() {
        return duplicated.get();
    }

    /** The length of the longest frame that was sent, without its check sequence. */
    public int longest() {
        return longest.intValue();
    }

    /** Ends the thread and removes both interfaces. */
    @Override
    public void close() {
        closed = true;
        epoll.wakeUp();
        try {
            if (!thread.join(Duration.ofSeconds(10))) {
                throw new AssertionError("the lossy wire does not end");
            }
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
        left.close();
        right.close();
        epoll.close();
        memory.close();
    }
}
