package org.sluice.bench.compare;

import java.util.function.Supplier;

/**
 * TCP's congestion control, a setting of the sender's namespace. Some algorithms pace with timers (bbr): a stream then
 * measures the timers more than the switch.
 */
final class Congestion {
    /** Any namespace may use it (net/ipv4/tcp_cong.c), and without loss it equals cubic. */
    private static final String UNPACED = "reno";
    private static final String SETTING = "net.ipv4.tcp_congestion_control";
    private static final int PATIENCE_SECONDS = 5;

    private Congestion() {
    }

    /** The congestion control of a place. */
    static String of(final Place place) {
        return Program.run(place, PATIENCE_SECONDS, "sysctl", "-n", SETTING).strip();
    }

    /** Runs a load whose sender does not pace. */
    static <T> T unpaced(final Place sender, final Supplier<T> load) {
        final String before = of(sender);
        set(sender, UNPACED);
        try {
            return load.get();
        } finally {
            if (!UNPACED.equals(before)) {
                set(sender, before);
            }
        }
    }

    private static void set(final Place place, final String congestion) {
        Program.run(place, PATIENCE_SECONDS, "sysctl", "-qw", SETTING + "=" + congestion);
    }
}
