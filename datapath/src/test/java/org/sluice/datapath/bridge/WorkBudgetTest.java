package org.sluice.datapath.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class WorkBudgetTest {
    private final WorkBudget budget = new WorkBudget();

    @Test
    void shouldNeverLimitPlainFrames() {
        for (int cycle = 0; cycle < 100; cycle++) {
            assertTrue(budget.renew());
            assertEquals(WorkBudget.UNITS, budget.frames());
            budget.spend(WorkBudget.UNITS, WorkBudget.UNITS);
        }
    }

    @Test
    void shouldSitOutTheCyclesThatPayADebt() {
        budget.renew();
        budget.spend(64, 64 * 4);
        assertFalse(budget.renew());
        assertFalse(budget.renew());
        assertFalse(budget.renew());
        assertTrue(budget.renew());
        assertEquals(16, budget.frames(), "each has cost four units");
    }

    @Test
    void shouldForgetSlowlyWhatFramesHaveCost() {
        budget.renew();
        budget.spend(1, 32);
        budget.renew();
        assertEquals(2, budget.frames());
        for (int cycle = 0; cycle < 30; cycle++) {
            budget.renew();
            budget.spend(1, 1);
        }
        budget.renew();
        assertEquals(3, budget.frames());
        for (int cycle = 0; cycle < 1000; cycle++) {
            budget.renew();
            budget.spend(1, 1);
        }
        budget.renew();
        assertEquals(WorkBudget.UNITS, budget.frames());
    }

    @Test
    void shouldAlwaysLetOneFramePass() {
        budget.renew();
        budget.spend(1, 1000);
        int satOut = 0;
        while (!budget.renew()) {
            satOut++;
        }
        assertEquals(14, satOut);
        assertEquals(1, budget.frames());
    }
}
