package org.sluice.control.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code sluice port ...} */
@Command(name = "port", description = "Publish ports of endpoints on the host.", subcommands = {
    PortCommand.Publish.class, PortCommand.Unpublish.class, PortCommand.Ls.class})
final class PortCommand {
    private static final String SPEC = "[IP:][HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTO]";

    /** Publishes ports. */
    @Command(name = "publish",
        description = "Publish ports of an endpoint on the host, as docker run -p does, and print them.")
    static final class Publish implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(index = "0", paramLabel = "ENDPOINT", description = "Name of the endpoint.")
        private String endpoint;

        @Parameters(index = "1..*", paramLabel = SPEC, arity = "1..*",
            description = "Host and container port, such as 8080:80, 127.0.0.1:53:53/udp or 7000-7010:7000-7010."
                + " Without a host port, or with 0, the daemon chooses one. PROTO is tcp, udp or sctp. Default: all"
                + " host addresses; tcp.")
        private List<String> ports;

        @Override
        public Integer call() {
            client.print(client.api().post(pathOf(endpoint), body(ports)), PortCommand::lines);
            return 0;
        }
    }

    /** Withdraws published ports. */
    @Command(name = "unpublish", description = "Withdraw published ports and end their connections.")
    static final class Unpublish implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(index = "0", paramLabel = "ENDPOINT", description = "Name of the endpoint.")
        private String endpoint;

        @Parameters(index = "1..*", paramLabel = SPEC, arity = "0..*",
            description = "The ports, written as for sluice port publish. Default: all of the endpoint.")
        private List<String> ports = new ArrayList<>();

        @Override
        public Integer call() {
            client.print(client.api().post(pathOf(endpoint) + "/unpublish", body(ports)), PortCommand::lines);
            return 0;
        }
    }

    /** Lists published ports. */
    @Command(name = "ls", aliases = "list", description = "List published ports.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Override
        public Integer call() {
            client.print(client.api().get("/v1/ports"), maps -> {
                final TextTable table = new TextTable("ENDPOINT", "CONTAINER", "NETWORK", "PORTS");
                maps.forEach(m -> table.row(m.path("endpoint").asText(), m.path("container").asText(""),
                    m.path("network").asText(),
                    m.path("text").asText()));
                return table;
            });
            return 0;
        }
    }

    private static String pathOf(final String endpoint) {
        return "/v1/endpoints/" + ApiClient.segment(endpoint) + "/ports";
    }

    private static ObjectNode body(final List<String> ports) {
        final ObjectNode body = ClientOptions.object();
        final ArrayNode array = body.putArray("ports");
        ports.forEach(array::add);
        return body;
    }

    private static String lines(final JsonNode maps) {
        final StringBuilder text = new StringBuilder();
        maps.forEach(map -> text.append(map.path("text").asText()).append('\n'));
        return text.toString();
    }
}
