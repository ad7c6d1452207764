package org.sluice.control.cli;

import java.util.concurrent.Callable;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code sluice fdb ...} */
@Command(name = "fdb", description = "Show and flush the forwarding database (FDB).", subcommands = {
    FdbCommand.Ls.class, FdbCommand.Flush.class})
final class FdbCommand {
    /** Lists the entries. */
    @Command(name = "ls", aliases = "list", description = "List MAC addresses and the ports that they are behind.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(paramLabel = "NETWORK", arity = "0..1", description = "Name of a network. Default: all.")
        private @Nullable String network;

        @Override
        public Integer call() {
            client.print(client.api().get("/v1/fdb" + query(network)), entries -> {
                final TextTable table = new TextTable("NETWORK", "MAC", "PORT", "TYPE", "AGE");
                entries.forEach(e -> table.row(e.path("network").asText(), e.path("mac").asText(),
                    e.path("port").asText(), e.path("type").asText(),
                    e.path("ageSeconds").isNull() ? "-" : e.path("ageSeconds").asInt() + "s"));
                return table;
            });
            return 0;
        }
    }

    /** Forgets learned entries. */
    @Command(name = "flush", description = "Forget learned MAC addresses.")
    static final class Flush implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(paramLabel = "NETWORK", arity = "0..1", description = "Name of a network. Default: all.")
        private @Nullable String network;

        @Override
        public Integer call() {
            client.api().post("/v1/fdb/flush" + query(network), ClientOptions.object());
            return 0;
        }
    }

    private static String query(final @Nullable String network) {
        return network == null ? "" : "?network=" + ApiClient.segment(network);
    }
}
