package org.sluice.control.cli;

import java.util.List;

import com.fasterxml.jackson.databind.node.ArrayNode;

/** Removes several things by name, as docker does: each on its own, and the command fails if one of them did. */
final class Removal {
    private Removal() {
    }

    /**
     * @return the exit status.
     */
    static int each(final List<String> names, final ClientOptions client, final String path) {
        int status = 0;
        final ArrayNode removed = ClientOptions.object().putArray("removed");
        for (final String name : names) {
            try {
                client.api().delete(path + "/" + ApiClient.segment(name));
                removed.add(name);
            } catch (final CliException ex) {
                SluiceCli.printError(ex.getMessage());
                status = 1;
            }
        }
        client.print(ClientOptions.object().set("removed", removed), answer -> {
            final StringBuilder text = new StringBuilder();
            removed.forEach(name -> text.append(name.asText()).append('\n'));
            return text;
        });
        return status;
    }
}
