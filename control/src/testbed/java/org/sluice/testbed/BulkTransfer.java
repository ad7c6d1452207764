package org.sluice.testbed;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.sluice.linux.testbed.NamespaceHandle;

/** Sends many bytes over one TCP connection, and checks that exactly these bytes arrive. */
public final class BulkTransfer {
    private static final int PART_BYTES = 64 * 1024;
    private static final int TIMEOUT_MS = 20_000;
    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(60);

    private BulkTransfer() {
    }

    /**
     * Sends random bytes. The test fails if other bytes arrive, if none arrive for 20 s, or if a minute is not enough.
     *
     * @param to      a server listens here during the transfer.
     * @param address of the server.
     * @return how long it took, in ms.
     */
    public static long send(final NamespaceHandle from, final NamespaceHandle to, final String address,
                            final int bytes) {
        try (ServerSocket server = Peers.in(to, () -> new ServerSocket(0))) {
            server.setSoTimeout(TIMEOUT_MS);
            final long start = System.nanoTime();
            final InetSocketAddress place = new InetSocketAddress(address, server.getLocalPort());
            try (Socket client = Peers.in(from, () -> connect(place))) {
                final CompletableFuture<String> received = CompletableFuture.supplyAsync(() -> receive(server, client),
                    task -> Thread.ofPlatform().daemon().name("bulk receiver").start(task));
                final String sent = send(client, bytes);
                final String arrived = received.get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
                if (!sent.equals(arrived)) {
                    throw new AssertionError("sent " + sent + " but " + arrived + " arrived");
                }
            }
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        } catch (final IOException | ExecutionException | TimeoutException | IllegalStateException ex) {
            throw new AssertionError("no transfer to " + address, ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }

    private static Socket connect(final InetSocketAddress place) throws IOException {
        final Socket socket = new Socket();
        socket.setSoTimeout(TIMEOUT_MS);
        socket.connect(place, TIMEOUT_MS);
        return socket;
    }

    private static String send(final Socket socket, final int bytes) {
        final MessageDigest digest = sha256();
        final Random random = new Random(bytes);
        final byte[] part = new byte[PART_BYTES];
        int sent = 0;
        try {
            final OutputStream out = socket.getOutputStream();
            while (sent < bytes) {
                random.nextBytes(part);
                final int length = Math.min(PART_BYTES, bytes - sent);
                digest.update(part, 0, length);
                out.write(part, 0, length);
                sent += length;
            }
            socket.shutdownOutput();
            // Wait for the receiver to close: only then has all of it arrived.
            socket.getInputStream().read();
        } catch (final IOException ex) {
            return sent + " bytes, and then: " + ex;
        }
        return describe(bytes, digest);
    }

    /**
     * @param client is closed after a failure: it may wait for room for ever.
     */
    private static String receive(final ServerSocket server, final Socket client) {
        long received = 0;
        final long deadline = System.nanoTime() + LIMIT_NS;
        try (Socket socket = server.accept()) {
            socket.setSoTimeout(TIMEOUT_MS);
            final MessageDigest digest = sha256();
            final byte[] part = new byte[PART_BYTES];
            final InputStream in = socket.getInputStream();
            for (int length = in.read(part); length >= 0; length = in.read(part)) {
                digest.update(part, 0, length);
                received += length;
                if (System.nanoTime() > deadline) {
                    throw new IOException("too slow");
                }
            }
            return describe(received, digest);
        } catch (final IOException ex) {
            closeQuietly(client);
            return "only " + received + " bytes, " + ex + ",";
        }
    }

    private static void closeQuietly(final Socket socket) {
        try {
            socket.close();
        } catch (final IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static String describe(final long bytes, final MessageDigest digest) {
        return bytes + " bytes, " + HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (final NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }
}
