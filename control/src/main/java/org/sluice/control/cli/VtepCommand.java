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

/** {@code sluice vtep ...} */
@Command(name = "vtep", description = "Name the other hosts that an overlay network spans.", subcommands = {
    VtepCommand.Add.class, VtepCommand.Rm.class, VtepCommand.Ls.class})
final class VtepCommand {
    /** Adds another host. */
    @Command(name = "add", description = "Add another host to an overlay network. That host must add this one too.")
    static final class Add implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(index = "0", paramLabel = "NETWORK", description = "Name of the overlay network.")
        private String network;

        @Parameters(index = "1", paramLabel = "REMOTE-IP",
            description = "Address of the other host, which its tunnel packets come from.")
        private String address;

        @Option(names = "--endpoint", paramLabel = "MAC[,IP[,IP6]]",
            description = "An endpoint behind that host; repeat it for several. Its frames go to that host alone and"
                + " are accepted from that host alone, and the switch answers ARP and ND for it.")
        private List<String> endpoints = new ArrayList<>();

        @Override
        public Integer call() {
            final ObjectNode body = ClientOptions.object().put("address", address);
            final ArrayNode array = body.putArray("endpoints");
            for (final String endpoint : endpoints) {
                final String[] parts = endpoint.split(",", -1);
                final ArrayNode addresses = array.addObject().put("mac", parts[0]).putArray("addresses");
                for (int i = 1; i < parts.length; i++) {
                    addresses.add(parts[i]);
                }
            }
            client.print(client.api().post(pathOf(network), body), vtep -> vtep.path("address").asText() + '\n');
            return 0;
        }
    }

    /** Removes other hosts. */
    @Command(name = "rm", aliases = {"remove", "delete", "del"},
        description = "Remove other hosts from an overlay network.")
    static final class Rm implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(index = "0", paramLabel = "NETWORK", description = "Name of the overlay network.")
        private String network;

        @Parameters(index = "1..*", paramLabel = "REMOTE-IP", arity = "1..*",
            description = "Addresses of the other hosts.")
        private List<String> addresses;

        @Override
        public Integer call() {
            return NamedCommand.removeEach(client, addresses,
                address -> pathOf(network) + "/" + ApiClient.segment(address));
        }
    }

    /** Lists the other hosts. */
    @Command(name = "ls", aliases = "list", description = "List the other hosts of overlay networks.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private ClientOptions client;

        @Parameters(paramLabel = "NETWORK", arity = "0..1",
            description = "Name of an overlay network. Default: all.")
        private @Nullable String network;

        @Override
        public Integer call() {
            client.print(client.api().get(network == null ? "/v1/vteps" : pathOf(network)), vteps -> {
                final TextTable table =
                    new TextTable("NETWORK", "VNI", "REMOTE", "STATE", "MTU", "ENDPOINTS", "RX FRAMES", "TX FRAMES");
                vteps.forEach(v -> table.row(v.path("network").asText(), v.path("vni").asInt(),
                    v.path("address").asText(), v.path("state").asText(),
                    v.path("mtu").isNull() ? "-" : v.path("mtu").asText(), v.path("endpoints").size(),
                    counter(v, "rxFrames"), counter(v, "txFrames")));
                return table;
            });
            return 0;
        }
    }

    private static long counter(final JsonNode vtep, final String name) {
        return vtep.path("counters").path(name).asLong();
    }

    private static String pathOf(final String network) {
        return "/v1/networks/" + ApiClient.segment(network) + "/vteps";
    }
}
