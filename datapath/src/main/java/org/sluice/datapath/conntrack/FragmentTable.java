package org.sluice.datapath.conntrack;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.HeldFrames;
import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * Fragmented packets under way. The first fragment alone has the ports: what is decided for it holds for the others,
 * in whatever order they come. Those that come before it are kept, bounded in number, and released by it. A fragment
 * that overlaps another one ends its whole packet. Nothing is put together: fragments go on as they are.
 * <p>
 * Bounded: so many packets under way, so many fragments kept in all and of each; the oldest packet makes room for a new
 * one. Owned by the worker.
 */
public final class FragmentTable implements AutoCloseable {
    /** Packets under way. */
    public static final int MAX_PACKETS = 256;
    /** Fragments kept in all. */
    public static final int MAX_KEPT = 64;
    /** Fragments kept of one packet: 64 KiB at an MTU of 1500 are 45. */
    public static final int MAX_KEPT_OF_PACKET = 48;

    /** What to do with a fragment. */
    public enum Outcome {
        /** The frame is no fragment. */
        WHOLE,
        /** The packet's first: to be handled like a whole packet, and {@link #decide} to be called with the result. */
        FIRST,
        /** The packet's first has been decided on: see {@link #decision}. */
        FOLLOWS,
        /** A copy is kept until the first comes. */
        KEPT,
        OVERLAPS,
        NO_ROOM
    }

    /** Decision: the packet is the host's. Any other is a connection's ref, or one of these. */
    public static final long TO_HOST = -1;
    /** Decision: the packet is lost. */
    public static final long DROP = -2;

    private static final long UNDECIDED = 0;
    private static final int BITMAP_WORDS = 128;
    private static final int NOT_FOUND = -1;

    private final Fragment fragment = new Fragment();
    private final OffHeapRegion keys = OffHeapRegion.anonymous((MAX_PACKETS + 1L) * FlowTuple.BYTES);
    private final long lookupKey = keys.address() + (long) MAX_PACKETS * FlowTuple.BYTES;
    private final boolean[] used = new boolean[MAX_PACKETS];
    /** A bit for each unit of eight bytes that has come. */
    private final long[][] seen = new long[MAX_PACKETS][BITMAP_WORDS];
    private final long[] deadlineNs = new long[MAX_PACKETS];
    private final long[] decision = new long[MAX_PACKETS];
    private final int[] keptOfPacket = new int[MAX_PACKETS];
    private final HeldFrames kept = new HeldFrames(MAX_KEPT);
    private final int[] keptFirstUnit = new int[MAX_KEPT];
    private final int[] keptUnits = new int[MAX_KEPT];
    private final long timeoutNs;
    private int usedCount;
    private int current = NOT_FOUND;
    private int lost;

    public FragmentTable(final ConntrackConfig config) {
        timeoutNs = TimeUnit.SECONDS.toNanos(config.timeoutsSeconds()[ConntrackTimeout.FRAGMENT.ordinal()]);
    }

    /**
     * Finds out what frame {@code i}, whose tuple is noted, is.
     *
     * @param domain that it came in by: fragments of different networks are never of one packet.
     */
    public Outcome inspect(final FrameBatch batch, final int i, final int domain, final long nowNs) {
        current = NOT_FOUND;
        if (!fragment.read(batch, i)) {
            return Outcome.WHOLE;
        }
        if (!fragment.isPossible()) {
            return Outcome.OVERLAPS;
        }
        FlowTuple.copy(batch.tupleAddress(i), lookupKey);
        FlowTuple.fragmentKey(lookupKey, batch.l4Protocol(i), fragment.identification(), domain);
        current = find(nowNs);
        if (current == NOT_FOUND) {
            current = begin(nowNs);
        }
        if (decision[current] == DROP || !mark(fragment.firstUnit(), fragment.units())) {
            decision[current] = DROP;
            return Outcome.OVERLAPS;
        }
        if (fragment.isFirst()) {
            return Outcome.FIRST;
        }
        if (decision[current] != UNDECIDED) {
            return Outcome.FOLLOWS;
        }
        return keep(batch, i) ? Outcome.KEPT : Outcome.NO_ROOM;
    }

    /** What was decided for the packet of the fragment inspected last. */
    public long decision() {
        return decision[current];
    }

    /** Says what becomes of the packet whose first fragment was inspected last: a connection's ref, or a decision. */
    public void decide(final long refOrDecision) {
        decision[current] = refOrDecision;
    }

    /** Whether there may be kept fragments of packets that are decided. */
    public boolean hasKept() {
        return kept.size() > 0;
    }

    /** Appends kept fragments of decided packets to the batch, to be inspected again; they are valid until the next. */
    public void release(final FrameBatch batch) {
        for (int place = 0; place < MAX_KEPT && batch.hasRoom(); place++) {
            if (kept.isUsed(place) && decision[kept.tag(place)] != UNDECIDED) {
                batch.append(kept.address(place), kept.length(place));
                unmark(seen[kept.tag(place)], keptFirstUnit[place], keptUnits[place]);
                keptOfPacket[kept.tag(place)]--;
                kept.free(place);
            }
        }
    }

    /** Forgets packets whose time is up; returns how many kept fragments were lost since the last call. */
    public int expire(final long nowNs) {
        for (int p = 0; p < MAX_PACKETS && usedCount > 0; p++) {
            if (used[p] && deadlineNs[p] - nowNs <= 0) {
                end(p);
            }
        }
        final int count = lost;
        lost = 0;
        return count;
    }

    /** Packets under way. */
    public int size() {
        return usedCount;
    }

    private int find(final long nowNs) {
        for (int p = 0; p < MAX_PACKETS && usedCount > 0; p++) {
            if (used[p] && FlowTuple.equal(keyOf(p), lookupKey)) {
                if (deadlineNs[p] - nowNs > 0) {
                    return p;
                }
                end(p);
                return NOT_FOUND;
            }
        }
        return NOT_FOUND;
    }

    private int begin(final long nowNs) {
        int place = 0;
        for (int p = 0; p < MAX_PACKETS && used[place]; p++) {
            if (!used[p] || deadlineNs[p] - deadlineNs[place] < 0) {
                place = p;
            }
        }
        if (used[place]) {
            end(place);
        }
        used[place] = true;
        usedCount++;
        FlowTuple.copy(lookupKey, keyOf(place));
        Arrays.fill(seen[place], 0);
        deadlineNs[place] = nowNs + timeoutNs;
        decision[place] = UNDECIDED;
        return place;
    }

    private void end(final int packet) {
        used[packet] = false;
        usedCount--;
        for (int place = 0; place < MAX_KEPT && keptOfPacket[packet] > 0; place++) {
            if (kept.isUsed(place) && kept.tag(place) == packet) {
                kept.free(place);
                keptOfPacket[packet]--;
                lost++;
            }
        }
    }

    /** Notes units as come; false when one of them was there already. */
    private boolean mark(final int firstUnit, final int units) {
        final long[] bitmap = seen[current];
        boolean fresh = true;
        for (int unit = firstUnit; unit < firstUnit + units; unit++) {
            fresh &= (bitmap[unit >>> 6] & 1L << unit) == 0;
            bitmap[unit >>> 6] |= 1L << unit;
        }
        return fresh;
    }

    private static void unmark(final long[] bitmap, final int firstUnit, final int units) {
        for (int unit = firstUnit; unit < firstUnit + units; unit++) {
            bitmap[unit >>> 6] &= ~(1L << unit);
        }
    }

    private boolean keep(final FrameBatch batch, final int i) {
        final int place = keptOfPacket[current] == MAX_KEPT_OF_PACKET ? HeldFrames.NONE
            : kept.hold(batch, i, current);
        if (place == HeldFrames.NONE) {
            return false;
        }
        keptFirstUnit[place] = fragment.firstUnit();
        keptUnits[place] = fragment.units();
        keptOfPacket[current]++;
        return true;
    }

    private long keyOf(final int packet) {
        return keys.address() + (long) packet * FlowTuple.BYTES;
    }

    @Override
    public void close() {
        keys.close();
        kept.close();
    }
}
