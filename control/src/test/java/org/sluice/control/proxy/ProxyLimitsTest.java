package org.sluice.control.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.control.model.PortMapSpec;

/** What the proxy does when there are more connections, datagrams or bytes than it has room for. On loopback. */
class ProxyLimitsTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.US_ASCII);
    private static final int TIMEOUT_MS = 5000;
    private static final int QUEUE_FULL_MS = 300;
    private static final int MAX_CONNECTIONS = 4;
    private static final int MAX_SESSIONS = 20;
    private static final int MAX_BYTES = 128 << 10;
    /** More than all socket buffers between the client and an endpoint that does not read. */
    private static final int MAX_IN_SOCKETS = 64 << 20;

    private final HostProxy proxy = new HostProxy(true, MAX_CONNECTIONS, MAX_SESSIONS, MAX_BYTES);
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() {
        CloseHelper.closeAll(open);
        proxy.close();
    }

    /** Both ends of a proxied connection. */
    private record Pair(Socket client, Socket endpoint) {
        void talk() throws IOException {
            client.getOutputStream().write(HELLO);
            assertArrayEquals(HELLO, endpoint.getInputStream().readNBytes(HELLO.length));
            endpoint.getOutputStream().write(HELLO);
            assertArrayEquals(HELLO, client.getInputStream().readNBytes(HELLO.length));
        }
    }

    /** A regular end would let what has come so far pass for the whole. */
    private static void requireReset(final Socket socket) {
        final SocketException reset = assertThrows(SocketException.class, () -> {
            final byte[] chunk = new byte[65_536];
            for (int count = 0; count >= 0; count = socket.getInputStream().read(chunk)) {
                continue;
            }
        });
        assertTrue(reset.getMessage().contains("reset"), reset.getMessage());
    }

    @Test
    void shouldEndTheConnectionThatIsIdleLongestOfThePortThatHasMost() throws Exception {
        final ServerSocket quiet = server();
        final ServerSocket busy = server();
        final InetSocketAddress quietPort = publish(6, quiet.getLocalPort());
        final InetSocketAddress busyPort = publish(6, busy.getLocalPort());
        final Pair oldest = connect(quietPort, quiet);
        final Pair first = connect(busyPort, busy);
        final Pair second = connect(busyPort, busy);
        final Pair third = connect(busyPort, busy);
        first.talk();
        final Pair late = connect(busyPort, busy);
        late.talk();
        requireReset(second.client());
        requireReset(second.endpoint());
        oldest.talk();
        first.talk();
        third.talk();
        assertEquals(1, proxy.connectionsGaveWay());
    }

    @Test
    void shouldHoldBackWhatTheEndpointDoesNotTake() throws Exception {
        final ServerSocket server = server();
        try (SocketChannel client = SocketChannel.open(publish(6, server.getLocalPort()));
             Socket endpoint = server.accept()) {
            endpoint.setSoTimeout(TIMEOUT_MS);
            final long sent = sendUntilStalled(client);
            assertTrue(sent < MAX_IN_SOCKETS, "the proxy has read " + sent);
            client.configureBlocking(true);
            endpoint.getInputStream().skipNBytes(sent);
            client.write(ByteBuffer.wrap(HELLO));
            assertArrayEquals(HELLO, endpoint.getInputStream().readNBytes(HELLO.length));
            assertEquals(0, proxy.connectionsGaveWay());
        }
    }

    @Test
    void shouldEndTheConnectionThatHoldsMoreThanThereIsRoomFor() throws Exception {
        final ServerSocket server = server();
        final InetSocketAddress port = publish(6, server.getLocalPort());
        final Pair other = connect(port, server);
        final Socket client = keep(new Socket());
        client.setSoTimeout(TIMEOUT_MS);
        client.connect(publish(6, fullServer().getLocalPort()), TIMEOUT_MS);
        client.getOutputStream().write(new byte[MAX_BYTES + 65_536]);
        assertEquals(0, proxy.connectionsGaveWay(), "the kernel holds it");
        client.shutdownOutput();
        requireReset(client);
        other.talk();
        connect(port, server).talk();
        assertEquals(1, proxy.connectionsGaveWay());
    }

    /** It answers no further connection: its queue is full. */
    private ServerSocket fullServer() throws IOException {
        final ServerSocket server = keep(new ServerSocket(0, 1, LOOPBACK));
        while (true) {
            final Socket waiting = keep(new Socket());
            try {
                waiting.connect(server.getLocalSocketAddress(), QUEUE_FULL_MS);
            } catch (final SocketTimeoutException ex) {
                return server;
            }
        }
    }

    @Test
    void shouldServeANewClientWhenThereAreTooManySessions() throws Exception {
        final DatagramSocket server = keep(new DatagramSocket(0, LOOPBACK));
        server.setSoTimeout(TIMEOUT_MS);
        final InetSocketAddress port = publish(17, server.getLocalPort());
        final DatagramSocket faithful = datagramSocket(port);
        for (int i = 0; i < 3 * MAX_SESSIONS; i++) {
            ask(datagramSocket(port), server);
            ask(faithful, server);
        }
        assertEquals(2 * MAX_SESSIONS + 1, proxy.sessionsGaveWay());
    }

    private static void ask(final DatagramSocket client, final DatagramSocket server) throws IOException {
        client.send(new DatagramPacket(HELLO, HELLO.length));
        final DatagramPacket question = new DatagramPacket(new byte[HELLO.length], HELLO.length);
        server.receive(question);
        server.send(question);
        client.receive(new DatagramPacket(new byte[HELLO.length], HELLO.length));
    }

    private DatagramSocket datagramSocket(final InetSocketAddress port) throws IOException {
        final DatagramSocket client = keep(new DatagramSocket(0, LOOPBACK));
        client.setSoTimeout(TIMEOUT_MS);
        client.connect(port);
        return client;
    }

    private static long sendUntilStalled(final SocketChannel client) throws Exception {
        client.configureBlocking(false);
        final ByteBuffer chunk = ByteBuffer.allocate(65_536);
        long sent = 0;
        for (int stalls = 0; stalls < 10 && sent < MAX_IN_SOCKETS;) {
            final int count = client.write(chunk.clear());
            sent += count;
            if (count > 0) {
                stalls = 0;
            } else {
                stalls++;
                Thread.sleep(20);
            }
        }
        return sent;
    }

    private Pair connect(final InetSocketAddress port, final ServerSocket server) throws IOException {
        final Socket client = keep(new Socket());
        client.setSoTimeout(TIMEOUT_MS);
        client.connect(port, TIMEOUT_MS);
        final Socket endpoint = keep(server.accept());
        endpoint.setSoTimeout(TIMEOUT_MS);
        return new Pair(client, endpoint);
    }

    private ServerSocket server() throws IOException {
        final ServerSocket server = keep(new ServerSocket(0, 50, LOOPBACK));
        server.setSoTimeout(TIMEOUT_MS);
        return server;
    }

    private <T extends AutoCloseable> T keep(final T socket) {
        open.add(socket);
        return socket;
    }

    /** On a port that nobody has just now. */
    private InetSocketAddress publish(final int protocol, final int endpointPort) throws IOException {
        final int port;
        try (ServerSocket tcp = new ServerSocket(0, 1, LOOPBACK);
             DatagramSocket free = new DatagramSocket(tcp.getLocalPort(), LOOPBACK)) {
            port = free.getLocalPort();
        }
        proxy.publish(new PortMapSpec("a", protocol, LOOPBACK, port, port, endpointPort), List.of(LOOPBACK));
        assertEquals(List.of(), List.copyOf(proxy.failures()));
        return new InetSocketAddress(LOOPBACK, port);
    }
}
