package org.sluice.bench.compare;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.SluiceHost;

/** Two containers on a host with Sluice. */
final class SluiceScene implements Scene {
    static final String NETWORK = "web";

    private final Resources resources = new Resources();
    private final Map<TrafficPath, Ends> ends = new EnumMap<>(TrafficPath.class);
    private SluiceHost host;

    /**
     * @param idle as {@code sluice daemon --idle} has it.
     */
    SluiceScene(final String idle) {
        try {
            final World world = resources.keep(new World());
            host = resources.keep(new SluiceHost(world::connect, "--idle", idle));
            host.ok("network", "create", NETWORK, "--subnet", "10.97.0.0/16");
            final Place one = attach("one");
            final Place two = attach("two");
            final List<String> publish = new ArrayList<>(List.of("port", "publish", "two"));
            publish.addAll(PUBLISHED);
            host.ok(publish.toArray(String[]::new));
            final String address = "10.97.0.3";
            ends.put(TrafficPath.CONTAINER, new Ends(one, two, address));
            ends.put(TrafficPath.EGRESS, new Ends(one, world.place(), World.ADDRESS));
            ends.put(TrafficPath.PUBLISHED, new Ends(world.place(), two, World.HOST, address));
            ends.put(TrafficPath.LOOPBACK, new Ends(Place.of(host.namespace()), two, "127.0.0.1", address));
        } catch (final RuntimeException | AssertionError ex) {
            resources.close();
            throw ex;
        }
    }

    private Place attach(final String name) {
        final TestNamespace container = host.container();
        container.exec("ip", "link", "set", "lo", "up");
        host.ok("endpoint", "attach", NETWORK, "--netns", container.name(), "--name", name);
        return Place.of(container);
    }

    SluiceHost host() {
        return host;
    }

    @Override
    public Map<TrafficPath, Ends> ends() {
        return ends;
    }

    @Override
    public List<ProcessHandle> processes() {
        return List.of(host.process());
    }

    @Override
    public void close() {
        resources.close();
    }
}
