package org.sluice.control.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.sluice.control.model.PortMapSpec;

/** Connections through the proxy that one end closes before the other: all bytes arrive. On loopback. */
class HalfCloseTest {
    private static final byte[] QUESTION = "GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int TIMEOUT_MS = 20_000;

    private final HostProxy proxy = new HostProxy(true, 100, 100, 64 << 20);
    private final AtomicLong questionBytes = new AtomicLong();
    private ServerSocket server;
    private int answerBytes;

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        Thread.ofPlatform().daemon().start(this::serve);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        proxy.close();
    }

    /** Reads to the end of the question, then answers, and closes. */
    private void serve() {
        while (!server.isClosed()) {
            try (Socket accepted = server.accept()) {
                accepted.setSoTimeout(TIMEOUT_MS);
                questionBytes.set(drain(accepted.getInputStream()));
                accepted.getOutputStream().write(new byte[answerBytes]);
            } catch (final SocketException ex) {
                continue; // the client has gone, or the test is over
            } catch (final IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }
    }

    private static long drain(final InputStream in) throws IOException {
        final byte[] chunk = new byte[65_536];
        long total = 0;
        for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
            total += read;
        }
        return total;
    }

    /** Asks with an end of input behind the question, after some time; reads the answer a little later. */
    @ParameterizedTest
    @CsvSource({"127.0.0.1, 0, 0, 5, 100", "127.0.0.1, 0, 0, 10000000, 30", "127.0.0.1, 5, 0, 10000000, 20",
        "127.0.0.1, 0, 50, 10000000, 10", "::1, 0, 0, 10000000, 10", "::1, 20, 20, 1000000, 10"})
    void shouldCarryTheWholeAnswer(final String address, final int beforeEndMs, final int beforeReadMs,
                                   final int bytes, final int rounds) throws Exception {
        answerBytes = bytes;
        final InetAddress host = InetAddress.ofLiteral(address);
        final PortMapSpec map = publish(host);
        for (int round = 0; round < rounds; round++) {
            try (Socket client = connect(host, map)) {
                client.getOutputStream().write(QUESTION);
                Thread.sleep(beforeEndMs);
                client.shutdownOutput();
                Thread.sleep(beforeReadMs);
                assertEquals(bytes, drain(client.getInputStream()), "round " + round);
                assertEquals(QUESTION.length, questionBytes.get());
            }
        }
    }

    @Test
    void shouldCarryALongQuestionWhoseSenderHasClosed() throws Exception {
        answerBytes = 5;
        final InetAddress host = InetAddress.ofLiteral("127.0.0.1");
        final PortMapSpec map = publish(host);
        for (int round = 0; round < 10; round++) {
            try (Socket client = connect(host, map)) {
                client.getOutputStream().write(new byte[10_000_000]);
                client.shutdownOutput();
                assertEquals(5, drain(client.getInputStream()), "round " + round);
                assertEquals(10_000_000, questionBytes.get());
            }
        }
    }

    /** A client that resets takes nothing else with it. */
    @Test
    void shouldOutliveResets() throws Exception {
        answerBytes = 1_000_000;
        final InetAddress host = InetAddress.ofLiteral("127.0.0.1");
        final PortMapSpec map = publish(host);
        for (int round = 0; round < 20; round++) {
            try (Socket rude = connect(host, map)) {
                rude.getOutputStream().write(QUESTION);
                if (round % 2 == 0) {
                    rude.shutdownOutput();
                }
                rude.setSoLinger(true, 0);
            }
        }
        try (Socket client = connect(host, map)) {
            client.getOutputStream().write(QUESTION);
            client.shutdownOutput();
            assertEquals(answerBytes, drain(client.getInputStream()));
        }
    }

    private PortMapSpec publish(final InetAddress host) throws IOException {
        final int port;
        try (ServerSocket free = new ServerSocket(0, 1, host)) {
            port = free.getLocalPort();
        }
        final PortMapSpec map = new PortMapSpec("a", 6, host, port, port, server.getLocalPort());
        proxy.publish(map, List.of(server.getInetAddress()));
        assertEquals(List.of(), List.copyOf(proxy.failures()));
        return map;
    }

    private static Socket connect(final InetAddress host, final PortMapSpec map) throws IOException {
        final Socket client = new Socket();
        client.setSoTimeout(TIMEOUT_MS);
        client.connect(new InetSocketAddress(host, map.hostFirst()), TIMEOUT_MS);
        return client;
    }
}
