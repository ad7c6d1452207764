package org.sluice.control.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateStoreTest {
    @TempDir
    private Path folder;

    @Test
    void shouldKeepTheStateOverARestart() {
        final StateStore store = StateStore.open(folder.resolve("made"));
        final DesiredState state = store.state();
        final NetworkSpec network = new NetworkSpec("web",
            List.of(subnet("10.9.0.0/24", "10.9.0.1"), subnet("fd09::/64", "fd09::1")), 1400, true, false, true, false,
            "sl-web", "02:42:0a:09:00:01", 1,
            new DockerNetwork("0123456789abcdef", IpPrefix.parseAddress("192.0.2.10"), "eth"),
            new OverlaySpec(42, true));
        final VtepSpec vtep = new VtepSpec("web", IpPrefix.parseAddress("192.0.2.2"), List.of(
            new VtepSpec.RemoteEndpoint("02:42:0a:09:00:03", List.of(IpPrefix.parseAddress("10.9.0.3")))));
        final EndpointSpec endpoint = new EndpointSpec("web-1", "web", "/run/netns/x", 4026532177L, "eth0",
            "02:42:0a:09:00:02", List.of(IpPrefix.parseAddress("10.9.0.2"), IpPrefix.parseAddress("fd09::2")), 7,
            "fedcba9876543210");
        final PortMapSpec portMap = new PortMapSpec("web-1", 6, null, 8080, 8090, 80);
        final PoolSpec pool = new PoolSpec("local/10.9.0.0/24", IpPrefix.parse("10.9.0.0/24"),
            IpPrefix.parse("10.9.0.128/25"), 2, List.of(IpPrefix.parseAddress("10.9.0.129")),
            List.of(IpPrefix.parseAddress("10.9.0.129")));
        state.put(network);
        state.put(endpoint);
        state.put(portMap);
        state.put(pool);
        state.putVteps("web", List.of(vtep));

        store.save();
        final DesiredState loaded = StateStore.open(folder.resolve("made")).state();

        assertEquals(network, loaded.network("web"));
        assertEquals(endpoint, loaded.endpoint("web-1"));
        assertEquals(List.of(vtep), loaded.vteps());
        assertEquals(List.of(portMap), loaded.portMaps());
        assertEquals(List.of(pool), List.copyOf(loaded.pools()));
    }

    @Test
    void shouldStartEmptyAndRefuseWhatItCannotRead() throws Exception {
        assertEquals(0, StateStore.open(folder).state().networks().size());
        for (final String broken : new String[] {"", "null", "{", "{\"version\":2,\"networks\":[],\"endpoints\":[]}",
            "{\"version\":1}", "[]"}) {
            Files.writeString(folder.resolve("state.json"), broken);
            final UncheckedIOException ex = assertThrows(UncheckedIOException.class,
                () -> StateStore.open(folder), broken);
            assertTrue(ex.getMessage().contains("state.json"), ex.getMessage());
            assertEquals(broken, Files.readString(folder.resolve("state.json")), "it is left as it is");
        }
    }

    private static SubnetSpec subnet(final String subnet, final String gateway) {
        return new SubnetSpec(IpPrefix.parse(subnet), IpPrefix.parseAddress(gateway), IpPrefix.parse(subnet));
    }
}
