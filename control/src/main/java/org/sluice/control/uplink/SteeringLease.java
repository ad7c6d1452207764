package org.sluice.control.uplink;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import org.agrona.concurrent.NanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.linux.bpf.Steering;

/**
 * Renews the lease for which the uplinks' filters keep the switch's frames from the host. It does so on a thread of its
 * own: whatever keeps the control thread must not end connections. The control thread may ask at any time how it is.
 */
final class SteeringLease implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SteeringLease.class);
    private static final long PERIOD_SECONDS = 1;
    private static final long LATE_NS = TimeUnit.SECONDS.toNanos(5);

    private final ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("leases").factory());
    private final List<PortSteering> steerings;
    private final NanoClock clock;
    private volatile long renewedNs;
    private boolean failing;

    SteeringLease(final List<PortSteering> steerings, final NanoClock clock) {
        this.steerings = steerings;
        this.clock = clock;
        renewedNs = clock.nanoTime();
        thread.scheduleWithFixedDelay(this::renew, PERIOD_SECONDS, PERIOD_SECONDS, TimeUnit.SECONDS);
    }

    private void renew() {
        try {
            steerings.forEach(PortSteering::renewLease);
            renewedNs = clock.nanoTime();
            failing = false;
        } catch (final RuntimeException ex) {
            if (!failing) {
                LOG.error("cannot renew the lease of the uplinks' filters", ex);
            }
            failing = true;
        }
    }

    /** Says so if the lease was not renewed for some time. */
    Optional<String> failure() {
        final long lateNs = clock.nanoTime() - renewedNs;
        return lateNs < LATE_NS ? Optional.empty() : Optional.of("the uplinks' steering was not renewed for "
            + TimeUnit.NANOSECONDS.toSeconds(lateNs) + " s and ends after " + Steering.LEASE_SECONDS
            + " s, when the host gets the switch's frames; restart the daemon");
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
