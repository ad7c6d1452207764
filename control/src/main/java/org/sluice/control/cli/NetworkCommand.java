package org.sluice.control.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice network ...} */
@Command(name = "network", description = "Manage networks.", subcommands = {
    NetworkCommand.Create.class, NetworkCommand.Ls.class, NetworkCommand.Inspect.class, NetworkCommand.Rm.class,
    NetworkCommand.Prune.class})
final class NetworkCommand {
    private static final String PATH = "/v1/networks";

    /** Makes a network. */
    @Command(name = "create", description = "Make a network.")
    static final class Create implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(paramLabel = "NAME")
        private String name;

        @Option(names = "--subnet", paramLabel = "CIDR",
            description = "IPv4 or IPv6 subnet; may be given once for each. Default: a free one.")
        private List<String> subnets = new ArrayList<>();

        @Option(names = "--gateway", paramLabel = "IP",
            description = "Gateway of a subnet. Default: its first address.")
        private List<String> gateways = new ArrayList<>();

        @Option(names = "--ip-range", paramLabel = "CIDR",
            description = "Hand addresses out of this part of a subnet only.")
        private List<String> ipRanges = new ArrayList<>();

        @Option(names = "--mtu", paramLabel = "N", description = "Default: 1500; with --vni, the uplink's less 50.")
        private Integer mtu;

        @Option(names = "--internal", description = "No way out: endpoints get no default route.")
        private boolean internal;

        @Option(names = "--source-guard", paramLabel = "on|off", defaultValue = "on",
            description = "Endpoints send only from their own MAC and IP addresses. Default: on.")
        private Switch sourceGuard;

        @Option(names = "--icc", paramLabel = "on|off", defaultValue = "on",
            description = "Endpoints may talk to each other; with off only by published ports. Default: on.")
        private Switch icc;

        @Option(names = "--masquerade", paramLabel = "on|off", defaultValue = "on",
            description = "What leaves for the world gets the host's address. Default: on.")
        private Switch masquerade;

        @Option(names = "--vni", paramLabel = "N",
            description = "Span several hosts: those with a network of this VNI, which vtep add names. 1 to 16777215.")
        private Integer vni;

        @Option(names = "--vtep-learning",
            description = "Learn behind which host a MAC address is; otherwise frames for it go to all hosts, unless"
                + " vtep add --endpoint says where it is.")
        private boolean vtepLearning;

        @Override
        public Integer call() {
            final ObjectNode body = ClientOptions.object().put("name", name).put("mtu", mtu).put("internal", internal)
                .put("sourceGuard", sourceGuard == Switch.ON).put("icc", icc == Switch.ON)
                .put("masquerade", masquerade == Switch.ON).put("vni", vni).put("vtepLearning", vtepLearning);
            fill(body.putArray("subnets"), subnets);
            fill(body.putArray("gateways"), gateways);
            fill(body.putArray("ipRanges"), ipRanges);
            client.print(client.api().post(PATH, body), network -> network.path("name").asText() + '\n');
            return 0;
        }
    }

    /** Lists the networks. */
    @Command(name = "ls", description = "List networks.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Override
        public Integer call() {
            client.print(client.api().get(PATH), networks -> {
                final TextTable table =
                    new TextTable("NAME", "IN DOCKER", "STATE", "SUBNET", "GATEWAY", "MTU", "VNI", "ENDPOINTS",
                        "HOST PORT");
                networks.forEach(n -> table.row(n.path("name").asText(), n.path("docker").path("name").asText(""),
                    n.path("state").asText(),
                    join(n.path("subnets"), "subnet"), join(n.path("subnets"), "gateway"), n.path("mtu").asInt(),
                    n.path("overlay").path("vni").asText(""), n.path("endpoints").size(),
                    n.path("hostInterface").asText()));
                return table;
            });
            return 0;
        }
    }

    /** Shows one network. */
    @Command(name = "inspect", description = "Show a network as JSON.")
    static final class Inspect extends NamedCommand.Inspect {
        Inspect() {
            super(PATH);
        }
    }

    /** Removes networks. */
    @Command(name = "rm", description = "Remove networks without endpoints.")
    static final class Rm extends NamedCommand.Remove {
        Rm() {
            super(PATH);
        }
    }

    /** Removes what is not used. */
    @Command(name = "prune", description = "Remove all networks without endpoints.")
    static final class Prune implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Override
        public Integer call() {
            client.print(client.api().post(PATH + "/prune", ClientOptions.object()),
                answer -> NamedCommand.lines(answer.path("removed")));
            return 0;
        }
    }

    private static void fill(final ArrayNode array, final List<String> values) {
        values.forEach(array::add);
    }

    private static String join(final JsonNode array, final String field) {
        final List<String> values = new ArrayList<>();
        array.forEach(element -> values.add(element.path(field).asText()));
        return String.join(",", values);
    }
}
