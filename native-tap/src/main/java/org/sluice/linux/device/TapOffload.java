package org.sluice.linux.device;

import java.util.function.IntPredicate;

/**
 * What a TAP may hand over unfinished ({@code TUNSETOFFLOAD}, Linux uapi/linux/if_tun.h). A kernel that does not know
 * a flag refuses the whole set, so the sets are tried from the newest kernel's to nothing.
 */
public final class TapOffload {
    static final int CHECKSUM = 0x01;
    static final int TSO4 = 0x02;
    static final int TSO6 = 0x04;
    static final int TSO_ECN = 0x08;
    /** Linux 6.2. */
    static final int USO4 = 0x20;
    static final int USO6 = 0x40;

    private static final int TSO = CHECKSUM | TSO4 | TSO6;
    private static final int[] STEPS = {TSO | TSO_ECN | USO4 | USO6, TSO | TSO_ECN, TSO, CHECKSUM, 0};

    private TapOffload() {
    }

    /**
     * Finds the largest set that is taken.
     *
     * @param set tries one set and tells whether it was taken.
     * @return the set in force.
     */
    static int negotiate(final IntPredicate set) {
        for (final int flags : STEPS) {
            if (set.test(flags)) {
                return flags;
            }
        }
        return 0;
    }
}
