package org.sluice.control.cli;

import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code sluice status} */
@Command(name = "status", description = "Show health, issues, ports, counters and drop reasons.")
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private ClientOptions client;

    @Override
    public Integer call() {
        client.print(client.api().get("/v1/status"), StatusCommand::text);
        return 0;
    }

    private static String text(final JsonNode status) {
        final StringBuilder text = new StringBuilder();
        text.append("health: ").append(status.path("health").asText()).append('\n');
        status.path("issues").forEach(issue -> text.append("  ").append(issue.asText()).append('\n'));
        text.append("daemon: version ").append(status.path("version").asText())
            .append(", pid ").append(status.path("pid").asLong())
            .append(", up ").append(status.path("uptimeSeconds").asLong()).append(" s, ")
            .append(status.path("idle").asText()).append(" idle\n\n");

        final TextTable ports = new TextTable("PORT", "NETWORK", "STATE", "RX FRAMES", "RX BYTES", "RX DROPS",
            "RX MISSED", "TX FRAMES", "TX BYTES", "TX DROPS");
        status.path("ports").forEach(port -> {
            final JsonNode counters = port.path("counters");
            ports.row(port.path("name").asText(), port.path("network").asText(),
                port.path("up").asBoolean() ? "up" : "gone", count(counters, "rxFrames"), count(counters, "rxBytes"),
                count(counters, "rxDrops"), count(counters, "rxMissed"), count(counters, "txFrames"),
                count(counters, "txBytes"), count(counters, "txDrops"));
        });
        text.append(ports).append('\n');

        final TextTable workers = new TextTable("WORKER", "STATE", "BURSTS", "FDB LEARNED", "FDB MOVED", "FDB AGED",
            "FDB LIMITED", "GATEWAY REPLIES");
        status.path("workers").forEach(worker -> {
            final JsonNode counters = worker.path("counters");
            workers.row(worker.path("name").asText(), worker.path("alive").asBoolean() ? "running" : "stopped",
                count(counters, "bursts"), count(counters, "fdbLearned"), count(counters, "fdbMoved"),
                count(counters, "fdbAged"), count(counters, "fdbPortLimit") + count(counters, "fdbFull"),
                count(counters, "gatewayReplies"));
        });
        text.append(workers);

        if (!status.path("drops").isEmpty()) {
            final TextTable drops = new TextTable("DROP REASON", "FRAMES", "MEANING");
            status.path("drops").forEach(drop -> drops.row(drop.path("reason").asText(), drop.path("frames").asLong(),
                drop.path("description").asText()));
            text.append('\n').append(drops);
        }
        status.path("errors").forEach(error -> text.append("\nerror, seen ").append(error.path("count").asInt())
            .append(" time(s), last ").append(error.path("last").asText()).append(":\n  ")
            .append(error.path("message").asText()).append('\n'));
        return text.toString();
    }

    private static long count(final JsonNode counters, final String name) {
        return counters.path(name).asLong();
    }
}
