package org.sluice.datapath.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.openhft.chronicle.core.OS;
import net.openhft.chronicle.core.io.BackgroundResourceReleaser;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.SwitchFixture;

/** Whoever makes off-heap memory closes it: a worker and all that it is made of leave nothing behind. */
class OffHeapMemoryTest {
    @Test
    void shouldGiveAllMemoryBack() {
        new SwitchFixture().close(); // what classes make once for all, and keep
        final long before = bytesInUse();

        final SwitchFixture fixture = new SwitchFixture();
        final long during = bytesInUse();
        fixture.close();

        assertTrue(during > before, "the count does not see what a worker takes");
        assertEquals(before, bytesInUse());
    }

    /** Chronicle releases on a thread of its own. */
    private static long bytesInUse() {
        BackgroundResourceReleaser.releasePendingResources();
        return OS.memory().nativeMemoryUsed();
    }
}
