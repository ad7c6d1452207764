package org.sluice.bench.compare;

import java.util.EnumSet;
import java.util.Set;

/** The figures that the comparison measures. */
public enum Figure {
    STREAM_1("TCP, one stream", "Gbit/s", true),
    STREAM_4("TCP, four streams", "Gbit/s", true),
    /** With congestion control that does not pace, as on most hosts (Linux's default is cubic). */
    UNPACED_1("TCP, one stream, not paced", "Gbit/s", true),
    UNPACED_4("TCP, four streams, not paced", "Gbit/s", true),
    TCP_P50("TCP round trip p50", "us", false),
    TCP_P99("TCP round trip p99", "us", false),
    TCP_P999("TCP round trip p99.9", "us", false),
    UDP_P50("UDP round trip p50", "us", false),
    UDP_P99("UDP round trip p99", "us", false),
    UDP_P999("UDP round trip p99.9", "us", false),
    PACKETS("64-byte packets", "k/s", true),
    CONNECTIONS("TCP connections", "1/s", true),
    /** CPU of the whole machine, because any process may pay for a packet's path. */
    CPU_PER_GBIT("CPU per Gbit, one stream", "ms", false),
    CPU_PER_MILLION("CPU per million packets", "s", false),
    /** The time of {@code docker run} with a network, minus its time without one. */
    SET_UP("network setup of docker run", "ms", false),
    PUBLISH_1("docker run, 1 port published", "ms", false),
    PUBLISH_100("docker run, 100 ports published", "ms", false),
    PUBLISH_10000("10,000 single ports published, one request", "ms", false),
    ATTACH("endpoint attached through the API", "ms", false),
    READY("daemon ready", "ms", false),
    SILENT("TCP round trip p50, 200 more silent endpoints", "us", false),
    MEMORY("resident memory after the loads", "MB", false),
    IDLE("idle CPU, share of a core", "%", false);

    private static final Set<Figure> AT_ONCE =
        EnumSet.of(STREAM_1, STREAM_4, UNPACED_1, UNPACED_4, TCP_P50, UDP_P50, PACKETS, CONNECTIONS);

    private final String title;
    private final String unit;
    private final boolean moreIsBetter;

    Figure(final String title, final String unit, final boolean moreIsBetter) {
        this.title = title;
        this.unit = unit;
        this.moreIsBetter = moreIsBetter;
    }

    /** Its name in reports. */
    public String title() {
        return title;
    }

    public String unit() {
        return unit;
    }

    public boolean moreIsBetter() {
        return moreIsBetter;
    }

    /** Whether the comparison prints it while it runs; all figures would be too many. */
    boolean isShownAtOnce() {
        return AT_ONCE.contains(this);
    }
}
