package org.sluice.control.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice endpoint ...} */
@Command(name = "endpoint", description = "Attach network namespaces to networks.", subcommands = {
    EndpointCommand.Attach.class, EndpointCommand.Ls.class, EndpointCommand.Inspect.class,
    EndpointCommand.Detach.class})
final class EndpointCommand {
    private static final String PATH = "/v1/endpoints";

    /** The namespace, named in one of two ways. */
    private static final class Namespace {
        @Option(names = "--netns", paramLabel = "NAME-OR-PATH", required = true,
            description = "The network namespace: its name in ip netns, or its path.")
        private @Nullable String netns;

        @Option(names = "--pid", paramLabel = "PID", required = true,
            description = "The network namespace of this process.")
        private @Nullable Long pid;
    }

    /** Attaches a namespace. */
    @Command(name = "attach", aliases = "add",
        description = "Attach a network namespace to a network: give it an interface with address, MTU and routes.")
    static final class Attach implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(paramLabel = "NETWORK", description = "Name of the network.")
        private String network;

        @ArgGroup(multiplicity = "1")
        private Namespace namespace;

        @Option(names = "--name", paramLabel = "NAME",
            description = "Name of the endpoint. Default: NETWORK-1, NETWORK-2 and so on.")
        private @Nullable String name;

        @Option(names = "--ifname", paramLabel = "IFACE",
            description = "Name of the interface in the namespace. Default: eth0.")
        private @Nullable String ifname;

        @Option(names = "--ip", paramLabel = "IP",
            description = "IP address; give it once for each subnet. Default: the next free address.")
        private List<String> ips = new ArrayList<>();

        @Option(names = "--mac", paramLabel = "MAC", description = "MAC address. Default: 02:42 and the IPv4 address.")
        private @Nullable String mac;

        @Override
        public Integer call() {
            final ObjectNode body = ClientOptions.object().put("network", network)
                .put("netns", absolute(namespace.netns)).put("pid", namespace.pid).put("name", name)
                .put("ifname", ifname).put("mac", mac);
            ips.forEach(body.putArray("ips")::add);
            client.print(client.api().post(PATH, body), endpoint -> endpoint.path("name").asText() + ' '
                + join(endpoint.path("addresses")) + '\n');
            return 0;
        }

        /** The daemon runs in another working directory. */
        private static @Nullable String absolute(final @Nullable String netns) {
            return netns == null || !netns.contains("/") ? netns : Path.of(netns).toAbsolutePath().toString();
        }
    }

    /** Lists the endpoints. */
    @Command(name = "ls", aliases = "list", description = "List endpoints.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Override
        public Integer call() {
            client.print(client.api().get(PATH), endpoints -> {
                final TextTable table =
                    new TextTable("NAME", "CONTAINER", "NETWORK", "STATE", "ADDRESS", "MAC", "INTERFACE", "NAMESPACE");
                endpoints.forEach(e -> table.row(e.path("name").asText(),
                    e.path("docker").path("name").asText(""), e.path("networkName").asText(),
                    e.path("state").asText(), join(e.path("addresses")), e.path("mac").asText(),
                    e.path("ifname").asText(), e.path("netns").asText("")));
                return table;
            });
            return 0;
        }
    }

    /** Shows one endpoint. */
    @Command(name = "inspect", aliases = "show", description = "Show an endpoint as JSON.")
    static final class Inspect extends NamedCommand.Inspect {
        Inspect() {
            super(PATH);
        }
    }

    /** Detaches endpoints. */
    @Command(name = "detach", aliases = {"rm", "remove", "delete", "del"},
        description = "Detach endpoints and remove their interfaces.")
    static final class Detach extends NamedCommand.Remove {
        Detach() {
            super(PATH);
        }
    }

    private static String join(final JsonNode texts) {
        final List<String> values = new ArrayList<>();
        texts.forEach(text -> values.add(text.asText()));
        return String.join(",", values);
    }
}
