package org.sluice.control.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/** The JSON of the API's answers. Fields are added, never renamed. docs/api.md describes them. */
public final class Views {
    private Views() {
    }

    /** One subnet of a network. */
    public record Subnet(String subnet, String gateway, String ipRange) {
    }

    /**
     * A network.
     *
     * @param state     up, or down when it could not be restored.
     * @param endpoints by name.
     * @param counters  of {@code NetworkCounter}, in lower camel case; empty while it is down.
     * @param worker    null while it is down.
     * @param docker    null for one that is not Docker's.
     * @param overlay   null for a network of this host alone.
     */
    public record Network(String name, String state, List<Subnet> subnets, int mtu, boolean internal,
                          boolean sourceGuard, boolean icc, boolean masquerade, String hostInterface,
                          String gatewayMac, @Nullable String worker, List<String> endpoints,
                          Map<String, Long> counters, @Nullable Docker docker, @Nullable Overlay overlay) {
    }

    /** The settings of a network that spans hosts. */
    public record Overlay(int vni, boolean vtepLearning) {
    }

    /**
     * Another host of an overlay network.
     *
     * @param state     up, or down while its network is.
     * @param mtu       bytes of the longest packet that fits the path to it, encapsulated; null while it is down.
     * @param endpoints that are known to be there; the FDB shows those that were learned.
     * @param counters  of {@code PortCounter}, in lower camel case; empty while it is down.
     */
    public record Vtep(String network, int vni, String address, String state, @Nullable Integer mtu,
                       List<RemoteEndpoint> endpoints, Map<String, Long> counters) {
    }

    /** An endpoint on another host. */
    public record RemoteEndpoint(String mac, List<String> addresses) {
    }

    /**
     * Docker's names of a network or an endpoint.
     *
     * @param name of the network, or of the endpoint's container; null while Docker does not answer.
     */
    public record Docker(String id, @Nullable String name) {
    }

    /**
     * An endpoint.
     *
     * @param networkName as Docker's users know it, or the same as ours.
     * @param state     up, or gone when its interface or namespace is; created, while no container has joined.
     * @param netns     null while no container has joined.
     * @param addresses with prefix length.
     * @param counters  of {@code PortCounter}, in lower camel case; empty while it is gone since before a restart.
     * @param docker    null for one that is not Docker's.
     */
    public record Endpoint(String name, String network, String networkName, String state, @Nullable String netns,
                           String ifname, String mac, List<String> addresses, Map<String, Long> counters,
                           @Nullable Docker docker) {
    }

    /**
     * An FDB entry.
     *
     * @param port       the endpoint's name, or the host port's interface.
     * @param type       static or learned.
     * @param ageSeconds since it was last seen; null for a static one.
     */
    public record FdbEntry(String network, String mac, String port, String type, @Nullable Integer ageSeconds) {
    }

    /**
     * A published port or range of ports.
     *
     * @param container   the container's name, or null.
     * @param hostAddress null for all of the host's; 0.0.0.0 or :: for all of one family.
     */
    public record PortMap(String endpoint, @Nullable String container, String network, String protocol,
                          @Nullable String hostAddress, int hostFirst, int hostLast, int endpointFirst,
                          int endpointLast, String text) {
    }

    /**
     * One direction of a connection, as its packets arrive.
     *
     * @param sourcePort of an ICMP echo request its identifier.
     */
    public record Flow(String source, String destination, int sourcePort, int destinationPort, long packets,
                       long bytes) {
    }

    /**
     * A tracked connection.
     *
     * @param id             its place in the table, as long as it lives; later pages begin after it.
     * @param state          of TCP, or null.
     * @param timeoutSeconds until it is forgotten if nothing more comes.
     * @param status         UNREPLIED or ASSURED, SNAT, DNAT.
     */
    public record Connection(long id, String protocol, int protocolNumber, int family, @Nullable String state,
                             long timeoutSeconds, Flow original, Flow reply, List<String> status) {
    }

    /**
     * One next hop of a route.
     *
     * @param gateway null where the destination is on the link.
     * @param source  what masqueraded packets get; null for none.
     * @param uplink  whether the interface is one.
     */
    public record Hop(@Nullable String gateway, String iface, @Nullable String source, boolean uplink) {
    }

    /** A route of the kernel's main table. */
    public record Route(String destination, String type, int metric, List<Hop> hops) {
    }

    /** A neighbour on an uplink. */
    public record Neighbour(String address, String iface, String mac, String state) {
    }

    /** A forwarding worker. */
    public record Worker(String name, boolean alive, Map<String, Long> counters) {
    }

    /**
     * A port.
     *
     * @param kind host, endpoint, uplink, vtep or underlay.
     */
    public record Port(String name, String kind, String network, boolean up, Map<String, Long> counters) {
    }

    /** Frames dropped for one reason, over all workers. */
    public record Drop(String reason, String description, long frames) {
    }

    /** A distinct error of a worker. */
    public record WorkerError(int count, Instant first, Instant last, String message) {
    }

    /**
     * How the daemon is.
     *
     * @param health ok, or degraded.
     * @param issues why it is degraded.
     */
    public record Status(String health, List<String> issues, String version, long pid, long uptimeSeconds, String idle,
                         List<Worker> workers, List<Port> ports, List<Drop> drops, List<WorkerError> errors) {
    }
}
