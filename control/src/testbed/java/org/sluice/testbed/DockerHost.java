package org.sluice.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import org.sluice.linux.testbed.TestNamespace;

/** A host with a real dockerd whose networks are the switch's: no docker0, no iptables rules. */
public final class DockerHost implements DockerParityHost {
    private static final AtomicInteger NEXT = new AtomicInteger();
    private static final Path PLUGINS = Path.of("/run/docker/plugins");

    /** As the README has it. */
    private static final String CONFIGURATION = Path.of(System.getProperty("sluice.launcher"))
        .resolveSibling("control/src/main/packaging/daemon.json").toString();

    /** No other run has one of this name, though all share Docker's folder of plugins. */
    private final String driver = "slt" + ProcessHandle.current().pid() + "d" + NEXT.incrementAndGet();
    private final Path folder;
    private final SluiceHost sluice;
    private final DockerEngine engine;

    /**
     * @param wire    that the host is connected to; null for none.
     * @param options of dockerd.
     */
    public DockerHost(final Wire wire, final String... options) {
        try {
            folder = Files.createTempDirectory("sluice-docker");
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
        sluice = new SluiceHost(namespace -> {
            if (wire != null) {
                wire.connect(namespace);
            }
        }, "--docker-socket", PLUGINS.resolve(driver + ".sock").toString(), "--docker-host",
            folder.resolve("docker.sock").toString(), "--uplink", wire == null ? "none" : "auto");
        final List<String> all = new ArrayList<>(List.of("--config-file", CONFIGURATION));
        all.addAll(List.of(options));
        try {
            engine = new DockerEngine(sluice.namespace(), folder, all.toArray(String[]::new));
        } catch (final AssertionError ex) {
            sluice.close();
            throw ex;
        }
    }

    public SluiceHost sluice() {
        return sluice;
    }

    @Override
    public DockerEngine engine() {
        return engine;
    }

    @Override
    public TestNamespace namespace() {
        return sluice.namespace();
    }

    @Override
    public String driver() {
        return driver;
    }

    public Path pluginSocket() {
        return PLUGINS.resolve(driver + ".sock");
    }

    @Override
    public void restartSwitch() {
        sluice.stop();
        sluice.start();
    }

    @Override
    public void killSwitch() {
        sluice.kill();
        sluice.start();
    }

    @Override
    public void close() {
        engine.close();
        sluice.close();
        try {
            Files.deleteIfExists(pluginSocket());
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
