package org.sluice.linux.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.linux.bpf.IngressFilter;
import org.sluice.linux.bpf.Steering;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.TestNamespace;

/** A host with a packet ring and a steering on its interface up0, and the other end of that, w0, in a namespace. */
abstract class UplinkScene {
    static final int UDP = Steering.indexOf(17);

    private static final int UDP_PORT_OFFSET = 14 + 20 + 2;
    private static final int UDP_PORT_OFFSET_IPV6 = 14 + 40 + 2;

    private static final long WAIT_NANOS = 3_000_000_000L;
    private static final long QUIET_NANOS = 50_000_000L;

    final TestNamespace host = new TestNamespace();
    final TestNamespace wire = new TestNamespace();
    final NetNamespace opened = host.open();
    final FrameBatch batch = new FrameBatch();
    final Steering steering = new Steering(12);
    UplinkDevice device;
    IngressFilter ingress;

    @BeforeEach
    void connect() throws Exception {
        TestNamespace.run("ip", "-n", host.name(), "link", "add", "up0", "type", "veth", "peer", "name", "w0", "netns",
            wire.name());
        for (final String[] end : new String[][] {{host.name(), "up0", "10"}, {wire.name(), "w0", "1"}}) {
            TestNamespace.run("ip", "-n", end[0], "link", "set", "lo", "up");
            TestNamespace.run("ip", "-n", end[0], "addr", "add", "192.0.2." + end[2] + "/24", "dev", end[1]);
            TestNamespace.run("ip", "-n", end[0], "addr", "add", "2001:db8::" + end[2] + "/64", "dev", end[1],
                "nodad");
            TestNamespace.run("ip", "-n", end[0], "link", "set", end[1], "up");
        }
        final int index = opened.call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                return netlink.link("up0").orElseThrow().index();
            }
        });
        device = opened.call(() -> UplinkDevice.open("up0", index, steering.filterFd()));
        ingress = opened.call(() -> steering.attach(index, 0));
        for (final String address : new String[] {"192.0.2.10", "2001:db8::10"}) {
            steering.addAddress(InetAddress.getByName(address));
        }
        wire.exec("ping", "-c", "1", "-W", "5", "192.0.2.10");
        wire.exec("ping", "-c", "1", "-W", "5", "2001:db8::10");
        receive();
    }

    @AfterEach
    void clean() throws Exception {
        device.close();
        steering.close();
        batch.close();
        opened.close();
        host.close();
        wire.close();
    }

    static int wireIndex() {
        try (RouteNetlink netlink = new RouteNetlink()) {
            return netlink.link("w0").orElseThrow().index();
        }
    }

    void send(final String address, final int port) {
        wire.exec("bash", "-c", "echo hello > /dev/udp/" + address + "/" + port);
    }

    /** Waits for one frame: the kernel may pass it on by a thread of its own. */
    void receiveOne() {
        final long start = System.nanoTime();
        do {
            batch.clear();
            device.receive(batch);
        } while (batch.size() == 0 && System.nanoTime() - start < WAIT_NANOS);
        assertEquals(1, batch.size());
    }

    /** Family and destination port of the UDP packets that come, until no more come for a while. */
    List<String> receive() {
        final List<String> ports = new ArrayList<>();
        for (long last = System.nanoTime(); System.nanoTime() - last < QUIET_NANOS;) {
            batch.clear();
            device.receive(batch);
            for (int i = 0; i < batch.size(); i++) {
                final UnsafeBuffer frame = new UnsafeBuffer(batch.address(i), batch.length(i));
                final boolean ipv4 = frame.getByte(12) == 0x08;
                if (frame.getByte(ipv4 ? 23 : 20) == 17) {
                    final int at = ipv4 ? UDP_PORT_OFFSET : UDP_PORT_OFFSET_IPV6;
                    ports.add((ipv4 ? "4:" : "6:") + ((frame.getByte(at) & 0xFF) << 8 | frame.getByte(at + 1) & 0xFF));
                }
            }
            if (batch.size() > 0) {
                last = System.nanoTime();
            }
        }
        return ports;
    }

    long refusedByHost(final String table, final int column) {
        final String[] lines = host.exec("grep", table, "/proc/net/snmp").split("\n");
        return Long.parseLong(lines[1].split(" ")[column]);
    }

    /** A counter of /proc/net/snmp6. */
    long countedByHost(final String name) {
        return Long.parseLong(host.exec("awk", "$1 == \"" + name + "\" {print $2}", "/proc/net/snmp6").trim());
    }

    void sendFrom(final int source, final String address, final int port) throws Exception {
        try (DatagramSocket socket = wire.open().call(() -> new DatagramSocket(source))) {
            socket.send(new DatagramPacket(new byte[5], 5, new InetSocketAddress(address, port)));
        }
    }
}
