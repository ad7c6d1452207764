package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.NamespaceHandle;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.testbed.DockerBridgeHost;
import org.sluice.testbed.DockerEngine;
import org.sluice.testbed.DockerEngine.Container;
import org.sluice.testbed.DockerHost;
import org.sluice.testbed.DockerParityHost;
import org.sluice.testbed.Lan;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;
import org.sluice.testbed.SluiceHost.Result;

/**
 * Each scenario once with {@code docker network create -d bridge} and once with {@code -d sluice}, with a real dockerd:
 * who reaches whom, which source address is seen, which error comes. The outcomes must be the same, but for what
 * {@link #DIFFERENCES} names.
 */
@RequiresRoot
@Tag("docker")
class DockerParityIT {
    private static final String HOST = Lan.HOST;
    private static final String GATEWAY = "10.77.0.1";

    /** Where Docker is worse, by scenario: what its bridge does, and what the switch does. */
    private static final Map<String, String[]> DIFFERENCES = Map.of(
        // docker-proxy answers datagrams from the address that the route chooses, not from the one that was asked.
        "UDP: published, from a neighbour by the host's address", new String[] {"timeout", "10.77.0.1 hello"},
        // docker-proxy stands between: the source is lost.
        "TCP: published, from another network", new String[] {"10.77.0.1 hello", "10.78.0.2 hello"},
        // 20.10 lets in whoever knows the container's address where any port of it is published; 28.0 does not.
        "TCP: a container's own address, from the wire", new String[] {"192.0.2.21 hello", "timeout"},
        // 20.10 gives containers of internal networks a default route that leads nowhere; 28.0 does not.
        "routes of an internal network", new String[] {"1", "0"},
        "TCP: to the world from an internal network", new String[] {"timeout", "unreachable"});

    /** One run: a host and what was seen on it. */
    private static final class Run implements AutoCloseable {
        private final Lan lan = new Lan();
        private final Peers peers = new Peers();
        private final Map<String, String> outcomes = new LinkedHashMap<>();
        private final DockerParityHost host;
        private final DockerEngine docker;
        private Container a;
        private Container b;
        private Container c;

        private Run(final Function<Lan, DockerParityHost> kind) {
            host = kind.apply(lan);
            docker = host.engine();
            peers.serveTcp(lan.router(), 80);
            peers.serveUdp(lan.router(), Lan.WORLD, 53);
            peers.serveTcp(host.namespace(), 2222);
        }

        private Map<String, String> run() {
            network("web", "--subnet", "10.77.0.0/24", "--ipv6", "--subnet", "fd77::/64");
            network("other", "--subnet", "10.78.0.0/24");
            a = docker.run("alpha", "--network", "web");
            b = docker.run("beta", "--network", "web", "--network-alias", "server", "-p", "8080:80", "-p",
                "5353:53/udp", "-p", "9000-9010:70-80", "-p", "127.0.0.1:7000:80", "-p", HOST + ":7001:80", "-p",
                "0.0.0.0:7002:80");
            c = docker.run("gamma", "--network", "other");
            serve(b);
            serve(c);
            peers.serveEcho(b, 79);
            names();
            egress();
            published();
            amongThemselves();
            restricted();
            severalNetworks();
            reuse();
            restarts();
            return outcomes;
        }

        private void serve(final Container container) {
            peers.serveTcp(container, 80);
            peers.serveUdp(container, 53);
        }

        private void network(final String name, final String... options) {
            final String[] command = new String[options.length + 5];
            System.arraycopy(new String[] {"network", "create", "-d", host.driver()}, 0, command, 0, 4);
            System.arraycopy(options, 0, command, 4, options.length);
            command[command.length - 1] = name;
            docker.docker(command);
        }

        private void names() {
            inside("ping by name", a, "ping", "-c", "1", "-W", "3", "beta");
            inside("ping by alias", a, "ping", "-c", "1", "-W", "3", "server");
            inside("ping to oneself by name", a, "ping", "-c", "1", "-W", "3", "alpha");
            inside("ping by a name of another network", a, "ping", "-c", "1", "-W", "3", "gamma");
            outcomes.put("TCP by name", inside(a, "echo hello | nc -w 3 beta 80"));
            outcomes.put("TCP by alias", inside(a, "echo hello | nc -w 3 server 80"));
            outcomes.put("look-up of an alias", inside(a, "nslookup server 127.0.0.11 | grep -c 10.77.0.3"));
            outcomes.put("look-up of IPv6", inside(a, "nslookup -type=aaaa beta 127.0.0.11 | grep -c fd77::3"));
            outcomes.put("interfaces", inside(b, "ip -o addr show scope global | awk '{print $2, $4}' | sort"));
            outcomes.put("routes", inside(b, "ip route | sed 's/ *$//' | sort"));
            outcomes.put("IPv6 default route", inside(b, "ip -6 route show default | awk '{print $3}'"));
            outcomes.put("MAC address", inside(b, "cat /sys/class/net/eth0/address"));
            outcomes.put("MTU", inside(b, "cat /sys/class/net/eth0/mtu"));
        }

        private void egress() {
            tcp("to the world", a, Lan.WORLD, 80);
            tcp("to the world, refused", a, Lan.WORLD, 81);
            udp("to the world", a, Lan.WORLD, 53);
            tcp("to the world by IPv6", a, Lan.WORLD6, 80);
            outcomes.put("ping to the world", inside(a, "ping -c 1 -W 3 " + Lan.WORLD + " >/dev/null; echo $?"));
            tcp("of the host to the world", host.namespace(), Lan.WORLD, 80);
        }

        private void published() {
            tcp("published, from the wire", lan.client1(), HOST, 8080);
            tcp("published, from the lan by IPv6", lan.client1(), Lan.HOST6, 8080);
            udp("published, from the wire", lan.client1(), HOST, 5353);
            tcp("a range", lan.client1(), HOST, 9010);
            tcp("a range, nobody there", lan.client1(), HOST, 9001);
            tcp("on loopback only, from the wire", lan.client1(), HOST, 7000);
            tcp("on loopback only, from the host", host.namespace(), "127.0.0.1", 7000);
            tcp("on an address of the host's", lan.client1(), HOST, 7001);
            tcp("on an address of the host's, by loopback", host.namespace(), "127.0.0.1", 7001);
            tcp("on all IPv4 addresses", lan.client1(), HOST, 7002);
            tcp("on all IPv4 addresses, by IPv6", lan.client1(), Lan.HOST6, 7002);
            tcp("on all IPv4 addresses, by IPv6 loopback", host.namespace(), "::1", 7002);
            tcp("not published", lan.client1(), HOST, 8081);
            tcp("the host's own service", lan.client1(), HOST, 2222);
            tcp("published, from the host by loopback", host.namespace(), "127.0.0.1", 8080);
            tcp("published, from the host by IPv6 loopback", host.namespace(), "::1", 8080);
            tcp("published, from the host by its address", host.namespace(), HOST, 8080);
            udp("published, from the host by loopback", host.namespace(), "127.0.0.1", 5353);
            udp("published, from the host by its address", host.namespace(), HOST, 5353);
            lan.client1().exec("ip", "route", "add", "10.77.0.0/24", "via", HOST);
            tcp("a container's own address, from the wire", lan.client1(), "10.77.0.3", 80);
            tcp("a container's own address, from the host", host.namespace(), "10.77.0.3", 80);
            outcomes.put("taken twice", String.valueOf(docker.tryDocker("run", "--rm", "--network", "web", "-p",
                "8080:80", DockerEngine.IMAGE, "true").status()));
            outcomes.put("taken by the host", String.valueOf(docker.tryDocker("run", "--rm", "--network", "web", "-p",
                "2222:80", DockerEngine.IMAGE, "true").status()));
        }

        private void amongThemselves() {
            tcp("directly", a, "10.77.0.3", 80);
            tcp("directly by IPv6", a, "fd77::3", 80);
            tcp("another network", a, "10.78.0.2", 80);
            tcp("published, from a neighbour by the host's address", a, HOST, 8080);
            udp("published, from a neighbour by the host's address", a, HOST, 5353);
            tcp("published, from a neighbour by the gateway", a, GATEWAY, 8080);
            tcp("hairpin to oneself", b, HOST, 8080);
            tcp("published, from another network", c, HOST, 8080);
            tcp("the host's service by the gateway", a, GATEWAY, 2222);
            tcp("the host's service by its address", a, HOST, 2222);
        }

        private void restricted() {
            network("closed", "--internal", "--subnet", "10.79.0.0/24");
            network("quiet", "--subnet", "10.80.0.0/24", "-o", "com.docker.network.bridge.enable_icc=false");
            network("bound", "--subnet", "10.81.0.0/24", "-o", "com.docker.network.bridge.host_binding_ipv4=127.0.0.1",
                "-o", "com.docker.network.driver.mtu=1400");
            final Container d = docker.run("delta", "--network", "closed");
            final Container e = docker.run("epsilon", "--network", "closed", "-p", "8090:80");
            serve(e);
            tcp("to the world from an internal network", d, Lan.WORLD, 80);
            tcp("within an internal network", d, "10.79.0.3", 80);
            tcp("published of an internal network", lan.client1(), HOST, 8090);
            outcomes.put("routes of an internal network", inside(d, "ip route | grep -c default"));
            tcp("to an internal network from another", a, "10.79.0.3", 80);
            final Container f = docker.run("zeta", "--network", "quiet");
            final Container g = docker.run("eta", "--network", "quiet", "-p", "8083:80");
            serve(g);
            tcp("without ICC", f, "10.80.0.3", 80);
            tcp("without ICC, to the world", f, Lan.WORLD, 80);
            tcp("without ICC, published from the wire", lan.client1(), HOST, 8083);
            final Container h = docker.run("theta", "--network", "bound", "-p", "8084:80");
            serve(h);
            tcp("bound to loopback, from the wire", lan.client1(), HOST, 8084);
            tcp("bound to loopback, from the host", host.namespace(), "127.0.0.1", 8084);
            outcomes.put("MTU of one's own", inside(h, "cat /sys/class/net/eth0/mtu"));
            docker.docker("rm", "-f", "delta", "epsilon", "zeta", "eta", "theta");
            docker.docker("network", "rm", "closed", "quiet", "bound");
            outcomes.put("port of one that is gone", peers.askTcp(lan.client1(), HOST, 8083));
        }

        private void severalNetworks() {
            final Container both = docker.run("iota", "--network", "web", "-p", "8085:80");
            serve(both);
            docker.docker("network", "connect", "--alias", "second", "other", "iota");
            outcomes.put("two networks: interfaces",
                inside(both, "ip -o -4 addr show scope global | awk '{print $2, $4}' | sort"));
            tcp("two networks: to the first", both, "10.77.0.3", 80);
            tcp("two networks: to the second", both, "10.78.0.2", 80);
            tcp("two networks: to the world", both, Lan.WORLD, 80);
            tcp("two networks: published", lan.client1(), HOST, 8085);
            inside("two networks: by alias", c, "ping", "-c", "1", "-W", "3", "second");
            outcomes.put("connect and disconnect under traffic", underTraffic(() -> {
                for (int i = 0; i < 3; i++) {
                    docker.docker("network", "disconnect", "other", "iota");
                    docker.docker("network", "connect", "other", "iota");
                }
            }));
            docker.docker("network", "disconnect", "web", "iota");
            tcp("disconnected: the first", both, "10.77.0.3", 80);
            tcp("disconnected: the second", both, "10.78.0.2", 80);
            tcp("disconnected: to the world", both, Lan.WORLD, 80);
            docker.docker("rm", "-f", "iota");
            // Beside the networks of the driver.
            final Container inner = docker.run("kappa", "--network", "container:beta");
            tcp("in another's namespace", inner, "10.77.0.2", 2222);
            outcomes.put("in the host's namespace", docker.docker("run", "--rm", "--network", "host",
                DockerEngine.IMAGE, "sh", "-c", "ip -o -4 addr show dev eth0 | awk '{print $4}'").strip());
            outcomes.put("in no network", docker.docker("run", "--rm", "--network", "none", DockerEngine.IMAGE, "sh",
                "-c", "ls /sys/class/net").strip());
            docker.docker("rm", "-f", "kappa");
        }

        /** A connection by a published port, to and fro, while something happens. */
        private String underTraffic(final Runnable what) {
            try (Socket socket = peers.connect(lan.client1(), HOST, 9009)) {
                socket.setSoTimeout(5000);
                exchange(socket);
                what.run();
                exchange(socket);
                return "unharmed";
            } catch (final IOException ex) {
                return String.valueOf(ex.getMessage());
            }
        }

        private static void exchange(final Socket socket) throws IOException {
            for (int i = 0; i < 100; i++) {
                socket.getOutputStream().write(i);
                if (socket.getInputStream().read() != i) {
                    throw new IOException("something else came back");
                }
            }
        }

        private void reuse() {
            docker.run("lambda", "--network", "web", "--ip", "10.77.0.99");
            docker.docker("rm", "-f", "lambda");
            docker.run("lambda", "--network", "web", "--ip", "10.77.0.98");
            outcomes.put("a name used again", inside(a, "ping -c 1 -W 3 lambda | head -1 | grep -c 10.77.0.98"));
            outcomes.put("an address used again", String.valueOf(docker.tryDocker("run", "--rm", "--network", "web",
                "--ip", "10.77.0.99", DockerEngine.IMAGE, "true").status()));
            outcomes.put("an address in use", String.valueOf(docker.tryDocker("run", "--rm", "--network", "web",
                "--ip", "10.77.0.98", DockerEngine.IMAGE, "true").status()));
            docker.docker("rm", "-f", "lambda");
            outcomes.put("a network in use", String.valueOf(docker.tryDocker("network", "rm", "web").status()));
        }

        private void restarts() {
            outcomes.put("restart of dockerd under traffic", underTraffic(() -> {
                docker.stop();
                docker.start();
            }));
            outcomes.put("restart of the daemon under traffic", underTraffic(host::restartSwitch));
            outcomes.put("kill -9 of the daemon under traffic", underTraffic(host::killSwitch));
            tcp("after restarts: published", lan.client1(), HOST, 8080);
            tcp("after restarts: directly", a, "10.77.0.3", 80);
            tcp("after restarts: to the world", a, Lan.WORLD, 80);
            inside("after restarts: ping by name", a, "ping", "-c", "1", "-W", "3", "beta");
            outcomes.put("UDP flow over a restart of its container", udpFlowOverRestart());
            peers.serveTcp(b, 80);
            tcp("after a restart of the container", lan.client1(), HOST, 8080);
            inside("after a restart of the container: by name", a, "ping", "-c", "1", "-W", "3", "beta");
            docker.docker("rm", "-f", "beta");
            tcp("published, once it is gone", lan.client1(), HOST, 8080);
        }

        /** A client that never stops sending, from one port. */
        private String udpFlowOverRestart() {
            try (DatagramSocket client = Peers.in(lan.client1(), () -> new DatagramSocket())) {
                client.connect(new InetSocketAddress(HOST, 5353));
                client.setSoTimeout(200);
                if (!isAnswered(client, 10)) {
                    return "no answer before";
                }
                final Thread restart = Thread.ofPlatform().start(() -> docker.docker("restart", "-t", "0", "beta"));
                while (restart.isAlive()) {
                    isAnswered(client, 1);
                }
                peers.serveUdp(b, 53);
                return isAnswered(client, 15) ? "goes on" : "dead";
            } catch (final IOException ex) {
                return String.valueOf(ex.getMessage());
            }
        }

        private static boolean isAnswered(final DatagramSocket client, final int tries) throws IOException {
            for (int i = 0; i < tries; i++) {
                try {
                    client.send(new DatagramPacket("hello".getBytes(StandardCharsets.US_ASCII), 5));
                    client.receive(new DatagramPacket(new byte[100], 100));
                    return true;
                } catch (final java.net.SocketTimeoutException | java.net.PortUnreachableException ex) {
                    SluiceHost.sleep(50);
                }
            }
            return false;
        }

        private void tcp(final String name, final NamespaceHandle from, final String address, final int port) {
            outcomes.put("TCP: " + name, peers.askTcp(from, address, port));
        }

        private void udp(final String name, final NamespaceHandle from, final String address, final int port) {
            outcomes.put("UDP: " + name, peers.askUdp(from, address, port));
        }

        private void inside(final String name, final Container container, final String... command) {
            outcomes.put(name, String.valueOf(container.exec(command).status()));
        }

        private static String inside(final Container container, final String script) {
            final Result result = container.exec("sh", "-c", script);
            return (result.out() + result.err()).strip();
        }

        @Override
        public void close() {
            peers.close();
            host.close();
            lan.close();
        }
    }

    @Test
    void shouldDoWhatDockersBridgeDoes() {
        final long start = System.nanoTime();
        final Map<String, String> bridge;
        try (Run run = new Run(lan -> new DockerBridgeHost(lan, "--live-restore"))) {
            bridge = run.run();
        }
        final Map<String, String> sluice;
        try (Run run = new Run(lan -> new DockerHost(lan, "--live-restore"))) {
            sluice = run.run();
        }
        System.out.printf("%d scenarios in %d s%n", bridge.size(), TimeUnit.NANOSECONDS.toSeconds(
            System.nanoTime() - start));
        final StringBuilder differences = new StringBuilder();
        bridge.forEach((scenario, outcome) -> {
            final String ours = sluice.get(scenario);
            final String[] named = DIFFERENCES.get(scenario);
            final boolean asExpected =
                named == null ? outcome.equals(ours) : outcome.equals(named[0]) && named[1].equals(ours);
            if (!asExpected) {
                differences.append(scenario).append(": Docker's bridge ").append(outcome).append(", the switch ")
                    .append(ours).append('\n');
            }
        });
        assertEquals("", differences.toString());
        assertTrue(bridge.size() > 80, "scenarios");
    }
}
