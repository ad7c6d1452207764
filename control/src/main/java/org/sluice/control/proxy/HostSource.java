package org.sluice.control.proxy;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;

import org.jspecify.annotations.Nullable;

/** Chooses the host's address that an endpoint sees when a process of the host connects to a published port. */
final class HostSource {
    private HostSource() {
    }

    /**
     * The client's own address where that is one of the host's, as if no proxy stood between; or null, which leaves it
     * to the kernel: the gateway's, for a client that came by loopback or from another machine.
     */
    static @Nullable InetSocketAddress of(final InetSocketAddress client, final InetSocketAddress endpoint) {
        final InetAddress address = client.getAddress();
        final boolean fits = address instanceof Inet4Address == endpoint.getAddress() instanceof Inet4Address;
        return fits && !address.isLoopbackAddress() && !address.isLinkLocalAddress() && isLocal(address)
            ? new InetSocketAddress(address, 0) : null;
    }

    private static boolean isLocal(final InetAddress address) {
        try {
            return NetworkInterface.getByInetAddress(address) != null;
        } catch (final SocketException ex) {
            return false;
        }
    }
}
