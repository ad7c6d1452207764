package org.sluice.testbed;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.JsonNode;

import org.sluice.control.http.UnixHttpClient;
import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.NamespaceHandle;
import org.sluice.linux.testbed.TestNamespace;

/** Stands for a host where Sluice makes the overlay: a daemon with one network that spans hosts. */
public final class SluiceVxlanHost implements VxlanHost {
    public static final String NETWORK = "blue";

    private final SluiceHost sluice;
    private final Map<NamespaceHandle, String> endpoints = new HashMap<>();

    /**
     * @param host    with its underlay interface, eth0; it is closed with this.
     * @param options of {@code network create}, the VNI among them.
     */
    public SluiceVxlanHost(final TestNamespace host, final String... options) {
        sluice = new SluiceHost(host, namespace -> { }, "--uplink", UnderlayBridge.INTERFACE);
        final List<String> command = new ArrayList<>(List.of("network", "create", NETWORK));
        command.addAll(List.of(options));
        try {
            sluice.ok(command.toArray(String[]::new));
        } catch (final AssertionError ex) {
            close();
            throw ex;
        }
    }

    public SluiceHost sluice() {
        return sluice;
    }

    @Override
    public TestNamespace host() {
        return sluice.namespace();
    }

    /** The endpoint's name is "c" and the last byte of its MAC. */
    @Override
    public void attach(final NamespaceHandle container, final String mac, final String... addresses) {
        attach(NETWORK, container, mac, addresses);
    }

    /** The same to another network. */
    public void attach(final String network, final NamespaceHandle container, final String mac,
                       final String... addresses) {
        final String name = "c" + mac.substring(mac.length() - 2);
        try (NetNamespace opened = container.open()) {
            final List<String> command = new ArrayList<>(List.of("endpoint", "attach", network, "--netns",
                opened.path().toString(), "--name", name, "--mac", mac));
            for (final String address : addresses) {
                command.addAll(List.of("--ip", address.substring(0, address.indexOf('/'))));
            }
            sluice.ok(command.toArray(String[]::new));
        }
        endpoints.put(container, name);
    }

    @Override
    public void detach(final NamespaceHandle container) {
        sluice.ok("endpoint", "detach", endpoints.remove(container));
    }

    @Override
    public void addPeer(final String underlayAddress) {
        sluice.ok("vtep", "add", NETWORK, underlayAddress);
    }

    /** Gives the network just these VTEPs, each as {@link #vtep} writes it; an answer other than 200 fails the test. */
    public void putVteps(final String... vteps) {
        final UnixHttpClient.Answer answer = tryPutVteps("{\"vteps\":[" + String.join(",", vteps) + "]}");
        if (answer.status() != 200) {
            throw new AssertionError(new String(answer.body(), StandardCharsets.UTF_8));
        }
    }

    public UnixHttpClient.Answer tryPutVteps(final String body) {
        return sluice.call("PUT", "/v1/networks/" + NETWORK + "/vteps", body);
    }

    /** Asks the API, which answers faster than the command line. */
    public JsonNode get(final String path) {
        return sluice.get(path);
    }

    /** A VTEP in the API's words, with endpoints as {@link #endpoint} writes them. */
    public static String vtep(final String address, final String... remotes) {
        return "{\"address\":\"" + address + "\",\"endpoints\":[" + String.join(",", remotes) + "]}";
    }

    public static String endpoint(final String mac, final String... addresses) {
        return "{\"mac\":\"" + mac + "\",\"addresses\":["
            + Arrays.stream(addresses).map(address -> '"' + address + '"').collect(Collectors.joining(",")) + "]}";
    }

    /** The path MTU to a VTEP, as the daemon knows it now. */
    public int mtuTo(final String address) {
        for (final JsonNode vtep : sluice.json("vtep", "ls", NETWORK)) {
            if (address.equals(vtep.path("address").asText())) {
                return vtep.path("mtu").asInt();
            }
        }
        throw new AssertionError(address + " is no VTEP");
    }

    /** The number of frames that the daemon has dropped for this reason. */
    public long drops(final String reason) {
        for (final JsonNode drop : get("/v1/status").path("drops")) {
            if (reason.equals(drop.path("reason").asText())) {
                return drop.path("frames").asLong();
            }
        }
        return 0;
    }

    @Override
    public void close() {
        sluice.close();
    }
}
