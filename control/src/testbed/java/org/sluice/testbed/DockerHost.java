package org.sluice.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import org.sluice.linux.testbed.TestNamespace;

/** Stands for a host where Sluice is Docker's network driver: a real dockerd without docker0 and iptables rules. */
public final class DockerHost implements DockerParityHost {
    private static final AtomicInteger NEXT = new AtomicInteger();
    private static final Path PLUGINS = Path.of("/run/docker/plugins");

    /** The one that the README recommends. */
    private static final String CONFIGURATION = Path.of(System.getProperty("sluice.launcher"))
        .resolveSibling("control/src/main/packaging/daemon.json").toString();

    /** All runs share Docker's folder of plugins, so each has a driver name of its own. */
    private final String driver = "slt" + ProcessHandle.current().pid() + "d" + NEXT.incrementAndGet();
    private final Path folder;
    private final SluiceHost sluice;
    private final DockerEngine engine;

    /**
     * @param lan     the LAN of the host; null for none.
     * @param options of dockerd.
     */
    public DockerHost(final Lan lan, final String... options) {
        try {
            folder = Files.createTempDirectory("sluice-docker");
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
        sluice = new SluiceHost(namespace -> {
            if (lan != null) {
                lan.connect(namespace);
            }
        }, "--docker-socket", PLUGINS.resolve(driver + ".sock").toString(), "--docker-host",
            folder.resolve("docker.sock").toString(), "--uplink", lan == null ? "none" : "auto");
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
            Files.deleteIfExists(PLUGINS.resolve(driver + ".sock"));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
