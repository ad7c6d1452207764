package org.sluice.bench.compare;

import java.util.List;
import java.util.Map;

import org.sluice.linux.testbed.TestNamespace;

/** Two containers on Open vSwitch's userspace datapath, which learns where they are (action NORMAL). */
final class OpenVswitchScene implements Scene {
    private static final String ADDRESS = "10.96.0.3";

    private final Resources resources = new Resources();
    private OvsBridge bridge;
    private Map<TrafficPath, Ends> ends;

    OpenVswitchScene() {
        try {
            final TestNamespace host = resources.namespace();
            final TestNamespace one = resources.namespace();
            final TestNamespace two = resources.namespace();
            bridge = resources.keep(new OvsBridge(host));
            bridge.attach(one, "10.96.0.2");
            bridge.attach(two, ADDRESS);
            ends = Map.of(TrafficPath.CONTAINER, new Ends(Place.of(one), Place.of(two), ADDRESS));
        } catch (final RuntimeException | AssertionError ex) {
            resources.close();
            throw ex;
        }
    }

    @Override
    public Map<TrafficPath, Ends> ends() {
        return ends;
    }

    @Override
    public List<ProcessHandle> processes() {
        return bridge.processes();
    }

    @Override
    public void close() {
        resources.close();
    }
}
