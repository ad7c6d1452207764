package org.sluice.control.cli;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Verbs that several nouns share: they take names, and work on a collection of the API. */
abstract class NamedCommand implements Callable<Integer> {
    private final String path;

    @Mixin
    private ClientOptions client;

    /**
     * @param path of the collection in the API.
     */
    NamedCommand(final String path) {
        this.path = path;
    }

    ClientOptions client() {
        return client;
    }

    String pathOf(final String name) {
        return path + "/" + ApiClient.segment(name);
    }

    /** Shows one thing as JSON, whether or not {@code --json} is given. */
    abstract static class Inspect extends NamedCommand {
        @Parameters(paramLabel = "NAME", description = "Its name.")
        private String name;

        Inspect(final String path) {
            super(path);
        }

        @Override
        public Integer call() {
            client().print(client().api().get(pathOf(name)), ClientOptions::pretty);
            return 0;
        }
    }

    /** Removes several things, as docker does: each on its own, and the command fails if one of them failed. */
    abstract static class Remove extends NamedCommand {
        @Parameters(paramLabel = "NAME", arity = "1..*", description = "Their names.")
        private List<String> names;

        Remove(final String path) {
            super(path);
        }

        @Override
        public Integer call() {
            return removeEach(client(), names, this::pathOf);
        }
    }

    /**
     * Removes several things, each on its own.
     *
     * @param pathOf the thing's place in the API, by its name.
     * @return the command's status: 1 if one of them could not be removed.
     */
    static int removeEach(final ClientOptions client, final List<String> names, final UnaryOperator<String> pathOf) {
        int status = 0;
        final ArrayNode removed = ClientOptions.object().putArray("removed");
        for (final String name : names) {
            try {
                client.api().delete(pathOf.apply(name));
                removed.add(name);
            } catch (final CliException ex) {
                SluiceCli.printError(ex.getMessage());
                status = 1;
            }
        }
        client.print(ClientOptions.object().set("removed", removed), answer -> lines(removed));
        return status;
    }

    /** The names, one on each line. */
    static String lines(final JsonNode names) {
        final StringBuilder text = new StringBuilder();
        names.forEach(name -> text.append(name.asText()).append('\n'));
        return text.toString();
    }
}
