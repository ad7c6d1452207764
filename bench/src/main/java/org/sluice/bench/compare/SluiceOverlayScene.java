package org.sluice.bench.compare;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.sluice.testbed.SluiceHost;

/** A container on each of two hosts, joined by a network of Sluice's that spans them. */
final class SluiceOverlayScene implements Scene {
    private static final String NETWORK = "blue";

    private final TrafficPath path;
    private final Resources resources = new Resources();
    private final TwoHosts hosts;
    private SluiceHost first;
    private SluiceHost second;

    /**
     * @param idle as {@code sluice daemon --idle} has it.
     */
    SluiceOverlayScene(final TrafficPath path, final String idle) {
        this.path = path;
        hosts = resources.keep(new TwoHosts(path == TrafficPath.OVERLAY_PLAIN));
        try {
            first = resources.keep(start(1, idle));
            second = resources.keep(start(2, idle));
        } catch (final RuntimeException | AssertionError ex) {
            resources.close();
            throw ex;
        }
    }

    private SluiceHost start(final int number, final String idle) {
        final SluiceHost host = new SluiceHost(hosts.host(number), namespace -> { }, "--idle", idle, "--uplink",
            TwoHosts.LINK);
        try {
            host.ok("network", "create", NETWORK, "--subnet", "10.9.0.0/24", "--ip-range",
                "10.9.0." + 128 * (number - 1) + "/25", "--vni", String.valueOf(TwoHosts.VNI), "--vtep-learning");
            host.ok("vtep", "add", NETWORK, TwoHosts.hostAddress(3 - number));
            host.ok("endpoint", "attach", NETWORK, "--netns", hosts.container(number).name(), "--ip",
                TwoHosts.address(number));
            return host;
        } catch (final RuntimeException | AssertionError ex) {
            host.close();
            throw ex;
        }
    }

    @Override
    public Map<TrafficPath, Ends> ends() {
        return Map.of(path, hosts.ends());
    }

    @Override
    public List<ProcessHandle> processes() {
        return Stream.of(first, second).map(SluiceHost::process).toList();
    }

    @Override
    public void close() {
        resources.close();
    }
}
