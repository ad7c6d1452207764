package org.sluice.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.sluice.linux.testbed.TestNamespace;

/** Stands for a host as Docker sets it up: a real dockerd with the kernel's bridges, iptables and docker-proxy. */
public final class DockerBridgeHost implements DockerParityHost {
    private final TestNamespace host = new TestNamespace();
    private final DockerEngine engine;

    public DockerBridgeHost(final Lan lan, final String... options) {
        host.exec("ip", "link", "set", "lo", "up");
        lan.connect(host);
        host.exec("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
        // Without ip6tables, 20.10 lets its proxy serve all that is published on IPv6.
        final List<String> all = new ArrayList<>(List.of("--experimental", "--ip6tables"));
        all.addAll(List.of(options));
        try {
            final Path folder = Files.createTempDirectory("sluice-docker");
            engine = new DockerEngine(host, folder, all.toArray(String[]::new));
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (final AssertionError ex) {
            host.close();
            throw ex;
        }
    }

    @Override
    public DockerEngine engine() {
        return engine;
    }

    @Override
    public TestNamespace namespace() {
        return host;
    }

    @Override
    public String driver() {
        return "bridge";
    }

    @Override
    public void restartSwitch() {
        // The kernel is the switch.
    }

    @Override
    public void killSwitch() {
        // The kernel is the switch.
    }

    @Override
    public void close() {
        engine.close();
        host.close();
    }
}
