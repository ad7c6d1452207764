package org.sluice.control.cli;

import java.util.concurrent.Callable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code sluice neighbour ...} */
@Command(name = "neighbour", description = "Show the neighbours on the uplinks.",
    subcommands = NeighbourCommand.Ls.class)
final class NeighbourCommand {
    /** Lists the neighbours. */
    @Command(name = "ls", aliases = "list", description = "List neighbours and their MAC addresses, as the switch"
        + " mirrors them from the kernel.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Override
        public Integer call() {
            client.print(client.api().get("/v1/neighbours"), neighbours -> {
                final TextTable table = new TextTable("ADDRESS", "INTERFACE", "MAC", "STATE");
                neighbours.forEach(n -> table.row(n.path("address").asText(), n.path("iface").asText(),
                    n.path("mac").asText(), n.path("state").asText()));
                return table;
            });
            return 0;
        }
    }
}
