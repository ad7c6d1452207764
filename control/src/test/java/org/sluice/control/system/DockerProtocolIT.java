package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.sluice.control.http.UnixHttpClient;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.testbed.Await;
import org.sluice.testbed.SluiceHost;

/** Docker's plugin protocol, call by call, as engines of both kinds speak it, and as none should. No Docker runs. */
@RequiresRoot
@Tag("docker")
class DockerProtocolIT {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String NETWORK = "09d52faa336bbc840746cee7ae8c8951c435cc13a29b593c2371f384a0a1476f";
    private static final String ENDPOINT = "fcc47bfbfaf889939cffc80fcfcf3e065e70b38c53c4540a5542b05de4902008";
    private static final String SECOND = "aaa47bfbfaf889939cffc80fcfcf3e065e70b38c53c4540a5542b05de4902008";

    @TempDir
    private Path folder;
    private SluiceHost host;
    private Path socket;

    /** A call and its answer. */
    private record Golden(String call, String request, JsonNode answer) {
    }

    @BeforeEach
    void start() {
        socket = folder.resolve("plugins/sluice.sock");
        host = new SluiceHost(namespace -> { }, "--docker-socket", socket.toString(), "--docker-host",
            folder.resolve("docker.sock").toString());
    }

    @AfterEach
    void close() {
        host.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"20.10", "28"})
    void shouldAnswerAsEachEngineExpects(final String version) throws IOException {
        for (final Golden golden : golden(version)) {
            final UnixHttpClient.Answer answer = call(golden.call(), golden.request());
            assertEquals(200, answer.status(), golden.call());
            assertEquals(golden.answer(), JSON.readTree(answer.body()), golden.call() + " " + golden.request());
        }
        assertNothingIsLeft();
        assertFalse(host.log().contains("Exception"), host.log());
    }

    private static List<Golden> golden(final String version) throws IOException {
        final List<Golden> all = new ArrayList<>();
        String call = null;
        try (var in = DockerProtocolIT.class.getResourceAsStream("/docker/protocol-" + version + ".txt")) {
            for (final String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (line.startsWith("=> ")) {
                    final String[] parts = call.split(" ", 2);
                    all.add(new Golden(parts[0], parts.length > 1 ? parts[1] : "", JSON.readTree(line.substring(3))));
                } else if (!line.isBlank() && !line.startsWith("#")) {
                    call = line;
                }
            }
        }
        assertTrue(all.size() > 20, "calls");
        return all;
    }

    @Test
    void shouldPublishWhatDockerPassesAsRanges() throws IOException {
        for (final Golden golden : golden("20.10")) {
            call(golden.call(), golden.request());
            if ("NetworkDriver.EndpointOperInfo".equals(golden.call())) {
                break;
            }
        }
        assertEquals(List.of("127.0.0.1:5353->53/udp", "0.0.0.0:20000-20002->30000-30002/tcp",
            "0.0.0.0:8080->80/tcp", "0.0.0.0:9000->9/sctp").stream().sorted().toList(),
            host.json("port", "ls").findValuesAsText("text").stream().sorted().toList());
        final JsonNode endpoint = host.json("endpoint", "ls").get(0);
        assertEquals("[\"10.55.0.128/24\",\"fd55::2/64\"]", endpoint.path("addresses").toString());
        assertEquals(ENDPOINT, endpoint.path("docker").path("id").asText());
        assertEquals(1400, host.json("network", "ls").get(0).path("mtu").asInt());
        host.exec("ip", "link", "show", "sl-fcc47bfbfaf8");
    }

    @Test
    void shouldRefuseWrongCallsWithASentenceAndChangeNothing() throws IOException {
        ok("NetworkDriver.CreateNetwork", network(NETWORK, "10.55.0.0/24", ""));
        ok("NetworkDriver.CreateEndpoint", endpoint(ENDPOINT, "10.55.0.2/24", ""));
        ok("NetworkDriver.CreateEndpoint", endpoint(SECOND, "10.55.0.3/24", ""));
        ok("NetworkDriver.Join", target(ENDPOINT, "\"SandboxKey\":\"/var/run/docker/netns/x\","));
        ok("NetworkDriver.ProgramExternalConnectivity", target(ENDPOINT, ports(8080, 80)));
        ok("IpamDriver.RequestPool", "{\"Pool\":\"10.66.0.0/24\",\"AddressSpace\":\"local\"}");
        ok("IpamDriver.RequestAddress", "{\"PoolID\":\"local/10.66.0.0/24\",\"Address\":\"10.66.0.5\"}");
        final String state = Files.readString(host.stateDir().resolve("state.json"));
        final String links = host.exec("ip", "-br", "link");
        for (final String[] wrong : Stream.of(wrongCalls(), wrongIpamCalls()).flatMap(Arrays::stream).toList()) {
            final UnixHttpClient.Answer answer = call(wrong[1], wrong[2]);
            final JsonNode json = JSON.readTree(answer.body());
            final String error = json.path(wrong[1].startsWith("Ipam") ? "Error" : "Err").asText();
            final String what = wrong[1] + " " + wrong[2] + " gave " + json;
            assertTrue(error.contains(wrong[0]), what + ", not: " + wrong[0]);
            assertFalse(error.contains("\n") || error.contains("Exception"), what);
        }
        assertEquals(state, Files.readString(host.stateDir().resolve("state.json")));
        assertEquals(links, host.exec("ip", "-br", "link"));
        assertFalse(host.log().contains("Exception"), host.log());
        ok("NetworkDriver.DeleteEndpoint", target(ENDPOINT, ""));
        ok("NetworkDriver.DeleteEndpoint", target(SECOND, ""));
        ok("NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}");
        ok("IpamDriver.ReleasePool", "{\"PoolID\":\"local/10.66.0.0/24\"}");
        assertNothingIsLeft();
    }

    /** A part of the sentence, the call, its body. */
    private static String[][] wrongCalls() {
        final String other = "ffd52faa336bbc840746cee7ae8c8951c435cc13a29b593c2371f384a0a1476f";
        return new String[][] {
            {"there is no call", "NetworkDriver.MakeCoffee", "{}"},
            {"there is no call", "IpamDriver.MakeCoffee", "{}"},
            {"there is no call", "VolumeDriver.Create", "{}"},
            {"has no JSON", "NetworkDriver.CreateNetwork", ""},
            {"JSON is wrong", "NetworkDriver.CreateNetwork", "{"},
            {"JSON is wrong", "NetworkDriver.CreateNetwork", "[]"},
            {"JSON is wrong", "NetworkDriver.CreateNetwork", "{\"NetworkID\":7}"},
            {"JSON is wrong", "NetworkDriver.CreateNetwork", "{\"IPv4Data\":[null]}"},
            {"JSON is wrong", "NetworkDriver.CreateNetwork", "{\"IPv4Data\":{}}"},
            {"JSON is wrong", "IpamDriver.RequestPool", "{\"V6\":\"yes\"}"},
            {"is not a Docker id", "NetworkDriver.CreateNetwork", "{}"},
            {"is not a Docker id", "NetworkDriver.CreateNetwork", network("../../../../etc/passwd", "10.9.0.0/24",
                "")},
            {"has no subnet", "NetworkDriver.CreateNetwork", "{\"NetworkID\":\"" + other + "\"}"},
            {"there is a network", "NetworkDriver.CreateNetwork", network(NETWORK, "10.55.0.0/24", "")},
            {"overlaps 10.55.0.0/24", "NetworkDriver.CreateNetwork", network(other, "10.55.0.0/16", "")},
            {"is no subnet", "NetworkDriver.CreateNetwork", network(other, "nonsense", "")},
            {"has no room", "NetworkDriver.CreateNetwork", network(other, "0.0.0.0/0", "")},
            {"is not from 68 to", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"com.docker.network.driver.mtu\":\"12\"")},
            {"is not a number of bytes", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"com.docker.network.driver.mtu\":\"big\"")},
            {"neither true nor false", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"com.docker.network.bridge.enable_icc\":\"perhaps\"")},
            {"mode is nat", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"com.docker.network.bridge.gateway_mode_ipv4\":\"routed\"")},
            {"no option sluice.colour", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"sluice.colour\":\"red\"")},
            {"sluice.vni=x is not a number", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"sluice.vni\":\"x\"")},
            {"VNI 0 is not from 1", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"sluice.vni\":\"0\"")},
            {"give a --vni too", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"sluice.vtep_learning\":\"true\"")},
            {"is no interface name", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"com.docker.network.bridge.name\":\"far too long a name\"")},
            {"there is an interface lo", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"com.docker.network.bridge.name\":\"lo\"")},
            {"is no IP address", "NetworkDriver.CreateNetwork",
                network(other, "10.9.0.0/24", "\"com.docker.network.bridge.host_binding_ipv4\":\"here\"")},
            {"there is no network with the id", "NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + other + "\"}"},
            {"is not a Docker id", "NetworkDriver.DeleteNetwork", "{}"},
            {"there is an endpoint", "NetworkDriver.CreateEndpoint", endpoint(ENDPOINT, "10.55.0.9/24", "")},
            {"is not a Docker id", "NetworkDriver.CreateEndpoint", endpoint("", "10.55.0.9/24", "")},
            {"is in no subnet", "NetworkDriver.CreateEndpoint", endpoint(other, "10.56.0.9/24", "")},
            {"is the network's gateway", "NetworkDriver.CreateEndpoint", endpoint(other, "10.55.0.1/24", "")},
            {"is no IP address", "NetworkDriver.CreateEndpoint", endpoint(other, "10.55.0/24", "")},
            {"MAC address", "NetworkDriver.CreateEndpoint", endpoint(other, "10.55.0.9/24", "02:42:0a:37:00:02")},
            {"MAC address", "NetworkDriver.CreateEndpoint", endpoint(other, "10.55.0.9/24", "ff:ff:ff:ff:ff:ff")},
            {"\"nonsense\"", "NetworkDriver.CreateEndpoint", endpoint(other, "10.55.0.9/24", "nonsense")},
            {"there is no endpoint with the id", "NetworkDriver.Join", target(other, "\"SandboxKey\":\"/x\",")},
            {"names no SandboxKey", "NetworkDriver.Join", target(SECOND, "")},
            {"belongs to the sandbox", "NetworkDriver.Join", target(ENDPOINT, "\"SandboxKey\":\"/x\",")},
            {"no container has joined", "NetworkDriver.ProgramExternalConnectivity", target(SECOND, ports(80, 80))},
            {"no container has joined", "NetworkDriver.Leave", target(SECOND, "")},
            {"there is no endpoint with the id", "NetworkDriver.Leave", target(other, "")},
            {"there is no endpoint with the id", "NetworkDriver.DeleteEndpoint", target(other, "")},
            {"there is no endpoint with the id", "NetworkDriver.EndpointOperInfo", target(other, "")},
            {"there is no endpoint with the id", "NetworkDriver.RevokeExternalConnectivity", target(other, "")},
            {"no ports from 1", "NetworkDriver.ProgramExternalConnectivity", target(ENDPOINT, ports(8090, 0))},
            {"no ports from 1", "NetworkDriver.ProgramExternalConnectivity", target(ENDPOINT, ports(70_000, 80))},
            {"portmap is wrong", "NetworkDriver.ProgramExternalConnectivity",
                target(ENDPOINT, "\"Options\":{\"com.docker.network.portmap\":[{\"Proto\":\"tcp\"}]},")},
            {"is no IP address", "NetworkDriver.ProgramExternalConnectivity", target(ENDPOINT,
                "\"Options\":{\"com.docker.network.portmap\":[{\"Proto\":6,\"Port\":80,\"HostIP\":\"here\"}]},")},
            {"no protocol whose ports", "NetworkDriver.ProgramExternalConnectivity", target(ENDPOINT,
                "\"Options\":{\"com.docker.network.portmap\":[{\"Proto\":47,\"Port\":80}]},")},
        };
    }

    private static String[][] wrongIpamCalls() {
        return new String[][] {
            {"overlaps the address pool", "IpamDriver.RequestPool", "{\"Pool\":\"10.66.0.0/16\"}"},
            {"needs a --subnet", "IpamDriver.RequestPool", "{\"SubPool\":\"10.66.0.0/16\"}"},
            {"is not within", "IpamDriver.RequestPool", "{\"Pool\":\"10.67.0.0/24\",\"SubPool\":\"10.68.0.0/25\"}"},
            {"is not of IPv6", "IpamDriver.RequestPool", "{\"Pool\":\"10.67.0.0/24\",\"V6\":true}"},
            {"is no subnet", "IpamDriver.RequestPool", "{\"Pool\":\"nonsense\"}"},
            {"there is no address pool", "IpamDriver.ReleasePool", "{\"PoolID\":\"nonsense\"}"},
            {"names no PoolID", "IpamDriver.ReleasePool", "{}"},
            {"there is no address pool", "IpamDriver.RequestAddress", "{\"PoolID\":\"nonsense\"}"},
            {"is in use", "IpamDriver.RequestAddress", pool("10.66.0.5")},
            {"is not in the subnet", "IpamDriver.RequestAddress", pool("10.67.0.5")},
            {"broadcast", "IpamDriver.RequestAddress", pool("10.66.0.255")},
            {"is no IP address", "IpamDriver.RequestAddress", pool("nonsense")},
            {"is not in use", "IpamDriver.ReleaseAddress", pool("10.66.0.6")},
            {"is no IP address", "IpamDriver.ReleaseAddress", pool("")},
        };
    }

    @Test
    void shouldOutliveClientsThatSendRubbishOrHangUp() throws IOException {
        for (final String part : new String[] {"", "POST", "POST /NetworkDriver.CreateNetwork HTTP/1.1\r\n",
            "POST /NetworkDriver.CreateNetwork HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{\"NetworkID\":"}) {
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                client.write(ByteBuffer.wrap(part.getBytes(StandardCharsets.US_ASCII)));
            }
        }
        // One that does not wait for its answer: what it asked for is done, and it can ask again.
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            final String body = network(NETWORK, "10.55.0.0/24", "");
            client.write(ByteBuffer.wrap(("POST /NetworkDriver.CreateNetwork HTTP/1.1\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII)));
        }
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            client.write(ByteBuffer.wrap("POST /NetworkDriver.Join HTTP/1.1\r\nContent-Length: 40000000\r\n\r\n"
                .getBytes(StandardCharsets.US_ASCII)));
            final ByteBuffer answer = ByteBuffer.allocate(1000);
            client.read(answer);
            assertTrue(new String(answer.array(), StandardCharsets.US_ASCII).startsWith("HTTP/1.1 413"));
        }
        assertEquals(405, UnixHttpClient.call(socket, "GET", "/Plugin.Activate", new byte[0]).status());
        final Random random = new Random(7);
        for (final String version : new String[] {"20.10", "28"}) {
            for (int round = 0; round < 20; round++) {
                for (final Golden golden : golden(version)) {
                    final UnixHttpClient.Answer answer = call(golden.call(), mutate(golden.request(), random));
                    assertTrue(JSON.readTree(answer.body()).isObject(), golden.call());
                }
            }
        }
        for (final JsonNode endpoint : host.json("endpoint", "ls")) {
            ok("NetworkDriver.DeleteEndpoint", "{\"NetworkID\":\"" + host.json("network", "inspect",
                endpoint.path("network").asText()).path("docker").path("id").asText() + "\",\"EndpointID\":\""
                + endpoint.path("docker").path("id").asText() + "\"}");
        }
        for (final JsonNode network : host.json("network", "ls")) {
            ok("NetworkDriver.DeleteNetwork",
                "{\"NetworkID\":\"" + network.path("docker").path("id").asText() + "\"}");
        }
        for (final JsonNode pool : JSON.readTree(host.stateDir().resolve("state.json").toFile()).path("pools")) {
            for (int i = 0; i < pool.path("users").asInt(); i++) {
                ok("IpamDriver.ReleasePool", "{\"PoolID\":" + pool.path("id") + "}");
            }
        }
        assertNothingIsLeft();
        assertFalse(host.log().contains("Exception"), host.log());
    }

    @Test
    void shouldKeepNoConnectionThatItsClientHasClosed() throws IOException {
        final long pid = host.json("status").path("pid").asLong();
        ok("Plugin.Activate", "");
        final long before = openFiles(pid);
        for (int i = 0; i < 100; i++) {
            ok("NetworkDriver.GetCapabilities", "");
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                client.write(ByteBuffer.wrap("POST /Plugin.Activate HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII)));
                client.read(ByteBuffer.allocate(1000));
            }
        }
        final long deadline = System.nanoTime() + 5_000_000_000L;
        while (openFiles(pid) > before + 5 && System.nanoTime() < deadline) {
            SluiceHost.sleep(20);
        }
        assertTrue(openFiles(pid) <= before + 5, "files: " + openFiles(pid) + ", before " + before);
    }

    private static long openFiles(final long pid) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return files.count();
        }
    }

    /** From 28 on a container may have one gateway for each family; the second is told when the first is published. */
    @Test
    void shouldPublishAPortByOneEndpointForEachFamily() throws IOException {
        final String second = "bbd52faa336bbc840746cee7ae8c8951c435cc13a29b593c2371f384a0a1476f";
        ok("NetworkDriver.CreateNetwork", network(NETWORK, "10.55.0.0/24", ""));
        ok("NetworkDriver.CreateNetwork", "{\"NetworkID\":\"" + second + "\",\"IPv4Data\":[],\"IPv6Data\":[{\"Pool\":"
            + "\"fd55::/64\",\"Gateway\":\"fd55::1/64\"}]}");
        ok("NetworkDriver.CreateEndpoint", endpoint(ENDPOINT, "10.55.0.2/24", ""));
        ok("NetworkDriver.CreateEndpoint", "{\"NetworkID\":\"" + second + "\",\"EndpointID\":\"" + SECOND
            + "\",\"Interface\":{\"AddressIPv6\":\"fd55::2/64\"}}");
        ok("NetworkDriver.Join", target(ENDPOINT, "\"SandboxKey\":\"/var/run/docker/netns/x\","));
        ok("NetworkDriver.Join", target(SECOND, "\"SandboxKey\":\"/var/run/docker/netns/x\",")
            .replace(NETWORK, second));
        ok("NetworkDriver.ProgramExternalConnectivity", target(ENDPOINT, ports(8080, 80)));
        ok("NetworkDriver.ProgramExternalConnectivity", target(SECOND, ports(8080, 80)).replace(NETWORK, second));
        assertEquals(List.of("0.0.0.0", "::"), host.json("port", "ls").findValuesAsText("hostAddress").stream().sorted()
            .toList());
    }

    @Test
    void shouldNotLetAnEndpointThatIsGoneKeepItsPorts() throws IOException {
        ok("NetworkDriver.CreateNetwork", network(NETWORK, "10.55.0.0/24", ""));
        ok("NetworkDriver.CreateEndpoint", endpoint(ENDPOINT, "10.55.0.2/24", "02:00:00:00:00:09"));
        ok("NetworkDriver.Join", target(ENDPOINT, "\"SandboxKey\":\"/var/run/docker/netns/x\","));
        ok("NetworkDriver.ProgramExternalConnectivity", target(ENDPOINT, ports(8080, 80)));
        // The container ends while the daemon is not there to be told.
        host.kill();
        host.exec("ip", "link", "del", "sl-fcc47bfbfaf8");
        host.start();
        assertEquals("gone", host.json("endpoint", "ls").get(0).path("state").asText());
        ok("NetworkDriver.CreateEndpoint", endpoint(SECOND, "10.55.0.3/24", "02:00:00:00:00:09"));
        ok("NetworkDriver.Join", target(SECOND, "\"SandboxKey\":\"/var/run/docker/netns/y\","));
        ok("NetworkDriver.ProgramExternalConnectivity", target(SECOND, ports(8080, 80)));
        assertEquals(List.of("aaa47bfbfaf8"), host.json("port", "ls").findValuesAsText("endpoint"));
        ok("NetworkDriver.DeleteNetwork", "{\"NetworkID\":\"" + NETWORK + "\"}");
        assertNothingIsLeft();
    }

    private static String mutate(final String text, final Random random) {
        if (text.isEmpty()) {
            return "x".repeat(random.nextInt(3));
        }
        final StringBuilder mutated = new StringBuilder(text);
        for (int i = random.nextInt(3); i >= 0; i--) {
            final int at = random.nextInt(mutated.length());
            switch (random.nextInt(4)) {
                case 0 -> mutated.setLength(Math.max(1, at));
                case 1 -> mutated.setCharAt(at, (char) (' ' + random.nextInt(95)));
                case 2 -> mutated.deleteCharAt(mutated.length() > 1 ? at : 0).append(' ');
                default -> mutated.insert(at, mutated.substring(at, Math.min(mutated.length(), at + 20)));
            }
        }
        return mutated.toString();
    }

    private void assertNothingIsLeft() throws IOException {
        final JsonNode state = JSON.readTree(host.stateDir().resolve("state.json").toFile());
        for (final String kind : new String[] {"networks", "endpoints", "portMaps", "pools"}) {
            assertEquals("[]", state.path(kind).toString(), kind);
        }
        Await.untilTrue("no interface of the switch is left", () -> !host.exec("ip", "-br", "link").contains("sl"));
        assertEquals(1, host.exec("ip", "-br", "link").lines().count(), "interfaces");
        assertEquals("ok", host.json("status").path("health").asText());
    }

    private void ok(final String call, final String body) throws IOException {
        final UnixHttpClient.Answer answer = call(call, body);
        final JsonNode json = JSON.readTree(answer.body());
        final String what = call + " " + body + " gave " + json;
        assertTrue(answer.isSuccess(), what);
        assertFalse(json.has("Err"), what);
        assertFalse(json.has("Error"), what);
    }

    private UnixHttpClient.Answer call(final String call, final String body) {
        try {
            return UnixHttpClient.call(socket, "POST", "/" + call, body.getBytes(StandardCharsets.UTF_8));
        } catch (final IOException ex) {
            throw new UncheckedIOException(call + " " + body, ex);
        }
    }

    private static String network(final String id, final String subnet, final String option) {
        return "{\"NetworkID\":\"" + id + "\",\"Options\":{\"com.docker.network.generic\":{" + option
            + "}},\"IPv4Data\":[{\"Pool\":\"" + subnet + "\"}]}";
    }

    private static String endpoint(final String id, final String address, final String mac) {
        return "{\"NetworkID\":\"" + NETWORK + "\",\"EndpointID\":\"" + id + "\",\"Interface\":{\"Address\":\""
            + address + "\",\"MacAddress\":\"" + mac + "\"}}";
    }

    private static String target(final String endpoint, final String more) {
        return "{" + more + "\"NetworkID\":\"" + NETWORK + "\",\"EndpointID\":\"" + endpoint + "\"}";
    }

    private static String ports(final int host, final int container) {
        return "\"Options\":{\"com.docker.network.portmap\":[{\"Proto\":6,\"Port\":" + container + ",\"HostPort\":"
            + host + ",\"HostPortEnd\":" + host + "}]},";
    }

    private static String pool(final String address) {
        return "{\"PoolID\":\"local/10.66.0.0/24\",\"Address\":\"" + address + "\"}";
    }
}
