package org.sluice.control.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;

import org.junit.jupiter.api.Test;

import org.sluice.control.model.PortMapSpec;

/** The proxy on a kernel that cannot hand it connections: a socket a port. On loopback. */
class HostProxyTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.US_ASCII);
    private static final int TIMEOUT_MS = 3000;

    @Test
    void shouldServeEachPortBySocketsOfItsOwn() throws IOException {
        try (HostProxy proxy = new HostProxy(true, 100, 100, 64 << 20);
             ServerSocket server = new ServerSocket(0, 8, LOOPBACK);
             DatagramSocket datagrams = new DatagramSocket(0, LOOPBACK)) {
            final PortMapSpec tcp = mapTo(6, server.getLocalPort());
            final PortMapSpec udp = mapTo(17, datagrams.getLocalPort());
            proxy.publish(tcp, List.of(LOOPBACK));
            proxy.publish(udp, List.of(LOOPBACK));
            try (Socket client = new Socket()) {
                client.connect(new InetSocketAddress(LOOPBACK, tcp.hostFirst()), TIMEOUT_MS);
                client.getOutputStream().write(HELLO);
                try (Socket accepted = server.accept()) {
                    assertArrayEquals(HELLO, accepted.getInputStream().readNBytes(HELLO.length));
                }
            }
            try (DatagramSocket client = new DatagramSocket()) {
                client.setSoTimeout(TIMEOUT_MS);
                datagrams.setSoTimeout(TIMEOUT_MS);
                client.connect(LOOPBACK, udp.hostFirst());
                client.send(new DatagramPacket(HELLO, HELLO.length));
                final DatagramPacket received = new DatagramPacket(new byte[HELLO.length], HELLO.length);
                datagrams.receive(received);
                datagrams.send(received);
                client.receive(received);
                assertArrayEquals(HELLO, received.getData());
            }
            proxy.unpublish(tcp);
            proxy.unpublish(udp);
            try (Socket client = new Socket()) {
                assertThrows(ConnectException.class,
                    () -> client.connect(new InetSocketAddress(LOOPBACK, tcp.hostFirst()), TIMEOUT_MS));
            }
        }
    }

    @Test
    void shouldReportAPortThatItCannotServe() throws IOException {
        try (HostProxy proxy = new HostProxy(true, 100, 100, 64 << 20);
             ServerSocket taken = new ServerSocket(0, 1, LOOPBACK)) {
            final PortMapSpec map = new PortMapSpec("a", 6, LOOPBACK, taken.getLocalPort(), taken.getLocalPort(), 80);

            proxy.publish(map, List.of(LOOPBACK));

            assertEquals(1, proxy.failures().size());
            assertTrue(proxy.failures().iterator().next().startsWith(map + " cannot be reached from the host itself"));

            proxy.unpublish(map);

            assertEquals(0, proxy.failures().size());
        }
    }

    /** On a port that nobody has just now. */
    private static PortMapSpec mapTo(final int protocol, final int endpointPort) throws IOException {
        try (ServerSocket tcp = new ServerSocket(0, 1, LOOPBACK);
             DatagramSocket free = new DatagramSocket(tcp.getLocalPort(), LOOPBACK)) {
            return new PortMapSpec("a", protocol, LOOPBACK, free.getLocalPort(), free.getLocalPort(), endpointPort);
        }
    }
}
