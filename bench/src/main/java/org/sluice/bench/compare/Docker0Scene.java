package org.sluice.bench.compare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.DockerEngine;

/** Two containers on docker0, made by a real dockerd with its defaults: bridge, iptables, docker-proxy. */
final class Docker0Scene implements Scene {
    private static final String ADDRESS = "{{.NetworkSettings.IPAddress}}";

    private final Resources resources = new Resources();
    private final Map<TrafficPath, Ends> ends = new EnumMap<>(TrafficPath.class);
    private DockerEngine engine;

    Docker0Scene() {
        try {
            final World world = resources.keep(new World());
            final TestNamespace host = resources.namespace();
            world.connect(host);
            engine = resources.keep(new DockerEngine(host, Files.createTempDirectory("sluice-bench")));
            final DockerEngine.Container one = engine.run("one");
            final DockerEngine.Container two = engine.run("two",
                PUBLISHED.stream().flatMap(port -> List.of("-p", port).stream()).toArray(String[]::new));
            final String address = two.inspect(ADDRESS);
            final Place first = Place.ofProcess(one.pid());
            final Place second = Place.ofProcess(two.pid());
            ends.put(TrafficPath.CONTAINER, new Ends(first, second, address));
            ends.put(TrafficPath.EGRESS, new Ends(first, world.place(), World.ADDRESS));
            ends.put(TrafficPath.PUBLISHED, new Ends(world.place(), second, World.HOST, address));
            ends.put(TrafficPath.LOOPBACK, new Ends(Place.of(host), second, "127.0.0.1", address));
        } catch (final IOException ex) {
            resources.close();
            throw new UncheckedIOException(ex);
        } catch (final RuntimeException | AssertionError ex) {
            resources.close();
            throw ex;
        }
    }

    @Override
    public Map<TrafficPath, Ends> ends() {
        return ends;
    }

    /** The processes that stand for published ports: dockerd itself is there whichever network its containers have. */
    @Override
    public List<ProcessHandle> processes() {
        return engine.process().descendants()
            .filter(process -> process.info().command().orElse("").endsWith("docker-proxy")).toList();
    }

    @Override
    public void close() {
        resources.close();
    }
}
