package org.sluice.control.cli;

import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code sluice prune} */
@Command(name = "prune", description = "Remove the endpoints, networks and addresses that Docker no longer knows.")
final class PruneCommand implements Callable<Integer> {
    @Mixin
    private ClientOptions client;

    @Override
    public Integer call() {
        client.print(client.api().post("/v1/prune", ClientOptions.object()), removed -> lines(removed, "endpoint")
            + lines(removed, "network") + lines(removed, "pool") + lines(removed, "address"));
        return 0;
    }

    private static String lines(final JsonNode removed, final String kind) {
        final StringBuilder text = new StringBuilder();
        removed.path(kind + (kind.endsWith("s") ? "es" : "s"))
            .forEach(name -> text.append(kind).append(' ').append(name.asText()).append('\n'));
        return text.toString();
    }
}
