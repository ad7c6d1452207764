package org.sluice.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.NamespaceHandle;

/**
 * Clients and servers in namespaces. A server answers every request with the client's address and the request itself,
 * so that a test sees both ends of the conversation.
 */
public final class Peers implements AutoCloseable {
    private static final int TIMEOUT_MS = 3000;

    private final List<AutoCloseable> open = new ArrayList<>();

    /** A TCP server on all addresses. */
    public void serveTcp(final NamespaceHandle namespace, final int port) {
        final ServerSocket server = in(namespace, () -> {
            final ServerSocket socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(port), 1024);
            return socket;
        });
        open.add(server);
        Thread.ofPlatform().daemon().start(() -> {
            while (!server.isClosed()) {
                try {
                    final Socket client = server.accept();
                    Thread.ofVirtual().start(() -> answer(client));
                } catch (final SocketException ex) {
                    return; // closed
                } catch (final IOException ex) {
                    throw new UncheckedIOException(ex);
                }
            }
        });
    }

    private static void answer(final Socket client) {
        try (client) {
            final byte[] request = new byte[1024];
            final int length = client.getInputStream().read(request);
            if (length > 0) {
                client.getOutputStream().write(reply(client.getInetAddress(), request, length));
            }
            // The client closes first.
            client.getInputStream().read();
        } catch (final IOException ex) {
            // The client sees it too, and tells the test.
            return;
        }
    }

    /** A TCP server that sends everything back. */
    public void serveEcho(final NamespaceHandle namespace, final int port) {
        final ServerSocket server = in(namespace, () -> new ServerSocket(port));
        open.add(server);
        Thread.ofPlatform().daemon().start(() -> {
            while (!server.isClosed()) {
                try {
                    final Socket client = server.accept();
                    Thread.ofVirtual().start(() -> echo(client));
                } catch (final IOException ex) {
                    return; // closed
                }
            }
        });
    }

    private static void echo(final Socket client) {
        try (client) {
            client.getInputStream().transferTo(client.getOutputStream());
        } catch (final IOException ex) {
            // The client sees it too, and tells the test.
            return;
        }
    }

    /** A TCP server that sends this many bytes to its first client; each byte is the number of its place. */
    public void serveStream(final NamespaceHandle namespace, final int port, final int bytes) {
        final ServerSocket server = in(namespace, () -> new ServerSocket(port));
        open.add(server);
        Thread.ofPlatform().daemon().start(() -> {
            final byte[] part = new byte[64 * 1024];
            for (int i = 0; i < part.length; i++) {
                part[i] = (byte) i;
            }
            try (Socket client = server.accept()) {
                for (int sent = 0; sent < bytes; sent += part.length) {
                    client.getOutputStream().write(part);
                }
            } catch (final IOException ex) {
                // The client sees it too, and tells the test.
                return;
            }
        });
    }

    /** A UDP server on all addresses. Its routes choose the address that it answers from. */
    public void serveUdp(final NamespaceHandle namespace, final int port) {
        serveUdp(namespace, "::", port);
    }

    /** A UDP server on one address. */
    public void serveUdp(final NamespaceHandle namespace, final String address, final int port) {
        final DatagramSocket server = in(namespace, () -> new DatagramSocket(new InetSocketAddress(address, port)));
        open.add(server);
        Thread.ofPlatform().daemon().start(() -> {
            final byte[] buffer = new byte[65_000];
            while (!server.isClosed()) {
                try {
                    final DatagramPacket request = new DatagramPacket(buffer, buffer.length);
                    server.receive(request);
                    final byte[] reply = reply(request.getAddress(), buffer, request.getLength());
                    server.send(new DatagramPacket(reply, reply.length, request.getSocketAddress()));
                } catch (final IOException ex) {
                    return; // closed
                }
            }
        });
    }

    private static byte[] reply(final InetAddress from, final byte[] request, final int length) {
        return (from.getHostAddress() + " " + new String(request, 0, length, StandardCharsets.US_ASCII))
            .getBytes(StandardCharsets.US_ASCII);
    }

    /** Says "hello" to a TCP server, and returns its answer or the reason why there is none. */
    public String askTcp(final NamespaceHandle from, final String address, final int port) {
        return in(from, () -> {
            try (Socket socket = new Socket()) {
                socket.setSoTimeout(TIMEOUT_MS);
                socket.connect(new InetSocketAddress(address, port), TIMEOUT_MS);
                socket.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
                final byte[] answer = new byte[1024];
                final int length = socket.getInputStream().read(answer);
                return length < 0 ? "closed" : new String(answer, 0, length, StandardCharsets.US_ASCII);
            } catch (final IOException ex) {
                return outcomeOf(ex);
            }
        });
    }

    /** Says "hello" to a UDP server, and returns its answer or the reason why there is none. */
    public String askUdp(final NamespaceHandle from, final String address, final int port) {
        return askUdp(from, address, port, "hello");
    }

    public String askUdp(final NamespaceHandle from, final String address, final int port, final String what) {
        return in(from, () -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.setSoTimeout(TIMEOUT_MS);
                socket.connect(new InetSocketAddress(address, port));
                final byte[] request = what.getBytes(StandardCharsets.US_ASCII);
                socket.send(new DatagramPacket(request, request.length));
                final DatagramPacket answer = new DatagramPacket(new byte[65_000], 65_000);
                socket.receive(answer);
                return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII);
            } catch (final IOException ex) {
                return outcomeOf(ex);
            }
        });
    }

    /** Opens a connection that stays open until this is closed. */
    public Socket connect(final NamespaceHandle from, final String address, final int port) {
        final Socket socket = in(from, () -> {
            final Socket connected = new Socket();
            connected.setSoTimeout(TIMEOUT_MS);
            connected.connect(new InetSocketAddress(address, port), TIMEOUT_MS);
            return connected;
        });
        open.add(socket);
        return socket;
    }

    private static String outcomeOf(final IOException ex) {
        final String message = String.valueOf(ex.getMessage());
        if (message.contains("refused") || ex instanceof PortUnreachableException) {
            return "refused";
        }
        if (message.contains("timed out")) {
            return "timeout";
        }
        return message.contains("unreachable") || message.contains("No route") ? "unreachable" : message;
    }

    /** Runs a task on a thread in the namespace. */
    public static <T> T in(final NamespaceHandle namespace, final Callable<T> task) {
        try (NetNamespace opened = namespace.open()) {
            return opened.call(task);
        }
    }

    @Override
    public void close() {
        for (final AutoCloseable each : open) {
            try {
                each.close();
            } catch (final Exception ex) {
                throw new IllegalStateException(ex);
            }
        }
    }
}
