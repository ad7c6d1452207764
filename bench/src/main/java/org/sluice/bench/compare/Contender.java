package org.sluice.bench.compare;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** A system that takes part in the comparison. */
public enum Contender {
    DOCKER0("docker0", "docker0 (dockerd, bridge, iptables)", false,
        new Stage(Docker0Scene::new, TrafficPath.CONTAINER, TrafficPath.EGRESS, TrafficPath.PUBLISHED,
            TrafficPath.LOOPBACK)),
    /** Only for the time of docker run: its traffic passes as on docker0. */
    DOCKER_NETWORK("network", "Docker bridge network, user-defined", false),
    KERNEL_BRIDGE("bridge", "bare kernel bridge", false, new Stage(KernelBridgeScene::new, TrafficPath.CONTAINER)),
    OPEN_VSWITCH("ovs", "Open vSwitch, userspace", false,
        new Stage(OpenVswitchScene::new, TrafficPath.CONTAINER),
        new Stage(OpenVswitchNatScene::new, TrafficPath.EGRESS, TrafficPath.PUBLISHED)),
    KERNEL_VXLAN("vxlan", "kernel's VXLAN", false,
        new Stage(() -> new KernelVxlanScene(TrafficPath.OVERLAY), TrafficPath.OVERLAY),
        new Stage(() -> new KernelVxlanScene(TrafficPath.OVERLAY_PLAIN), TrafficPath.OVERLAY_PLAIN)),
    SLUICE_ADAPTIVE("adaptive", "Sluice, adaptive idle", true, sluice("adaptive")),
    SLUICE_BUSY("busy", "Sluice, busy polling", true, sluice("busy"));

    private final String id;
    private final String title;
    private final boolean warmsUp;
    private final List<Stage> stages;

    /**
     * A scene that the system needs.
     *
     * @param paths that the scene has.
     */
    record Stage(Supplier<Scene> scene, TrafficPath... paths) {
        boolean hasAnyOf(final Set<TrafficPath> wanted) {
            return Arrays.stream(paths).anyMatch(wanted::contains);
        }
    }

    Contender(final String id, final String title, final boolean warmsUp, final Stage... stages) {
        this.id = id;
        this.title = title;
        this.warmsUp = warmsUp;
        this.stages = List.of(stages);
    }

    private static Stage[] sluice(final String idle) {
        return new Stage[] {
            new Stage(() -> new SluiceScene(idle), TrafficPath.CONTAINER, TrafficPath.EGRESS, TrafficPath.PUBLISHED,
            TrafficPath.LOOPBACK),
            new Stage(() -> new SluiceOverlayScene(TrafficPath.OVERLAY, idle), TrafficPath.OVERLAY),
            new Stage(() -> new SluiceOverlayScene(TrafficPath.OVERLAY_PLAIN, idle), TrafficPath.OVERLAY_PLAIN)};
    }

    /** Its name on the command line. */
    public String id() {
        return id;
    }

    /** Its name in reports. */
    public String title() {
        return title;
    }

    /** The title without the explanation. */
    String shortTitle() {
        return title.replaceFirst(" \\(.*", "");
    }

    /** Whether use makes it faster, as it does compiled code; then each path gets a warm-up. */
    boolean warmsUp() {
        return warmsUp;
    }

    /** Its stages, one after the other. */
    List<Stage> stages() {
        return stages;
    }

    /** The system of that name. */
    public static Contender of(final String id) {
        return Arrays.stream(values()).filter(contender -> contender.id.equals(id)).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("unknown system \"" + id + "\"; known systems: "
                + String.join(", ", Arrays.stream(values()).map(Contender::id).toList())));
    }
}
