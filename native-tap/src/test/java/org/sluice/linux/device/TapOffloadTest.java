package org.sluice.linux.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

class TapOffloadTest {
    private static final int TSO = TapOffload.CHECKSUM | TapOffload.TSO4 | TapOffload.TSO6;

    @Test
    void shouldTakeAllThatANewKernelHas() {
        assertEquals(TSO | TapOffload.TSO_ECN | TapOffload.USO4 | TapOffload.USO6, TapOffload.negotiate(set -> true));
    }

    @Test
    void shouldFallBackStepByStep() {
        assertEquals(TSO | TapOffload.TSO_ECN, TapOffload.negotiate(set -> (set & TapOffload.USO4) == 0));
        assertEquals(TSO, TapOffload.negotiate(set -> (set & ~TSO) == 0));
        assertEquals(TapOffload.CHECKSUM, TapOffload.negotiate(set -> (set & ~TapOffload.CHECKSUM) == 0));
        final List<Integer> tried = new ArrayList<>();
        assertEquals(0, TapOffload.negotiate(set -> {
            tried.add(set);
            return false;
        }));
        assertEquals(5, tried.size());
    }
}
