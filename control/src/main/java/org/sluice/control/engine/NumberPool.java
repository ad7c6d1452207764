package org.sluice.control.engine;

import java.util.BitSet;

import org.sluice.control.base.ControlException;

/**
 * The numbers of the switch's domains or ports. A number in a command that a worker never answered is lost: the worker
 * may still carry the command out. Owned by the control thread.
 */
final class NumberPool {
    private final BitSet taken = new BitSet();
    private final BitSet lost = new BitSet();
    private final int limit;
    private final String what;

    /**
     * @param what the numbers are of, in the plural.
     */
    NumberPool(final int limit, final String what) {
        this.limit = limit;
        this.what = what;
    }

    /**
     * Takes the lowest free number.
     *
     * @throws ControlException when none is free.
     */
    int take() {
        final int free = taken.nextClearBit(0);
        if (free >= limit) {
            throw ControlException.conflict("the switch already holds " + limit + " " + what + ", its limit");
        }
        taken.set(free);
        return free;
    }

    /** Takes this number. */
    void take(final int number) {
        taken.set(number);
    }

    /** Makes a number free again, unless it is lost. */
    void release(final int number) {
        if (!lost.get(number)) {
            taken.clear(number);
        }
    }

    /** Keeps a number from ever being used again. */
    void lose(final int number) {
        lost.set(number);
    }
}
