package org.sluice.control.cli;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;

import org.jspecify.annotations.Nullable;

import org.sluice.control.http.UnixHttpClient;

/** Sends requests to the daemon's API and reads the answers. */
final class ApiClient {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path socket;

    ApiClient(final Path socket) {
        this.socket = socket;
    }

    JsonNode get(final String path) {
        return call("GET", path, null);
    }

    JsonNode post(final String path, final JsonNode body) {
        return call("POST", path, body);
    }

    void delete(final String path) {
        call("DELETE", path, null);
    }

    /** The same, for a resource that reports how it ended. */
    JsonNode deleteAndGet(final String path) {
        return call("DELETE", path, null);
    }

    /**
     * @return the answer's JSON, or a missing node where it has none.
     * @throws CliException when the daemon cannot be reached or refuses.
     */
    private JsonNode call(final String method, final String path, final @Nullable JsonNode body) {
        try {
            final UnixHttpClient.Answer answer = UnixHttpClient.call(socket, method, path,
                body == null ? new byte[0] : JSON.writeValueAsBytes(body));
            final JsonNode json =
                answer.body().length == 0 ? MissingNode.getInstance() : JSON.readTree(answer.body());
            if (!answer.isSuccess()) {
                throw new CliException(json.path("error").asText(answer.statusLine()));
            }
            return json;
        } catch (final IOException ex) {
            throw new CliException("cannot reach the daemon at " + socket + " (" + ex.getMessage()
                + "); is it running? start it with: sluice daemon", ex);
        }
    }

    /** A name as one segment of a path. */
    static String segment(final String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
