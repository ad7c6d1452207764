package org.sluice.datapath.conntrack;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.HeldFrames;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.buffer.PortIndex;

/**
 * Fragmented packets under way. The first fragment alone has the ports: what is decided for it holds for the others,
 * in whatever order they come. Those that come before it are kept, bounded in number, and released by it. A fragment
 * that overlaps another one ends its whole packet. Nothing is put together: fragments go on as they are.
 * <p>
 * Bounded: so many packets under way, so many fragments kept in all and of each. When there is no room, the port that
 * has most gives some up for one that has less, so a flood by one port does not harm the others. A packet whose parts
 * have all come gives its place up. Owned by the worker.
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
    private final int[] port = new int[MAX_PACKETS];
    private final int[] unitsSeen = new int[MAX_PACKETS];
    /** Of the whole packet; 0 until its last fragment has come. */
    private final int[] unitsOfPacket = new int[MAX_PACKETS];
    private final int[] keptOfPacket = new int[MAX_PACKETS];
    private final int[] packetsOfPort = new int[PortIndex.LIMIT];
    private final int[] keptOfPort = new int[PortIndex.LIMIT];
    private final HeldFrames kept = new HeldFrames(MAX_KEPT);
    private final int[] keptFirstUnit = new int[MAX_KEPT];
    private final int[] keptUnits = new int[MAX_KEPT];
    private final long timeoutNs;
    private long decided;
    private int usedCount;
    private int current = NOT_FOUND;
    private int lost;

    public FragmentTable(final ConntrackConfig config) {
        timeoutNs = TimeUnit.SECONDS.toNanos(config.timeoutsSeconds()[ConntrackTimeout.FRAGMENT.ordinal()]);
    }

    /**
     * Finds out what frame {@code i}, whose tuple is noted, is.
     *
     * @param portIndex that it came in by: fragments from different ports are never of one packet.
     */
    public Outcome inspect(final FrameBatch batch, final int i, final int portIndex) {
        current = NOT_FOUND;
        if (!fragment.read(batch, i)) {
            return Outcome.WHOLE;
        }
        if (!fragment.isPossible()) {
            return Outcome.OVERLAPS;
        }
        FlowTuple.copy(batch.tupleAddress(i), lookupKey);
        FlowTuple.fragmentKey(lookupKey, batch.l4Protocol(i), fragment.identification(), portIndex);
        current = find(batch.nowNs());
        if (current == NOT_FOUND) {
            current = begin(portIndex, batch.nowNs());
        }
        if (fragment.isLast()) {
            unitsOfPacket[current] = fragment.firstUnit() + fragment.units();
        }
        if (decision[current] == DROP || !mark(fragment.firstUnit(), fragment.units())) {
            decision[current] = DROP;
            return Outcome.OVERLAPS;
        }
        if (fragment.isFirst()) {
            return Outcome.FIRST;
        }
        if (decision[current] != UNDECIDED) {
            decided = decision[current];
            endIfComplete();
            return Outcome.FOLLOWS;
        }
        return keep(batch, i) ? Outcome.KEPT : Outcome.NO_ROOM;
    }

    /** What was decided for the packet of the fragment inspected last, which {@code FOLLOWS}. */
    public long decision() {
        return decided;
    }

    /** Says what becomes of the packet whose first fragment was inspected last: a connection's ref, or a decision. */
    public void decide(final long refOrDecision) {
        decision[current] = refOrDecision;
        endIfComplete();
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
                unmark(kept.tag(place), keptFirstUnit[place], keptUnits[place]);
                letGo(place);
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

    private int begin(final int portIndex, final long nowNs) {
        int place = 0;
        if (usedCount == MAX_PACKETS) {
            place = oldestOfHeaviest(packetsOfPort, false);
            end(place);
        } else {
            while (used[place]) {
                place++;
            }
        }
        used[place] = true;
        usedCount++;
        port[place] = portIndex;
        packetsOfPort[portIndex]++;
        unitsSeen[place] = 0;
        unitsOfPacket[place] = 0;
        FlowTuple.copy(lookupKey, keyOf(place));
        Arrays.fill(seen[place], 0);
        deadlineNs[place] = nowNs + timeoutNs;
        decision[place] = UNDECIDED;
        return place;
    }

    /** The oldest packet of the port that has most, by this count; if need be one with kept fragments. */
    private int oldestOfHeaviest(final int[] countOfPort, final boolean withKept) {
        int found = NOT_FOUND;
        for (int p = 0; p < MAX_PACKETS; p++) {
            if (used[p] && (!withKept || keptOfPacket[p] > 0) && (found == NOT_FOUND
                || countOfPort[port[p]] > countOfPort[port[found]]
                || port[p] == port[found] && deadlineNs[p] - deadlineNs[found] < 0)) {
                found = p;
            }
        }
        return found;
    }

    private void endIfComplete() {
        if (unitsSeen[current] == unitsOfPacket[current] && keptOfPacket[current] == 0
            && decision[current] != UNDECIDED) {
            end(current);
        }
    }

    private void end(final int packet) {
        used[packet] = false;
        usedCount--;
        packetsOfPort[port[packet]]--;
        for (int place = 0; place < MAX_KEPT && keptOfPacket[packet] > 0; place++) {
            if (kept.isUsed(place) && kept.tag(place) == packet) {
                letGo(place);
                lost++;
            }
        }
    }

    private void letGo(final int place) {
        keptOfPacket[kept.tag(place)]--;
        keptOfPort[port[kept.tag(place)]]--;
        kept.free(place);
    }

    /** Notes units as come; false when one of them was there already. */
    private boolean mark(final int firstUnit, final int units) {
        final long[] bitmap = seen[current];
        boolean fresh = true;
        for (int unit = firstUnit; unit < firstUnit + units; unit++) {
            fresh &= (bitmap[unit >>> 6] & 1L << unit) == 0;
            bitmap[unit >>> 6] |= 1L << unit;
        }
        unitsSeen[current] += units;
        return fresh;
    }

    private void unmark(final int packet, final int firstUnit, final int units) {
        final long[] bitmap = seen[packet];
        unitsSeen[packet] -= units;
        for (int unit = firstUnit; unit < firstUnit + units; unit++) {
            bitmap[unit >>> 6] &= ~(1L << unit);
        }
    }

    private boolean keep(final FrameBatch batch, final int i) {
        if (kept.size() == MAX_KEPT) {
            final int heaviest = oldestOfHeaviest(keptOfPort, true);
            if (keptOfPort[port[heaviest]] <= keptOfPort[port[current]] + 1) {
                return false;
            }
            end(heaviest);
        }
        final int place = keptOfPacket[current] == MAX_KEPT_OF_PACKET ? HeldFrames.NONE
            : kept.hold(batch, i, current);
        if (place == HeldFrames.NONE) {
            return false;
        }
        keptFirstUnit[place] = fragment.firstUnit();
        keptUnits[place] = fragment.units();
        keptOfPacket[current]++;
        keptOfPort[port[current]]++;
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
