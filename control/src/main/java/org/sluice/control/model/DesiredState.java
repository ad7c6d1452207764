package org.sluice.control.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

import org.sluice.control.base.ControlException;

/**
 * The networks and endpoints that should be there, by name, in the order they were made; published ports, address
 * pools, and the other hosts of overlay networks. The single truth that front ends edit. Owned by the control thread.
 */
public final class DesiredState {
    private final Map<String, NetworkSpec> networks = new LinkedHashMap<>();
    private final Map<String, EndpointSpec> endpoints = new LinkedHashMap<>();
    private final Map<String, Set<PortMapSpec>> portMaps = new LinkedHashMap<>();
    /** The same by protocol and first port: several only where their host addresses differ. */
    private final NavigableMap<Integer, List<PortMapSpec>> portMapsByStart = new TreeMap<>();
    private final Map<String, List<VtepSpec>> vteps = new LinkedHashMap<>();
    private final Map<String, PoolSpec> pools = new LinkedHashMap<>();
    private Aliases aliases = Aliases.NONE;

    /** Other names of networks and endpoints: those that Docker's users know. */
    public Aliases aliases() {
        return aliases;
    }

    public void aliases(final Aliases current) {
        aliases = current;
    }

    /** The human-readable name of an endpoint: its container's, where that is known. */
    public String shownName(final EndpointSpec endpoint) {
        return aliases.endpoints().getOrDefault(endpoint.name(), endpoint.name());
    }

    /** The human-readable name of a network: Docker's, where that is known. */
    public String shownName(final NetworkSpec network) {
        return aliases.networks().getOrDefault(network.name(), network.name());
    }

    public Collection<NetworkSpec> networks() {
        return networks.values();
    }

    public Collection<EndpointSpec> endpoints() {
        return endpoints.values();
    }

    public boolean hasNetwork(final String name) {
        return networks.containsKey(name);
    }

    /** Whether it is the name of a network's host port. */
    public boolean isHostInterface(final String name) {
        return networks.values().stream().anyMatch(network -> network.hostInterface().equals(name));
    }

    public boolean hasEndpoint(final String name) {
        return endpoints.containsKey(name);
    }

    /** Whether an endpoint is called so, by us or by Docker. */
    public boolean isEndpointCalled(final String name) {
        return hasEndpoint(aliases.endpointCalled(name, endpoints.keySet()));
    }

    /**
     * @throws ControlException when there is no such network.
     */
    public NetworkSpec network(final String name) {
        final NetworkSpec network = networks.get(aliases.networkCalled(name, networks.keySet()));
        if (network == null) {
            throw ControlException.notFound("there is no network \"" + name + "\"; see: sluice network ls");
        }
        return network;
    }

    /**
     * @throws ControlException when there is no such endpoint.
     */
    public EndpointSpec endpoint(final String name) {
        final EndpointSpec endpoint = endpoints.get(aliases.endpointCalled(name, endpoints.keySet()));
        if (endpoint == null) {
            throw ControlException.notFound("there is no endpoint \"" + name + "\"; see: sluice endpoint ls");
        }
        return endpoint;
    }

    public List<EndpointSpec> endpointsOf(final String network) {
        return endpoints.values().stream().filter(e -> e.network().equals(network)).toList();
    }

    public void put(final NetworkSpec network) {
        networks.put(network.name(), network);
    }

    public void put(final EndpointSpec endpoint) {
        endpoints.put(endpoint.name(), endpoint);
    }

    /** All published ports. */
    public List<PortMapSpec> portMaps() {
        return portMaps.values().stream().flatMap(Collection::stream).toList();
    }

    public Collection<PortMapSpec> portMapsOf(final String endpoint) {
        return portMaps.getOrDefault(endpoint, Set.of());
    }

    /** A published port that one packet could be meant for as well. */
    public Optional<PortMapSpec> clashing(final PortMapSpec map) {
        final int protocol = map.protocol() << Short.SIZE;
        for (final List<PortMapSpec> sameStart : portMapsByStart
            .subMap(protocol, true, protocol | map.hostLast(), true).descendingMap().values()) {
            for (final PortMapSpec other : sameStart) {
                if (map.clashesWith(other)) {
                    return Optional.of(other);
                }
                if (other.hostAddress() == null && other.hostLast() < map.hostFirst()) {
                    return Optional.empty(); // nothing reaches over a map for all addresses
                }
            }
        }
        return Optional.empty();
    }

    public void put(final PortMapSpec map) {
        portMaps.computeIfAbsent(map.endpoint(), name -> new LinkedHashSet<>()).add(map);
        portMapsByStart.computeIfAbsent(startOf(map), start -> new ArrayList<>()).add(map);
    }

    public void remove(final PortMapSpec map) {
        portMaps.getOrDefault(map.endpoint(), new HashSet<>()).remove(map);
        portMapsByStart.getOrDefault(startOf(map), new ArrayList<>()).remove(map);
    }

    /** Of all networks and address pools. */
    public List<IpPrefix> subnets() {
        return Stream.concat(networks.values().stream().flatMap(network -> network.subnets().stream())
            .map(SubnetSpec::subnet), pools.values().stream().map(PoolSpec::subnet)).toList();
    }

    /** The other hosts of all overlay networks. */
    public List<VtepSpec> vteps() {
        return vteps.values().stream().flatMap(Collection::stream).toList();
    }

    public List<VtepSpec> vtepsOf(final String network) {
        return vteps.getOrDefault(network, List.of());
    }

    /** The endpoints of a network that are known to be on other hosts. */
    public List<VtepSpec.RemoteEndpoint> remotesOf(final String network) {
        return vtepsOf(network).stream().flatMap(vtep -> vtep.endpoints().stream()).toList();
    }

    /** In place of those that the network had. */
    public void putVteps(final String network, final List<VtepSpec> wanted) {
        vteps.put(network, List.copyOf(wanted));
    }

    public Collection<PoolSpec> pools() {
        return pools.values();
    }

    /** The pool, if there is one. */
    public Optional<PoolSpec> pool(final String id) {
        return Optional.ofNullable(pools.get(id));
    }

    public void put(final PoolSpec pool) {
        pools.put(pool.id(), pool);
    }

    public void removePool(final String id) {
        pools.remove(id);
    }

    private static int startOf(final PortMapSpec map) {
        return map.protocol() << Short.SIZE | map.hostFirst();
    }

    /** With its VTEPs. */
    public void removeNetwork(final String name) {
        networks.remove(name);
        vteps.remove(name);
    }

    public void removeEndpoint(final String name) {
        endpoints.remove(name);
    }
}
