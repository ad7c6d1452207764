package org.sluice.control.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.DaemonOptions;
import org.sluice.control.model.UplinkChoice;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.linux.device.PollableDevice;

/** A worker that ends by an error is told, once, and does not keep the engine from closing. */
class WorkerDeathTest {
    @TempDir
    Path folder;

    @Test
    void shouldTellOfAWorkerThatHasEndedAndClose() throws InterruptedException {
        final CountDownLatch deaths = new CountDownLatch(1);
        try (SwitchEngine engine = engine(deaths::countDown)) {
            assertTrue(engine.isAlive(0));
            assertThrows(ControlException.class, () -> engine.addNetworkWithPort("web", DomainPolicy.OPEN, 0,
                new PortSetup("broken", new BrokenDevice(), 1500, PortKind.HOST, new PortIdentity(1, 1, 0, 0))));
            assertTrue(deaths.await(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void shouldNotTakeAnOrderlyEndForADeath() {
        final CountDownLatch deaths = new CountDownLatch(1);
        engine(deaths::countDown).close();
        assertEquals(1, deaths.getCount());
    }

    private SwitchEngine engine(final Runnable onDeath) {
        return new SwitchEngine(new DaemonOptions(folder, folder, false, 1, UplinkChoice.parse(List.of("none")),
            new NatPorts(50_000, 50_999), ConntrackConfig.defaults(), 4789), SystemNanoClock.INSTANCE, () -> { },
            onDeath);
    }

    /** The poller asks it for its descriptor, in the middle of a command. */
    private static final class BrokenDevice implements PollableDevice {
        @Override
        public int fd() {
            throw new InternalError("on purpose");
        }

        @Override
        public int receive(final FrameBatch batch) {
            return 0;
        }

        @Override
        public void transmit(final EgressQueue queue) {
            // Never plugged in.
        }

        @Override
        public String name() {
            return "broken";
        }

        @Override
        public void close() {
            // It holds nothing.
        }
    }
}
