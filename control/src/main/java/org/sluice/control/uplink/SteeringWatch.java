package org.sluice.control.uplink;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.agrona.concurrent.NanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.linux.netlink.Link;

/**
 * Looks whether the uplinks' filters are still where they were attached, and puts back those that another program has
 * removed. Without them host and switch both get the switch's frames, and the host resets the switch's connections. It
 * also holds what the filters have seen against what the packet sockets were given. Owned by the control thread.
 */
final class SteeringWatch {
    private static final Logger LOG = LoggerFactory.getLogger(SteeringWatch.class);
    /** How long a repair is worth telling of: connections may have been reset. */
    private static final long TOLD_NS = TimeUnit.MINUTES.toNanos(1);

    private final NanoClock clock;
    /** By interface, why the filter is not in place. */
    private final Map<Integer, String> broken = new HashMap<>();
    private final Map<Integer, Repair> repairs = new HashMap<>();
    private final Map<Integer, Lost> lost = new HashMap<>();

    private record Repair(String name, long atNs) {
    }

    private record Lost(String name, long frames) {
    }

    SteeringWatch(final NanoClock clock) {
        this.clock = clock;
    }

    /** Puts back what is missing at one uplink. */
    void check(final Link link, final Collection<UplinkEnd> ends) {
        String failure = null;
        long unaccounted = 0;
        for (final UplinkEnd end : ends) {
            try {
                unaccounted += end.unaccounted(clock.nanoTime());
                if (end.restoreFilter()) {
                    LOG.warn("another program has removed the steering from uplink {}; it was put back", link.name());
                    repairs.put(link.index(), new Repair(link.name(), clock.nanoTime()));
                }
            } catch (final RuntimeException ex) {
                failure = "steering is not attached to uplink " + link.name() + ", so the host resets the switch's"
                    + " connections: " + ex.getMessage();
            }
        }
        if (unaccounted > 0) {
            lost.put(link.index(), new Lost(link.name(), unaccounted));
        } else {
            lost.remove(link.index());
        }
        if (failure == null) {
            broken.remove(link.index());
        } else if (!failure.equals(broken.put(link.index(), failure))) {
            LOG.error("{}", failure);
        }
    }

    void forget(final Link link) {
        broken.remove(link.index());
        repairs.remove(link.index());
        lost.remove(link.index());
    }

    /** Adds what there is to tell, human-readable. */
    void addIssues(final List<String> issues) {
        issues.addAll(broken.values());
        lost.values().forEach(it -> issues.add(it.frames + " frames that came for the switch by uplink " + it.name
            + " are in no account: neither received nor counted as missed or dropped; please report it"));
        final long now = clock.nanoTime();
        repairs.values().removeIf(repair -> now - repair.atNs > TOLD_NS);
        repairs.values().forEach(repair -> issues.add("another program has removed the steering from uplink "
            + repair.name + " " + TimeUnit.NANOSECONDS.toSeconds(now - repair.atNs)
            + " s ago; it was put back, but connections may have been reset"));
    }
}
