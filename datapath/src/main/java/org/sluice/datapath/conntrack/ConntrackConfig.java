package org.sluice.datapath.conntrack;

import java.util.concurrent.TimeUnit;

/**
 * The settings of connection tracking. Made before the worker starts; then only the worker reads them.
 *
 * @param capacity        connections that the table holds.
 * @param perPortLimit    connections that one endpoint may take part in; closed ones do not count.
 * @param strict          whether all TCP packets outside the window are dropped; otherwise only resets are.
 * @param pickUp          whether an ACK without a known connection may open one.
 * @param timeoutsSeconds by ordinal of {@link ConntrackTimeout}.
 */
public record ConntrackConfig(int capacity, int perPortLimit, boolean strict, boolean pickUp, int[] timeoutsSeconds) {
    /** The kernel's nf_conntrack_max on a host with enough memory. */
    public static final int DEFAULT_CAPACITY = 262_144;
    /** A quarter of the default table: one endpoint cannot fill it. */
    public static final int DEFAULT_PER_PORT_LIMIT = 65_536;

    /** The kernel's defaults. */
    public static ConntrackConfig defaults() {
        return new ConntrackConfig(DEFAULT_CAPACITY, DEFAULT_PER_PORT_LIMIT, true, true, defaultTimeouts());
    }

    /** Seconds by ordinal of {@link ConntrackTimeout}. */
    public static int[] defaultTimeouts() {
        final ConntrackTimeout[] all = ConntrackTimeout.values();
        final int[] seconds = new int[all.length];
        for (int i = 0; i < all.length; i++) {
            seconds[i] = all[i].defaultSeconds();
        }
        return seconds;
    }

    long[] timeoutsNs() {
        final long[] ns = new long[timeoutsSeconds.length];
        for (int i = 0; i < ns.length; i++) {
            ns[i] = TimeUnit.SECONDS.toNanos(timeoutsSeconds[i]);
        }
        return ns;
    }
}
