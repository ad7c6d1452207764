package org.sluice.bench.compare;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** The traffic paths of the comparison. */
public enum TrafficPath {
    CONTAINER("container to container", EnumSet.allOf(Load.class)),
    EGRESS("container to the world, masqueraded"),
    PUBLISHED("from the world through a published port"),
    /** Without packets: a generator that speaks Ethernet cannot use the loopback interface. */
    LOOPBACK("from the host's loopback through a published port",
        EnumSet.complementOf(EnumSet.of(Load.SMALL_PACKETS, Load.ONE_UNPACED_STREAM, Load.FOUR_UNPACED_STREAMS))),
    OVERLAY("container to container on two hosts, VXLAN"),
    /** Over a wire that carries no frame of more than 1514 bytes. */
    OVERLAY_PLAIN("the same over a wire without offloads"),
    /** Without traffic: figures of the system itself. */
    HOST("the host itself", EnumSet.noneOf(Load.class));

    private final String title;
    private final Set<Load> loads;

    TrafficPath(final String title) {
        // Only one path gets the streams that are not paced, to keep the run short.
        this(title, EnumSet.complementOf(EnumSet.of(Load.ONE_UNPACED_STREAM, Load.FOUR_UNPACED_STREAMS)));
    }

    TrafficPath(final String title, final Set<Load> loads) {
        this.title = title;
        this.loads = loads;
    }

    /** Its name on the command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The path of that name. */
    public static TrafficPath of(final String id) {
        return Arrays.stream(values()).filter(path -> path.id().equals(id)).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("unknown path \"" + id + "\"; known paths: "
                + String.join(", ", Arrays.stream(values()).map(TrafficPath::id).toList())));
    }

    /** Its name in reports. */
    public String title() {
        return title;
    }

    Set<Load> loads() {
        return loads;
    }

    /** The contender that the others are compared with. */
    public Contender peer() {
        return this == OVERLAY || this == OVERLAY_PLAIN ? Contender.KERNEL_VXLAN : Contender.DOCKER0;
    }
}
