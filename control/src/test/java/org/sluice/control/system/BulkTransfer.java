package org.sluice.control.system;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
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

import org.sluice.linux.NamespaceHandle;

/** Many bytes over one TCP connection, and whether those that arrive are those that were sent. */
final class BulkTransfer {
    private static final int PART_BYTES = 64 * 1024;
    private static final int TIMEOUT_MS = 20_000;

    private BulkTransfer() {
    }

    /**
     * Sends random bytes. Other bytes at the other end, or none for 20 s, fail the test.
     *
     * @param to      where a server listens for the while.
     * @param address of the server.
     * @return how long it took, in ms.
     */
    static long send(final NamespaceHandle from, final NamespaceHandle to, final String address, final int bytes) {
        try (ServerSocket server = Peers.in(to, () -> new ServerSocket(0))) {
            server.setSoTimeout(TIMEOUT_MS);
            final CompletableFuture<String> received = CompletableFuture.supplyAsync(() -> receive(server),
                task -> Thread.ofPlatform().daemon().name("bulk receiver").start(task));
            final long start = System.nanoTime();
            final String sent = send(from, new InetSocketAddress(address, server.getLocalPort()), bytes);
            final String arrived = received.get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
            if (!sent.equals(arrived)) {
                throw new AssertionError("sent " + sent + " but " + arrived + " arrived");
            }
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        } catch (final IOException | ExecutionException | TimeoutException ex) {
            throw new AssertionError("no transfer to " + address, ex);
        } catch (final InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new AssertionError(ex);
        }
    }

    private static String send(final NamespaceHandle from, final InetSocketAddress to, final int bytes) {
        return Peers.in(from, () -> {
            final MessageDigest digest = sha256();
            final Random random = new Random(bytes);
            final byte[] part = new byte[PART_BYTES];
            try (Socket socket = new Socket()) {
                socket.setSoTimeout(TIMEOUT_MS);
                socket.connect(to, TIMEOUT_MS);
                final OutputStream out = socket.getOutputStream();
                for (int sent = 0; sent < bytes; sent += PART_BYTES) {
                    random.nextBytes(part);
                    final int length = Math.min(PART_BYTES, bytes - sent);
                    digest.update(part, 0, length);
                    out.write(part, 0, length);
                }
                socket.shutdownOutput();
                // Wait for the receiver to close: only then has all of it arrived.
                socket.getInputStream().read();
            }
            return describe(bytes, digest);
        });
    }

    private static String receive(final ServerSocket server) {
        try (Socket socket = server.accept()) {
            socket.setSoTimeout(TIMEOUT_MS);
            final MessageDigest digest = sha256();
            final byte[] part = new byte[PART_BYTES];
            final InputStream in = socket.getInputStream();
            long received = 0;
            for (int length = in.read(part); length >= 0; length = in.read(part)) {
                digest.update(part, 0, length);
                received += length;
            }
            return describe(received, digest);
        } catch (final IOException ex) {
            return "not all: " + ex;
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
