package org.sluice.linux.device;

import java.util.function.IntPredicate;

/**
 * The work that a TAP may leave to its reader ({@code TUNSETOFFLOAD}, Linux uapi/linux/if_tun.h). A kernel that does
 * not know a flag refuses the whole set, so the sets are tried in turn, from the newest kernel's to the empty one.
 */
public final class TapOffload {
    static final int CHECKSUM = 0x01;
    static final int TSO4 = 0x02;
    static final int TSO6 = 0x04;
    static final int TSO_ECN = 0x08;
    /** Since Linux 6.2. */
    static final int USO4 = 0x20;
    static final int USO6 = 0x40;

    private static final int TSO = CHECKSUM | TSO4 | TSO6;
    private static final int[] STEPS = {TSO | TSO_ECN | USO4 | USO6, TSO | TSO_ECN, TSO, CHECKSUM, 0};

    private TapOffload() {
    }

    /**
     * Finds the largest set that the kernel accepts.
     *
     * @param set tries one set and tells whether the kernel accepted it.
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
