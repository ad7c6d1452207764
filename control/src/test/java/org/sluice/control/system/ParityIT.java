package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.BridgeParityHost;
import org.sluice.testbed.Lan;
import org.sluice.testbed.ParityHost;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceParityHost;

/**
 * Each scenario once on the kernel's bridge with iptables, and once on the switch: who reaches whom, which address is
 * seen, which error comes. The outcomes must be the same, but for what is named.
 */
@RequiresRoot
class ParityIT {
    private static final int CONNECTIONS = 1000;
    private static final int BURST = 2000;
    private static final int TRANSFER_BYTES = 64 << 20;
    private static final Pattern SENDER_OF_ERROR = Pattern.compile("(?s).*From ([0-9a-f.:]+?)[ :].*");

    /** One run: a host and what was seen on it. */
    private static final class Run implements AutoCloseable {
        private final Lan lan = new Lan();
        private final Peers peers = new Peers();
        private final Map<String, String> outcomes = new LinkedHashMap<>();
        private final ParityHost host;
        private final TestNamespace a;
        private final TestNamespace b;
        private final TestNamespace c;
        private final TestNamespace internal;
        private final TestNamespace quiet;

        private Run(final Function<Lan, ParityHost> kind) {
            host = kind.apply(lan);
            host.network("web", 77, true, false, true);
            host.network("other", 78, false, false, true);
            host.network("closed", 79, false, true, true);
            host.network("quiet", 80, false, false, false);
            a = host.container("web", "a");
            b = host.container("web", "b");
            c = host.container("other", "c");
            internal = host.container("closed", "d");
            quiet = host.container("quiet", "e");
            final TestNamespace f = host.container("quiet", "f");
            for (final TestNamespace server : new TestNamespace[] {b, c, f, lan.router()}) {
                peers.serveTcp(server, 80);
            }
            peers.serveTcp(host.namespace(), 2222);
            peers.serveUdp(b, 53);
            peers.serveUdp(lan.router(), Lan.WORLD, 53);
            peers.serveUdp(lan.router(), Lan.WORLD6, 53);
            host.publish("b", "8080:80");
            host.publish("b", "5353:53/udp");
            host.publish("b", "9000-9010:70-80");
            host.publish("b", "127.0.0.1:7000:80");
            host.publish("f", "8083:80");
            host.publish("b", "5454:54/udp");
        }

        private Map<String, String> run() {
            toTheWorld();
            fromTheWorld();
            amongThemselves();
            errors();
            bursts();
            manyAndLong();
            host.unpublish("b", "8080:80");
            tcp("a port taken back", lan.client1(), Lan.HOST, 8080);
            return outcomes;
        }

        private void toTheWorld() {
            tcp("egress", a, Lan.WORLD, 80);
            tcp("egress to one that refuses", a, Lan.WORLD, 81);
            udp("egress", a, Lan.WORLD, 53);
            udp("egress to one that refuses", a, Lan.WORLD, 54);
            tcp("egress of IPv6", a, Lan.WORLD6, 80);
            udp("egress of IPv6", a, Lan.WORLD6, 53);
            ping("egress", a, Lan.WORLD);
            ping("egress of IPv6", a, Lan.WORLD6);
            ping("20 kB egress", a, "-s", "20000", Lan.WORLD);
            ping("20 kB egress of IPv6", a, "-s", "20000", Lan.WORLD6);
            ping("20 kB to the host", a, "-s", "20000", Lan.HOST);
            outcomes.put("20 kB datagram out", brief(peers.askUdp(a, Lan.WORLD, 53, "x".repeat(20_000))));
            tcp("egress of the host itself", host.namespace(), Lan.WORLD, 80);
            tcp("egress of an internal network", internal, Lan.WORLD, 80);
        }

        private void fromTheWorld() {
            tcp("published, first client", lan.client1(), Lan.HOST, 8080);
            tcp("published, second client", lan.client2(), Lan.HOST, 8080);
            tcp("published range", lan.client1(), Lan.HOST, 9010);
            tcp("published, nobody there", lan.client1(), Lan.HOST, 9001);
            udp("published", lan.client1(), Lan.HOST, 5353);
            outcomes.put("20 kB datagram in", brief(peers.askUdp(lan.client1(), Lan.HOST, 5353, "x".repeat(20_000))));
            tcp("published of IPv6", lan.client1(), Lan.HOST6, 8080);
            tcp("published on loopback only", lan.client1(), Lan.HOST, 7000);
            tcp("not published", lan.client1(), Lan.HOST, 8081);
            tcp("the host's own service", lan.client1(), Lan.HOST, 2222);
            tcp("from the host by loopback", host.namespace(), "127.0.0.1", 8080);
            tcp("from the host by loopback alone", host.namespace(), "127.0.0.1", 7000);
            tcp("from the host by its address", host.namespace(), Lan.HOST, 8080);
            udp("from the host by its address", host.namespace(), Lan.HOST, 5353);
        }

        private void amongThemselves() {
            tcp("hairpin to another", a, Lan.HOST, 8080);
            tcp("hairpin to oneself", b, Lan.HOST, 8080);
            udp("hairpin", a, Lan.HOST, 5353);
            tcp("hairpin by the gateway", a, "10.77.0.1", 8080);
            tcp("the host's service by the gateway", a, "10.77.0.1", 2222);
            tcp("the host's service by its address", a, Lan.HOST, 2222);
            tcp("directly", a, "10.77.0.3", 80);
            tcp("another network", a, "10.78.0.2", 80);
            tcp("another network's published port", c, Lan.HOST, 8080);
            tcp("without icc", quiet, "10.80.0.3", 80);
            tcp("without icc, published", quiet, Lan.HOST, 8083);
        }

        private void errors() {
            outcomes.put("one hop", error(a, "-t", "1", Lan.WORLD));
            outcomes.put("one hop of IPv6", error(a, "-t", "1", Lan.WORLD6));
            outcomes.put("nobody there", error(a, "192.0.2.99"));
            final TestNamespace far = new TestNamespace();
            try {
                lan.router().exec("ip", "link", "add", "far", "mtu", "1300", "type", "veth", "peer", "name", "eth0",
                    "netns", far.name());
                lan.router().exec("ip", "addr", "add", "203.0.113.1/24", "dev", "far");
                lan.router().exec("ip", "link", "set", "far", "up");
                lan.router().exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
                far.exec("ip", "link", "set", "eth0", "mtu", "1300", "up");
                far.exec("ip", "addr", "add", "203.0.113.2/24", "dev", "eth0");
                far.exec("ip", "route", "add", "default", "via", "203.0.113.1");
                outcomes.put("too long", error(a, "-M", "do", "-s", "1400", "203.0.113.2"));
                outcomes.put("the path's MTU", String.valueOf(
                    a.exec("ip", "route", "get", "203.0.113.2").contains("mtu 1300")));
                ping("cut on the way", a, "-s", "1400", "203.0.113.2");
            } finally {
                far.close();
            }
        }

        private void bursts() {
            burst("in", lan.client1(), Lan.HOST, 5454, b);
            burst("in, IPv6", lan.client1(), Lan.HOST6, 5454, b);
            burst("out", a, Lan.WORLD, 54, lan.router());
            burst("directly", a, "10.77.0.3", 54, b);
        }

        /** Sends to a port where nobody listens, so that the receiver's kernel counts what has arrived. */
        private void burst(final String name, final TestNamespace from, final String address, final int port,
                           final TestNamespace to) {
            final long before = withoutPort(to);
            try (NetNamespace namespace = from.open();
                 DatagramSocket socket = namespace.call(() -> new DatagramSocket())) {
                final DatagramPacket packet =
                    new DatagramPacket(new byte[200], 200, new InetSocketAddress(address, port));
                for (int i = 0; i < BURST; i++) {
                    socket.send(packet);
                }
            } catch (final IOException ex) {
                throw new UncheckedIOException(ex);
            }
            for (int wait = 0; wait < 20 && withoutPort(to) - before < BURST; wait++) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            }
            outcomes.put("burst: " + name, withoutPort(to) - before + " of " + BURST);
        }

        private static long withoutPort(final TestNamespace to) {
            return Arrays.stream(to.exec("sh", "-c",
                "awk '/^Udp:/ {n = $3} END {print n}' /proc/net/snmp; awk '/^Udp6NoPorts/ {print $2}' /proc/net/snmp6")
                .strip().split("\\s+")).mapToLong(Long::parseLong).sum();
        }

        private void manyAndLong() {
            final List<Socket> sockets = new ArrayList<>();
            int answered = 0;
            try {
                for (int i = 0; i < CONNECTIONS; i++) {
                    sockets.add(peers.connect(i % 2 == 0 ? lan.client1() : lan.client2(), Lan.HOST, 8080));
                }
                for (final Socket socket : sockets) {
                    socket.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
                }
                for (final Socket socket : sockets) {
                    answered += new String(socket.getInputStream().readNBytes(15), StandardCharsets.US_ASCII)
                        .startsWith("192.0.2.2") ? 1 : 0;
                }
                outcomes.put("parallel connections", answered + " of " + CONNECTIONS);
                outcomes.put("a long transfer while ports come and go", transfer());
            } catch (final IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }

        private String transfer() throws IOException {
            peers.serveStream(b, 75, TRANSFER_BYTES);
            final Socket socket = peers.connect(lan.client1(), Lan.HOST, 9005);
            final InputStream in = socket.getInputStream();
            long sum = 0;
            for (int round = 0; round < 8; round++) {
                final byte[] part = in.readNBytes(TRANSFER_BYTES / 8);
                for (final byte one : part) {
                    sum += one & 0xFF;
                }
                host.publish("a", 10_000 + round + ":80");
                host.unpublish("a", 10_000 + round + ":80");
            }
            return in.read() == -1 ? "sum " + sum : "more than was sent";
        }

        private void tcp(final String name, final TestNamespace from, final String address, final int port) {
            outcomes.put("TCP: " + name, peers.askTcp(from, address, port));
        }

        private void udp(final String name, final TestNamespace from, final String address, final int port) {
            outcomes.put("UDP: " + name, peers.askUdp(from, address, port));
        }

        private void ping(final String name, final TestNamespace from, final String... arguments) {
            outcomes.put("ping: " + name, from.status(ping("3", arguments)) == 0 ? "ok" : "fails");
        }

        private static String[] ping(final String seconds, final String... arguments) {
            final List<String> command = new ArrayList<>(List.of("ping", "-c", "1", "-W", seconds));
            command.addAll(List.of(arguments));
            return command.toArray(String[]::new);
        }

        /** Who says what: "10.77.0.1: Time to live exceeded". */
        private String error(final TestNamespace from, final String... arguments) {
            final String said = from.tryExec(ping("4", arguments));
            final Matcher sender = SENDER_OF_ERROR.matcher(said);
            final String what = said.contains("exceeded") ? "time exceeded" : said.contains("mtu") ? "too long"
                : said.contains("Unreachable") ? "unreachable" : "nothing";
            return (sender.matches() ? sender.group(1) : "nobody") + ": " + what;
        }

        private static String brief(final String outcome) {
            return outcome.length() < 100 ? outcome : outcome.substring(0, outcome.indexOf(' ')) + " and "
                + outcome.substring(outcome.indexOf(' ') + 1).length();
        }

        @Override
        public void close() {
            peers.close();
            host.close();
            lan.close();
        }
    }

    @Test
    void shouldDoWhatTheKernelDoes() {
        final Map<String, String> kernel;
        try (Run run = new Run(BridgeParityHost::new)) {
            kernel = run.run();
        }
        final Map<String, String> sluice;
        try (Run run = new Run(SluiceParityHost::new)) {
            sluice = run.run();
        }
        assertTrue(kernel.size() > 40, "scenarios");
        final StringBuilder differences = new StringBuilder();
        kernel.forEach((scenario, outcome) -> {
            if (!outcome.equals(sluice.get(scenario))) {
                differences.append(scenario).append(": the kernel ").append(outcome).append(", the switch ")
                    .append(sluice.get(scenario)).append('\n');
            }
        });
        assertEquals("", differences.toString());
    }
}
