package org.sluice.bench.compare;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** Ways of traffic that are compared. */
public enum TrafficPath {
    CONTAINER("container to container", EnumSet.allOf(Load.class)),
    EGRESS("container to the world, masqueraded"),
    PUBLISHED("from the world by a published port"),
    /** No packets: a generator that speaks Ethernet has no place on the loopback interface. */
    LOOPBACK("from the host's loopback by a published port",
        EnumSet.complementOf(EnumSet.of(Load.SMALL_PACKETS, Load.ONE_UNPACED_STREAM, Load.FOUR_UNPACED_STREAMS))),
    OVERLAY("container to container on two hosts, VXLAN"),
    /** Of a wire that takes no frame of more than 1514 bytes. */
    OVERLAY_PLAIN("the same over a wire without offloads"),
    /** No traffic: figures of the system itself. */
    HOST("the host itself", EnumSet.noneOf(Load.class));

    private final String title;
    private final Set<Load> loads;

    TrafficPath(final String title) {
        // The streams that are not paced are for one path only, so that a run does not take the longer for them.
        this(title, EnumSet.complementOf(EnumSet.of(Load.ONE_UNPACED_STREAM, Load.FOUR_UNPACED_STREAMS)));
    }

    TrafficPath(final String title, final Set<Load> loads) {
        this.title = title;
        this.loads = loads;
    }

    /** As a person names it on the command line. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The path of that name. */
    public static TrafficPath of(final String id) {
        return Arrays.stream(values()).filter(path -> path.id().equals(id)).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("there is no path \"" + id + "\"; there are "
                + String.join(", ", Arrays.stream(values()).map(TrafficPath::id).toList())));
    }

    /** As people read it. */
    public String title() {
        return title;
    }

    Set<Load> loads() {
        return loads;
    }

    /** The contender that the others are measured by. */
    public Contender peer() {
        return this == OVERLAY || this == OVERLAY_PLAIN ? Contender.KERNEL_VXLAN : Contender.DOCKER0;
    }
}
