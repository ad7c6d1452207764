package org.sluice.control.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;

/**
 * One request to the daemon's API and its answer, as plain HTTP/1.1 on a connection of its own that the server closes:
 * the answer ends where the stream does. Netty's HTTP codec would do the same and take 75 ms of the 300 that a command
 * may take, for its classes to initialize.
 */
final class ApiClient {
    private static final int BUFFER_BYTES = 16 * 1024;
    private static final byte[] END_OF_HEADERS = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
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

    /** The same, where there is something to say of what has ended. */
    JsonNode deleteAndGet(final String path) {
        return call("DELETE", path, null);
    }

    /**
     * @return the answer's JSON, or a missing node where it has none.
     * @throws CliException when the daemon cannot be reached or says no.
     */
    private JsonNode call(final String method, final String path, final JsonNode body) {
        try {
            final byte[] answer = exchange(method, path, body == null ? new byte[0] : JSON.writeValueAsBytes(body));
            final int headerEnd = indexOf(answer, END_OF_HEADERS);
            final byte[] content = Arrays.copyOfRange(answer, headerEnd + END_OF_HEADERS.length, answer.length);
            final JsonNode json = content.length == 0 ? MissingNode.getInstance() : JSON.readTree(content);
            final String statusLine = new String(answer, 0, headerEnd, StandardCharsets.US_ASCII).lines().findFirst()
                .orElse("");
            if (!statusLine.startsWith("HTTP/1.1 2")) {
                throw new CliException(json.path("error").asText(statusLine));
            }
            return json;
        } catch (final IOException ex) {
            throw new CliException("cannot reach the daemon at " + socket + " (" + ex.getMessage()
                + "); is it running? start it with: sluice daemon", ex);
        }
    }

    private byte[] exchange(final String method, final String path, final byte[] body) throws IOException {
        final String header = method + ' ' + path + " HTTP/1.1\r\nHost: sluice\r\nConnection: close\r\nContent-Length: "
            + body.length + "\r\n\r\n";
        final ByteBuffer out = ByteBuffer.allocate(header.length() + body.length)
            .put(header.getBytes(StandardCharsets.US_ASCII)).put(body).flip();
        final ByteArrayOutputStream answer = new ByteArrayOutputStream();
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            while (out.hasRemaining()) {
                channel.write(out);
            }
            final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES);
            while (channel.read(in.clear()) >= 0) {
                answer.write(in.array(), 0, in.position());
            }
        }
        return answer.toByteArray();
    }

    private static int indexOf(final byte[] bytes, final byte[] wanted) throws IOException {
        for (int i = 0; i + wanted.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
        throw new IOException("it closed the connection without an answer");
    }

    /** A name as one segment of a path. */
    static String segment(final String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
