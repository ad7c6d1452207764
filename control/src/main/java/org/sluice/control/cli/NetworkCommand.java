package org.sluice.control.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code sluice network ...} */
@Command(name = "network", description = "Create, list and remove networks.", subcommands = {
    NetworkCommand.Create.class, NetworkCommand.Ls.class, NetworkCommand.Inspect.class, NetworkCommand.Rm.class,
    NetworkCommand.Prune.class})
final class NetworkCommand {
    private static final String PATH = "/v1/networks";

    /** Creates a network. */
    @Command(name = "create", aliases = "add", description = "Create a network.")
    static final class Create implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(paramLabel = "NAME", description = "Name of the new network.")
        private String name;

        @Option(names = "--subnet", paramLabel = "CIDR",
            description = "Subnet, such as 10.9.0.0/24; at most one IPv4 and one IPv6 subnet. Default: a free IPv4"
                + " subnet.")
        private List<String> subnets = new ArrayList<>();

        @Option(names = "--gateway", paramLabel = "IP",
            description = "Gateway address of a subnet; give it once for each subnet. Default: the subnet's first"
                + " address.")
        private List<String> gateways = new ArrayList<>();

        @Option(names = "--ip-range", paramLabel = "CIDR",
            description = "Assign addresses from this part of a subnet only; give it once for each subnet. Default:"
                + " all of it.")
        private List<String> ipRanges = new ArrayList<>();

        @Option(names = "--mtu", paramLabel = "BYTES",
            description = "MTU of the network. Default: 1500, or an uplink's MTU if that is less; with --vni, 50 less"
                + " than the smallest MTU of the uplinks.")
        private @Nullable Integer mtu;

        @Option(names = "--internal",
            description = "Keep endpoints from reaching anything outside the network; they get no default route.")
        private boolean internal;

        @Option(names = "--source-guard", paramLabel = "on|off", defaultValue = "on",
            description = "Drop what an endpoint sends from a MAC or IP address that is not its own. Default:"
                + " ${DEFAULT-VALUE}.")
        private OnOff sourceGuard;

        @Option(names = "--icc", paramLabel = "on|off", defaultValue = "on",
            description = "Let endpoints reach each other; if off, they reach published ports only. Default:"
                + " ${DEFAULT-VALUE}.")
        private OnOff icc;

        @Option(names = "--masquerade", paramLabel = "on|off", defaultValue = "on",
            description = "Give connections to the outside the host's address; if off, the outside needs a route to"
                + " the subnet. Default: ${DEFAULT-VALUE}.")
        private OnOff masquerade;

        @Option(names = "--vni", paramLabel = "N",
            description = "VXLAN network identifier, 1 to 16777215: the network spans the hosts that sluice vtep add"
                + " names. Default: the network is local to this host.")
        private @Nullable Integer vni;

        @Option(names = "--vtep-learning",
            description = "Learn from frames which host a MAC address is behind. Default: frames go to all hosts,"
                + " except for endpoints that sluice vtep add --endpoint names.")
        private boolean vtepLearning;

        @Override
        public Integer call() {
            final ObjectNode body = ClientOptions.object().put("name", name).put("mtu", mtu).put("internal", internal)
                .put("sourceGuard", sourceGuard == OnOff.ON).put("icc", icc == OnOff.ON)
                .put("masquerade", masquerade == OnOff.ON).put("vni", vni).put("vtepLearning", vtepLearning);
            fill(body.putArray("subnets"), subnets);
            fill(body.putArray("gateways"), gateways);
            fill(body.putArray("ipRanges"), ipRanges);
            client.print(client.api().post(PATH, body), network -> network.path("name").asText() + '\n');
            return 0;
        }
    }

    /** Lists the networks. */
    @Command(name = "ls", aliases = "list", description = "List networks.")
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
    @Command(name = "inspect", aliases = "show", description = "Show a network as JSON.")
    static final class Inspect extends NamedCommand.Inspect {
        Inspect() {
            super(PATH);
        }
    }

    /** Removes networks. */
    @Command(name = "rm", aliases = {"remove", "delete", "del"},
        description = "Remove networks that have no endpoints.")
    static final class Rm extends NamedCommand.Remove {
        Rm() {
            super(PATH);
        }
    }

    /** Removes the networks that nobody uses. */
    @Command(name = "prune", description = "Remove all networks that have no endpoints, except Docker's.")
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
