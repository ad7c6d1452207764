package org.sluice.datapath.nat;

import org.agrona.collections.Int2ObjectHashMap;

/**
 * Port ranges that do not overlap. Each takes constant space and constant time to find, however long it is. The starts
 * are bits of a bitmap of 65,536, with two levels of summaries above, so that three words lead to the last start at or
 * before a port. Owned by the worker.
 */
final class PortRangeIndex {
    private static final int PORTS = 65_536;
    private static final int NONE = -1;

    private final long[] starts = new long[PORTS / Long.SIZE];
    private final long[] summary = new long[PORTS / Long.SIZE / Long.SIZE];
    private long top;
    private final Int2ObjectHashMap<PortMap> byStart = new Int2ObjectHashMap<>();

    /** The range that contains the port, or null. */
    PortMap find(final int port) {
        final int start = floor(port);
        if (start == NONE) {
            return null;
        }
        final PortMap map = byStart.get(start);
        return port <= map.hostLast() ? map : null;
    }

    /** A range that shares a port with this one, or null. */
    PortMap overlapping(final int first, final int last) {
        final int start = floor(last);
        if (start == NONE) {
            return null;
        }
        final PortMap map = byStart.get(start);
        return first <= map.hostLast() ? map : null;
    }

    /** Adds a range; it must not overlap another. */
    void add(final PortMap map) {
        final int start = map.hostFirst();
        byStart.put(start, map);
        starts[start >>> 6] |= 1L << start;
        summary[start >>> 12] |= 1L << (start >>> 6);
        top |= 1L << (start >>> 12);
    }

    void remove(final int start) {
        byStart.remove(start);
        starts[start >>> 6] &= ~(1L << start);
        if (starts[start >>> 6] == 0) {
            summary[start >>> 12] &= ~(1L << (start >>> 6));
            if (summary[start >>> 12] == 0) {
                top &= ~(1L << (start >>> 12));
            }
        }
    }

    boolean isEmpty() {
        return top == 0;
    }

    /** The highest start that is not above the port. */
    private int floor(final int port) {
        final int word = port >>> 6;
        final long inWord = starts[word] & upTo(port);
        if (inWord != 0) {
            return word << 6 | highest(inWord);
        }
        final int group = port >>> 12;
        final long inGroup = summary[group] & below(word);
        if (inGroup != 0) {
            final int found = group << 6 | highest(inGroup);
            return found << 6 | highest(starts[found]);
        }
        final long groups = top & below(group);
        if (groups == 0) {
            return NONE;
        }
        final int foundGroup = highest(groups);
        final int found = foundGroup << 6 | highest(summary[foundGroup]);
        return found << 6 | highest(starts[found]);
    }

    private static long upTo(final int bit) {
        return -1L >>> Long.SIZE - 1 - (bit & Long.SIZE - 1);
    }

    private static long below(final int bit) {
        return (1L << bit) - 1;
    }

    private static int highest(final long word) {
        return Long.SIZE - 1 - Long.numberOfLeadingZeros(word);
    }
}
