package org.sluice.testbed;

import java.util.ArrayList;
import java.util.List;

import org.sluice.linux.testbed.TestNamespace;

/** Stands for a host where Sluice connects the containers. */
public final class SluiceParityHost implements ParityHost {
    private final SluiceHost host;

    public SluiceParityHost(final Lan lan) {
        this(lan, "auto");
    }

    /** @param uplinks as the option {@code --uplink} has it. */
    public SluiceParityHost(final Lan lan, final String uplinks) {
        this(lan, uplinks, "busy");
    }

    /** @param idle as the option {@code --idle} has it. */
    public SluiceParityHost(final Lan lan, final String uplinks, final String idle) {
        host = new SluiceHost(lan::connect, "--idle", idle, "--uplink", uplinks);
    }

    @Override
    public void network(final String name, final int number, final boolean ipv6, final boolean internal,
                        final boolean icc) {
        final List<String> command =
            new ArrayList<>(List.of("network", "create", name, "--subnet", "10." + number + ".0.0/24"));
        if (ipv6) {
            command.addAll(List.of("--subnet", "fd" + number + "::/64"));
        }
        if (internal) {
            command.add("--internal");
        }
        command.addAll(List.of("--icc", icc ? "on" : "off"));
        host.ok(command.toArray(String[]::new));
    }

    @Override
    public TestNamespace container(final String network, final String name) {
        return host.attach(network, name);
    }

    @Override
    public void publish(final String container, final String spec) {
        host.ok("port", "publish", container, spec);
    }

    @Override
    public void unpublish(final String container, final String spec) {
        host.ok("port", "unpublish", container, spec);
    }

    @Override
    public String interfaceOf(final String network) {
        return "sl-" + network;
    }

    @Override
    public TestNamespace namespace() {
        return host.namespace();
    }

    @Override
    public void close() {
        host.close();
    }
}
