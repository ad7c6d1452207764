package org.sluice.control.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One HTTP request on a unix socket and its answer, on a connection of its own that the server closes: asked by
 * HTTP/1.0, the answer ends where the stream does. Netty's HTTP codec would do the same and take 75 ms of the 300 that
 * a command of the command line may take, for its classes to initialize.
 */
public final class UnixHttpClient {
    private static final int BUFFER_BYTES = 16 * 1024;
    private static final byte[] END_OF_HEADERS = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[01] (\\d{3})[^\r\n]*");

    private UnixHttpClient() {
    }

    /**
     * An answer.
     *
     * @param statusLine human-readable.
     */
    public record Answer(int status, String statusLine, byte[] body) {
        public boolean isSuccess() {
            return status / 100 == 2;
        }
    }

    /**
     * Asks and waits for the answer; a thread that is interrupted gives up.
     *
     * @param target path and query.
     * @throws IOException when the server cannot be reached, or does not speak HTTP.
     */
    public static Answer call(final Path socket, final String method, final String target, final byte[] body)
        throws IOException {
        final byte[] answer = exchange(socket, method, target, body);
        final int headerEnd = indexOf(answer, END_OF_HEADERS);
        final Matcher status = STATUS_LINE.matcher(new String(answer, 0, headerEnd, StandardCharsets.US_ASCII));
        if (!status.lookingAt()) {
            throw new IOException("this is not HTTP");
        }
        return new Answer(Integer.parseInt(status.group(1)), status.group(),
            Arrays.copyOfRange(answer, headerEnd + END_OF_HEADERS.length, answer.length));
    }

    private static byte[] exchange(final Path socket, final String method, final String target, final byte[] body)
        throws IOException {
        final String header = method + ' ' + target + " HTTP/1.0\r\nHost: sluice\r\nContent-Length: " + body.length
            + "\r\n\r\n";
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
}
