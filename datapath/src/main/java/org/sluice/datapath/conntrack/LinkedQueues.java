package org.sluice.datapath.conntrack;

import java.util.Arrays;

/**
 * Many first-in-first-out queues over one set of numbered nodes. A node is in one queue at most, and may leave it from
 * the middle. Every operation takes constant time. Owned by the worker.
 */
final class LinkedQueues {
    static final int NONE = -1;

    private final int[] next;
    private final int[] previous;
    private final int[] first;
    private final int[] last;

    LinkedQueues(final int nodes, final int queues) {
        next = new int[nodes];
        previous = new int[nodes];
        first = new int[queues];
        last = new int[queues];
        Arrays.fill(first, NONE);
        Arrays.fill(last, NONE);
    }

    /** The node that has been in the queue for the longest time, or {@link #NONE}. */
    int first(final int queue) {
        return first[queue];
    }

    /** The node behind this one in its queue, or {@link #NONE}. */
    int next(final int node) {
        return next[node];
    }

    /** Adds a node that is in no queue. */
    void append(final int queue, final int node) {
        final int before = last[queue];
        next[node] = NONE;
        previous[node] = before;
        last[queue] = node;
        if (before == NONE) {
            first[queue] = node;
        } else {
            next[before] = node;
        }
    }

    /** Removes a node that is in this queue. */
    void remove(final int queue, final int node) {
        final int before = previous[node];
        final int after = next[node];
        if (before == NONE) {
            first[queue] = after;
        } else {
            next[before] = after;
        }
        if (after == NONE) {
            last[queue] = before;
        } else {
            previous[after] = before;
        }
    }
}
