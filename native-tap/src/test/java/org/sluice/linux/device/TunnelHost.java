package org.sluice.linux.device;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;

import org.sluice.linux.bpf.Steering;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.TestNamespace;

/**
 * One of two hosts with a wire between them, each a namespace of its own: 192.0.2.1 and 2001:db8::1 on the near one,
 * 192.0.2.2 and 2001:db8::2 on the far one. Each has a second address, 192.0.2.101 and so on.
 */
public final class TunnelHost implements AutoCloseable {
    static final int PORT = 4789;
    public static final String NEAR4 = "192.0.2.1";
    public static final String NEAR6 = "2001:db8:0:0:0:0:0:1";
    public static final String FAR4 = "192.0.2.2";
    public static final String FAR6 = "2001:db8:0:0:0:0:0:2";
    static final String OTHER_FAR4 = "192.0.2.102";
    public static final String OTHER_FAR6 = "2001:db8:0:0:0:0:0:102";
    public static final String LINK = "up0";

    private static final int SOCKET_BUFFER_BYTES = 4 << 20;
    private static final int WAIT_MS = 3000;
    private static final int QUIET_MS = 100;

    private final TestNamespace namespace = new TestNamespace();
    private final NetNamespace opened = namespace.open();

    private TunnelHost() {
        // Made in pairs.
    }

    /** The near one and the far one. */
    public static TunnelHost[] pair() {
        final TunnelHost[] hosts = {new TunnelHost(), new TunnelHost()};
        hosts[0].exec("ip", "link", "add", LINK, "type", "veth", "peer", "name", LINK, "netns",
            hosts[1].namespace.name());
        for (int i = 1; i <= 2; i++) {
            final TunnelHost host = hosts[i - 1];
            host.exec("ip", "link", "set", "lo", "up");
            // The link-local address need not be waited for either.
            host.exec("bash", "-c", "echo 0 > /proc/sys/net/ipv6/conf/" + LINK + "/accept_dad");
            host.exec("ip", "addr", "add", "192.0.2." + i + "/24", "dev", LINK);
            host.exec("ip", "addr", "add", "192.0.2.10" + i + "/24", "dev", LINK);
            host.exec("ip", "addr", "add", "2001:db8::" + i + "/64", "dev", LINK, "nodad");
            // Not for what the host sends: of IPv6 addresses that are alike, the last would be taken.
            host.exec("ip", "addr", "add", "2001:db8::10" + i + "/64", "dev", LINK, "nodad", "preferred_lft", "0");
            host.exec("ip", "link", "set", LINK, "up");
        }
        return hosts;
    }

    public String exec(final String... command) {
        return namespace.exec(command);
    }

    public <T> T call(final Callable<T> task) {
        return opened.call(task);
    }

    /** Has both kernels know who the other one is, so that no packet waits for that and another one passes it. */
    public void meet(final String... others) {
        for (final String other : others) {
            namespace.exec("ping", "-c", "1", "-W", "5", other);
        }
    }

    public Link link() {
        return link(LINK);
    }

    public Link link(final String name) {
        return call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                return netlink.link(name).orElseThrow();
            }
        });
    }

    UdpTunnelDevice[] openTunnels(final int workers) {
        return call(() -> UdpTunnelDevice.open(PORT, workers));
    }

    public UdpTunnelDevice openTunnel() {
        return openTunnels(1)[0];
    }

    /** A socket of both families that anybody might have. */
    DatagramSocket socket(final int port) {
        return call(() -> {
            final DatagramSocket socket = new DatagramSocket(port);
            socket.setReceiveBufferSize(SOCKET_BUFFER_BYTES);
            return socket;
        });
    }

    /** Frames of one's own making, and a copy of what comes for these addresses. */
    UplinkDevice wire(final String... addresses) {
        final Link link = link();
        return call(() -> {
            try (Steering steering = new Steering(8)) {
                for (final String address : addresses) {
                    final InetAddress parsed = InetAddress.getByName(address);
                    steering.addPrefix(parsed, parsed.getAddress().length * 8);
                }
                return UplinkDevice.open(link.name(), link.index(), steering.filterFd());
            }
        });
    }

    /** Packets that have left by the interface. */
    long transmitted() {
        return Long.parseLong(namespace.exec("cat", "/sys/class/net/" + LINK + "/statistics/tx_packets").strip());
    }

    static void send(final DatagramSocket socket, final String address, final int port, final byte[] bytes)
        throws IOException {
        socket.send(new DatagramPacket(bytes, bytes.length, new InetSocketAddress(address, port)));
    }

    /** What a socket gets, until it has so many or nothing comes for long. */
    static List<DatagramPacket> receive(final DatagramSocket socket, final int count) throws IOException {
        final List<DatagramPacket> all = new ArrayList<>();
        try {
            socket.setSoTimeout(count == 0 ? QUIET_MS : WAIT_MS);
            while (all.size() < Math.max(1, count)) {
                final DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
                socket.receive(packet);
                all.add(packet);
            }
        } catch (final SocketTimeoutException ex) {
            return all;
        }
        return all;
    }

    static byte[] content(final DatagramPacket packet) {
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    @Override
    public void close() {
        opened.close();
        namespace.close();
    }
}
