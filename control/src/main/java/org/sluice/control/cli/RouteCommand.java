package org.sluice.control.cli;

import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code sluice route ...} */
@Command(name = "route", description = "Show the host's routes.", subcommands = RouteCommand.Ls.class)
final class RouteCommand {
    /** Lists the routes. */
    @Command(name = "ls", aliases = "list", description = "List the host's routes, as the switch mirrors them from the"
        + " kernel.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Override
        public Integer call() {
            client.print(client.api().get("/v1/routes"), routes -> {
                final TextTable table = new TextTable("DESTINATION", "TYPE", "VIA", "INTERFACE", "SOURCE", "METRIC");
                routes.forEach(route -> {
                    if (route.path("hops").isEmpty()) {
                        table.row(route.path("destination").asText(), route.path("type").asText(), "-", "-", "-",
                            route.path("metric").asInt());
                    }
                    route.path("hops").forEach(hop -> table.row(route.path("destination").asText(),
                        route.path("type").asText(), orDash(hop.path("gateway")),
                        hop.path("iface").asText() + (hop.path("uplink").asBoolean() ? "" : " (no uplink)"),
                        orDash(hop.path("source")), route.path("metric").asInt()));
                });
                return table;
            });
            return 0;
        }
    }

    private static String orDash(final JsonNode value) {
        return value.isNull() ? "-" : value.asText();
    }
}
