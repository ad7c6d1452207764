package org.sluice.control.cli;

import java.util.concurrent.Callable;
import java.util.function.Supplier;

import com.fasterxml.jackson.databind.JsonNode;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sluice conntrack ...} */
@Command(name = "conntrack", description = "Show, count and end tracked connections.", subcommands = {
    ConntrackCommand.Ls.class, ConntrackCommand.Count.class, ConntrackCommand.Flush.class})
final class ConntrackCommand {
    private static final String PATH = "/v1/conntrack";

    /** Filters, as conntrack(8) has them. */
    private static final class Filters {
        @Option(names = {"-f", "--family"}, paramLabel = "ipv4|ipv6", description = "Address family.")
        private @Nullable String family;

        @Option(names = {"-p", "--proto"}, paramLabel = "PROTO",
            description = "Protocol: tcp, udp, icmp, icmpv6, sctp or a number.")
        private @Nullable String protocol;

        @Option(names = {"-s", "--orig-src", "--src"}, paramLabel = "IP[/LEN]",
            description = "Original source address.")
        private @Nullable String source;

        @Option(names = {"-d", "--orig-dst", "--dst"}, paramLabel = "IP[/LEN]",
            description = "Original destination address.")
        private @Nullable String destination;

        @Option(names = {"-r", "--reply-src"}, paramLabel = "IP[/LEN]", description = "Reply source address.")
        private @Nullable String replySource;

        @Option(names = {"-q", "--reply-dst"}, paramLabel = "IP[/LEN]", description = "Reply destination address.")
        private @Nullable String replyDestination;

        @Option(names = {"--sport", "--orig-port-src"}, paramLabel = "PORT", description = "Original source port.")
        private @Nullable String sourcePort;

        @Option(names = {"--dport", "--orig-port-dst"}, paramLabel = "PORT", description = "Original destination port.")
        private @Nullable String destinationPort;

        @Option(names = "--state", paramLabel = "STATE", description = "TCP state, such as ESTABLISHED.")
        private @Nullable String state;

        @Option(names = {"-n", "--src-nat"}, description = "Connections with a translated source (SNAT) only.")
        private boolean sourceNat;

        @Option(names = {"-g", "--dst-nat"}, description = "Connections with a translated destination (DNAT) only.")
        private boolean destinationNat;

        String query() {
            final StringBuilder query = new StringBuilder();
            add(query, "family", family);
            add(query, "proto", protocol);
            add(query, "orig-src", source);
            add(query, "orig-dst", destination);
            add(query, "reply-src", replySource);
            add(query, "reply-dst", replyDestination);
            add(query, "sport", sourcePort);
            add(query, "dport", destinationPort);
            add(query, "state", state);
            add(query, "src-nat", sourceNat ? "true" : null);
            add(query, "dst-nat", destinationNat ? "true" : null);
            return query.toString();
        }

        private static void add(final StringBuilder query, final String name, final @Nullable String value) {
            if (value != null) {
                query.append(query.isEmpty() ? '?' : '&').append(name).append('=').append(ApiClient.segment(value));
            }
        }
    }

    /** Lists connections. */
    @Command(name = "ls", aliases = "list", description = "List all connections, or those that match the"
        + " filters, as conntrack -L does.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Mixin
        private Filters filters;

        @Override
        public Integer call() {
            final String query = filters.query();
            client.printParts(new Parts(client.api(), PATH + query + (query.isEmpty() ? '?' : '&') + "after="),
                connections -> {
                    final StringBuilder text = new StringBuilder();
                    connections.forEach(connection -> append(text, connection));
                    return text;
                });
            return 0;
        }
    }

    /** Asks for the connections part by part. */
    private static final class Parts implements Supplier<JsonNode> {
        private final ApiClient api;
        private final String path;
        private long last = -1;

        private Parts(final ApiClient api, final String path) {
            this.api = api;
            this.path = path;
        }

        @Override
        public JsonNode get() {
            final JsonNode connections = api.get(path + last);
            if (!connections.isEmpty()) {
                last = connections.get(connections.size() - 1).path("id").asLong();
            }
            return connections;
        }
    }

    /** Counts connections. */
    @Command(name = "count", description = "Count all connections, or those that match the filters.")
    static final class Count implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Mixin
        private Filters filters;

        @Override
        public Integer call() {
            client.print(client.api().get(PATH + "/count" + filters.query()),
                answer -> answer.path("count").asText() + '\n');
            return 0;
        }
    }

    /** Ends connections. */
    @Command(name = "flush", description = "End all connections, or those that match the filters.")
    static final class Flush implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Mixin
        private Filters filters;

        @Override
        public Integer call() {
            client.print(client.api().post(PATH + "/flush" + filters.query(), ClientOptions.object()),
                answer -> answer.path("flushed").asText() + " connections were ended\n");
            return 0;
        }
    }

    private static void append(final StringBuilder text, final JsonNode connection) {
        text.append(String.format("%-8s %3d %6d ", connection.path("protocol").asText(),
            connection.path("protocolNumber").asInt(), connection.path("timeoutSeconds").asLong()));
        if (!connection.path("state").isNull()) {
            text.append(connection.path("state").asText()).append(' ');
        }
        append(text, connection.path("original"), connection.path("protocol").asText());
        boolean assured = false;
        for (final JsonNode status : connection.path("status")) {
            assured |= "ASSURED".equals(status.asText());
            if ("UNREPLIED".equals(status.asText())) {
                text.append("[UNREPLIED] ");
            }
        }
        append(text, connection.path("reply"), connection.path("protocol").asText());
        text.append(assured ? "[ASSURED]\n" : "\n");
    }

    private static void append(final StringBuilder text, final JsonNode flow, final String protocol) {
        text.append("src=").append(flow.path("source").asText()).append(" dst=")
            .append(flow.path("destination").asText());
        final int sourcePort = flow.path("sourcePort").asInt();
        final int destinationPort = flow.path("destinationPort").asInt();
        if (protocol.startsWith("icmp")) {
            text.append(" id=").append(Math.max(sourcePort, destinationPort));
        } else if (sourcePort != 0 || destinationPort != 0) {
            text.append(" sport=").append(sourcePort).append(" dport=").append(destinationPort);
        }
        text.append(" packets=").append(flow.path("packets").asLong()).append(" bytes=")
            .append(flow.path("bytes").asLong()).append(' ');
    }
}
