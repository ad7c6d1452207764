package org.sluice.bench.compare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.sluice.control.http.UnixHttpClient;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.DockerEngine;
import org.sluice.testbed.DockerHost;
import org.sluice.testbed.Lan;
import org.sluice.testbed.SluiceHost;

/**
 * Measures the systems themselves: the time that a network adds to {@code docker run}, with and without ports, in turn
 * on a host with docker0 and on one with Sluice; and the time of requests to Sluice's daemon. Used by one thread.
 */
final class HostFigures {
    private static final int STARTS = 10;
    /** Few runs, because docker0 takes that long with this many ports. */
    private static final int LONG_STARTS = 2;
    private static final int SILENT = 200;
    private static final int READY_RUNS = 3;
    private static final String[] PORTS_100 = {"-p", "20000-20099:20000-20099"};
    private static final int PORTS_10000 = 10_000;
    private static final int FIRST_PORT = 20_000;
    private static final int SECONDS = 2;

    private final List<Contender> contenders;
    private final Results results;
    private final Consumer<AutoCloseable> keep;
    private final Consumer<String> progress;

    /**
     * @param keep receives the resource to remove when the run is broken off.
     */
    HostFigures(final List<Contender> contenders, final Results results, final Consumer<AutoCloseable> keep,
                final Consumer<String> progress) {
        this.contenders = contenders;
        this.results = results;
        this.keep = keep;
        this.progress = progress;
    }

    void measure() {
        if (contenders.contains(Contender.DOCKER0)) {
            measureDocker();
        }
        if (contenders.contains(Contender.SLUICE_ADAPTIVE)) {
            measureDaemon();
        }
    }

    private void add(final Contender contender, final Figure figure, final double value) {
        results.add(new Results.Key(contender, TrafficPath.HOST, figure), value);
    }

    private void measureDocker() {
        progress.accept("docker run, in turn");
        try (Resources resources = new Resources()) {
            keep.accept(resources);
            final TestNamespace host = resources.namespace();
            resources.keep(new Lan()).connect(host);
            final DockerEngine kernel =
                resources.keep(new DockerEngine(host, Files.createTempDirectory("sluice-bench")));
            final DockerHost sluice = resources.keep(new DockerHost(resources.keep(new Lan())));
            kernel.docker("network", "create", "--subnet", "10.98.0.0/24", "web");
            sluice.engine().docker("network", "create", "-d", sluice.driver(), "--subnet", "10.97.0.0/24", "web");
            // Each host already has some load, and has done everything once.
            for (final DockerEngine engine : List.of(kernel, sluice.engine())) {
                engine.run("one", "--network", "web");
                engine.run("two", "--network", "web", "-p", "5201:5201", "-p", "8000:8000");
                start(engine, "web", "-p", "9000:80");
            }
            for (int i = 0; i < STARTS; i++) {
                measureStarts(kernel, sluice.engine());
            }
            for (int i = 0; i < LONG_STARTS; i++) {
                add(Contender.DOCKER0, Figure.PUBLISH_100, start(kernel, "bridge", PORTS_100));
                add(Contender.SLUICE_ADAPTIVE, Figure.PUBLISH_100, start(sluice.engine(), "web", PORTS_100));
            }
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private void measureStarts(final DockerEngine kernel, final DockerEngine sluice) {
        final double bare = start(kernel, "none");
        add(Contender.DOCKER0, Figure.SET_UP, start(kernel, "bridge") - bare);
        add(Contender.DOCKER_NETWORK, Figure.SET_UP, start(kernel, "web") - bare);
        final double bareSluice = start(sluice, "none");
        add(Contender.SLUICE_ADAPTIVE, Figure.SET_UP, start(sluice, "web") - bareSluice);
        add(Contender.DOCKER0, Figure.PUBLISH_1, start(kernel, "bridge", "-p", "9000:80"));
        add(Contender.SLUICE_ADAPTIVE, Figure.PUBLISH_1, start(sluice, "web", "-p", "9000:80"));
    }

    /** Runs a container that ends at once; returns milliseconds. */
    private static double start(final DockerEngine engine, final String network, final String... options) {
        final List<String> command = new ArrayList<>(List.of("run", "--rm", "--network", network));
        command.addAll(List.of(options));
        command.addAll(List.of(DockerEngine.IMAGE, "true"));
        return milliseconds(() -> engine.docker(command.toArray(String[]::new)));
    }

    private static double milliseconds(final Runnable task) {
        final long start = System.nanoTime();
        task.run();
        return (System.nanoTime() - start) / 1e6;
    }

    private void measureDaemon() {
        progress.accept("the daemon: start, attach, publish, many endpoints");
        try (SluiceScene scene = new SluiceScene("adaptive"); Resources resources = new Resources()) {
            keep.accept(scene);
            final SluiceHost host = scene.host();
            final Ends ends = scene.ends().get(TrafficPath.CONTAINER);
            for (int i = 0; i < READY_RUNS; i++) {
                host.stop();
                add(Contender.SLUICE_ADAPTIVE, Figure.READY, milliseconds(host::start));
            }
            // Twice, because the first run includes compilation.
            final String ports = IntStream.range(0, PORTS_10000).mapToObj(i -> "\"" + (FIRST_PORT + i) + ":80\"")
                .collect(Collectors.joining(",", "{\"ports\":[", "]}"));
            for (int i = 0; i < 2; i++) {
                call(host, "/v1/endpoints/one/ports", ports);
                call(host, "/v1/endpoints/one/ports/unpublish", ports);
            }
            add(Contender.SLUICE_ADAPTIVE, Figure.PUBLISH_10000,
                milliseconds(() -> call(host, "/v1/endpoints/one/ports", ports)));
            final TestNamespace crowd = resources.namespace();
            for (int i = 0; i < SILENT; i++) {
                final String endpoint =
                    "{\"network\":\"web\",\"netns\":\"" + crowd.name() + "\",\"ifname\":\"quiet" + i + "\"}";
                add(Contender.SLUICE_ADAPTIVE, Figure.ATTACH,
                    milliseconds(() -> call(host, "/v1/endpoints", endpoint)));
            }
            add(Contender.SLUICE_ADAPTIVE, Figure.SILENT,
                Load.TCP_ROUND_TRIPS.run(ends, SECONDS).get(Figure.TCP_P50));
        }
    }

    private static void call(final SluiceHost host, final String path, final String body) {
        try {
            final UnixHttpClient.Answer answer =
                UnixHttpClient.call(host.socket(), "POST", path, body.getBytes(StandardCharsets.UTF_8));
            if (answer.status() / 100 != 2) {
                throw new MeasurementException(path + ": " + new String(answer.body(), StandardCharsets.UTF_8));
            }
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
