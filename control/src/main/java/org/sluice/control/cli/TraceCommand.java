package org.sluice.control.cli;

import java.io.PrintWriter;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sluice trace}: shows what each stage decides about live packets. */
@Command(name = "trace",
    description = "Show what each stage of the switch decides about live packets, until it is interrupted.")
final class TraceCommand implements Callable<Integer> {
    static final String FILTER_HELP = "The name of an endpoint, or any of: endpoint NAME, network NAME,"
        + " host IP[/LEN], port N, tcp, udp, icmp, icmpv6, sctp, proto N. Default: all packets.";
    private static final String PATH = "/v1/trace";
    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS").withZone(ZoneId.systemDefault());

    @Spec
    private CommandSpec command;

    @Mixin
    private ClientOptions client;

    @Option(names = {"-c", "--count"}, paramLabel = "N",
        description = "End after this many packets. Default: when it is interrupted.")
    private @Nullable Long count;

    @Parameters(paramLabel = "FILTER", arity = "0..*", description = FILTER_HELP)
    private List<String> filter = new ArrayList<>();

    @Override
    public Integer call() {
        final ApiClient api = client.api();
        api.post(PATH, request(filter));
        final PrintWriter out = command.commandLine().getOut();
        try (Polling polling = new Polling(() -> api.delete(PATH))) {
            long left = count == null ? Long.MAX_VALUE : count;
            long lost = 0;
            while (left > 0 && polling.pause()) {
                final JsonNode trace = api.get(PATH);
                for (final JsonNode packet : trace.path("packets")) {
                    if (left-- > 0) {
                        out.print(client.isJson() ? packet.toString() + '\n' : text(packet));
                    }
                }
                if (trace.path("lost").asLong() > lost) {
                    lost = trace.path("lost").asLong();
                    SluiceCli.printError(lost + " steps came too fast to show; a narrower filter loses fewer");
                }
                out.flush();
            }
        }
        return 0;
    }

    /** The request of a trace, and the beginning of a capture's: the words of the filter. */
    static ObjectNode request(final List<String> filter) {
        final ObjectNode request = ClientOptions.object();
        filter.forEach(request.putArray("filter")::add);
        return request;
    }

    private static String text(final JsonNode packet) {
        final StringBuilder text = new StringBuilder(TIME.format(Instant.parse(packet.path("time").asText())));
        text.append(' ').append(packet.path("port").asText()).append("  ").append(packet.path("summary").asText())
            .append(", ").append(packet.path("bytes").asInt()).append(" bytes\n");
        packet.path("steps").forEach(step -> text.append(
            String.format("    %-13s %s%n", step.path("stage").asText(), step.path("decision").asText())));
        return text.toString();
    }
}
