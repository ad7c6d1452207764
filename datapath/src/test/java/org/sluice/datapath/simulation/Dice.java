package org.sluice.datapath.simulation;

import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/** The one source of chance: the same seed gives the same simulation. */
final class Dice {
    private final SplittableRandom random;

    Dice(final long seed) {
        random = new SplittableRandom(seed);
    }

    /** From 0 to below the bound. */
    int below(final int bound) {
        return random.nextInt(bound);
    }

    /** Both ends included. */
    int between(final int first, final int last) {
        return first + random.nextInt(last - first + 1);
    }

    boolean chance(final int percent) {
        return random.nextInt(100) < percent;
    }

    long number() {
        return random.nextLong();
    }

    <T> T pick(final List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    byte[] bytes(final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Puts the list into another order. */
    void shuffle(final List<?> list) {
        for (int i = list.size() - 1; i > 0; i--) {
            Collections.swap(list, i, random.nextInt(i + 1));
        }
    }
}
