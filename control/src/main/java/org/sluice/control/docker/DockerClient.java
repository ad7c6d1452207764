package org.sluice.control.docker;

import java.io.IOException;
import java.nio.file.Path;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;

import org.sluice.control.http.UnixHttpClient;

/** Asks Docker's API on its socket. Never on the control thread: Docker may itself wait for us. */
class DockerClient {
    private final JsonMapper json = JsonMapper.builder().build();
    private final Path socket;

    DockerClient(final Path socket) {
        this.socket = socket;
    }

    /** Where Docker is asked. */
    Path socket() {
        return socket;
    }

    /**
     * Docker's lists; waits for the answers.
     *
     * @throws IOException when Docker does not answer, or has an error.
     */
    DockerInventory inventory() throws IOException {
        return DockerInventory.read(get("/networks"), get("/containers/json?all=1"));
    }

    private JsonNode get(final String target) throws IOException {
        final UnixHttpClient.Answer answer = UnixHttpClient.call(socket, "GET", target, new byte[0]);
        if (!answer.isSuccess()) {
            throw new IOException("Docker answers " + target + " with " + answer.statusLine());
        }
        return json.readTree(answer.body());
    }
}
