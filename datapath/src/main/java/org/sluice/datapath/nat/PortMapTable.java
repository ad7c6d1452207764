package org.sluice.datapath.nat;

import java.util.Arrays;

import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.route.AddressTable;

/**
 * The published ports, by protocol, host address and port. A map for a single address precedes one for all addresses.
 * Only the first packet of a connection is looked up here. Owned by the worker.
 */
public final class PortMapTable {
    private static final int PROTOCOLS = 3;

    private final PortRangeIndex[] allIpv4 = scope();
    private final PortRangeIndex[] allIpv6 = scope();
    private final AddressTable<PortRangeIndex[]> byAddress = new AddressTable<>();
    /** By the endpoint's address. */
    private final AddressTable<PortMap[]> byEndpoint = new AddressTable<>();
    private int size;

    /** The map for a packet to this address and port of the host, or null. */
    public PortMap find(final int protocol, final boolean ipv4, final long high, final long low, final int port) {
        final int slot = slotOf(protocol);
        if (slot < 0 || size == 0) {
            return null;
        }
        final PortRangeIndex[] ofAddress = byAddress.get(high, low);
        final PortMap map = ofAddress == null ? null : ofAddress[slot].find(port);
        return map != null ? map : (ipv4 ? allIpv4 : allIpv6)[slot].find(port);
    }

    /** The map for packets of this tuple, or null. */
    public PortMap find(final long tuple) {
        return find(FlowTuple.protocol(tuple), FlowTuple.isIpv4(tuple), FlowTuple.destinationHigh(tuple),
            FlowTuple.destinationLow(tuple), FlowTuple.destinationPort(tuple));
    }

    /**
     * The host's port that leads to the source of these packets, or 0.
     *
     * @param tuple of an endpoint's packets.
     * @param reply whose destination is the address of the host that they leave with.
     */
    public int publishedPortOf(final long tuple, final long reply) {
        final PortMap[] maps = size == 0 ? null
            : byEndpoint.get(FlowTuple.sourceHigh(tuple), FlowTuple.sourceLow(tuple));
        if (maps == null) {
            return 0;
        }
        final int protocol = FlowTuple.protocol(tuple);
        final int port = FlowTuple.sourcePort(tuple);
        for (final PortMap map : maps) {
            final int hostPort = map.hostPort(port);
            if (map.protocol() == protocol && hostPort > 0 && (map.isForAllAddresses()
                || map.hostHigh() == FlowTuple.destinationHigh(reply)
                && map.hostLow() == FlowTuple.destinationLow(reply))) {
                return hostPort;
            }
        }
        return 0;
    }

    /**
     * Adds a map.
     *
     * @return false when it shares an address and port with another map; nothing is then changed.
     */
    public boolean add(final PortMap map) {
        final int slot = slotOf(map.protocol());
        if (slot < 0) {
            return false;
        }
        final PortRangeIndex index = scopeOf(map)[slot];
        if (index.overlapping(map.hostFirst(), map.hostLast()) != null) {
            return false;
        }
        index.add(map);
        size++;
        final PortMap[] others = byEndpoint.get(map.endpointHigh(), map.endpointLow());
        final PortMap[] all = others == null ? new PortMap[1] : Arrays.copyOf(others, others.length + 1);
        all[all.length - 1] = map;
        byEndpoint.put(map.endpointHigh(), map.endpointLow(), all);
        return true;
    }

    /** Removes the map of the same protocol, address and first port. A missing one is no error. */
    public void remove(final PortMap map) {
        final int slot = slotOf(map.protocol());
        final PortRangeIndex[] indexes = scopeOf(map);
        final PortMap found = slot < 0 ? null : indexes[slot].find(map.hostFirst());
        if (found != null && found.hostFirst() == map.hostFirst()) {
            indexes[slot].remove(map.hostFirst());
            size--;
            removeFromEndpoint(found);
        }
        if (!map.isForAllAddresses() && Arrays.stream(indexes).allMatch(PortRangeIndex::isEmpty)) {
            byAddress.remove(map.hostHigh(), map.hostLow());
        }
    }

    private void removeFromEndpoint(final PortMap map) {
        final PortMap[] rest = Arrays.stream(byEndpoint.get(map.endpointHigh(), map.endpointLow()))
            .filter(other -> other != map).toArray(PortMap[]::new);
        if (rest.length == 0) {
            byEndpoint.remove(map.endpointHigh(), map.endpointLow());
        } else {
            byEndpoint.put(map.endpointHigh(), map.endpointLow(), rest);
        }
    }

    public int size() {
        return size;
    }

    private PortRangeIndex[] scopeOf(final PortMap map) {
        if (map.isForAllAddresses()) {
            return map.ipv4() ? allIpv4 : allIpv6;
        }
        PortRangeIndex[] indexes = byAddress.get(map.hostHigh(), map.hostLow());
        if (indexes == null) {
            indexes = scope();
            byAddress.put(map.hostHigh(), map.hostLow(), indexes);
        }
        return indexes;
    }

    private static PortRangeIndex[] scope() {
        final PortRangeIndex[] indexes = new PortRangeIndex[PROTOCOLS];
        for (int i = 0; i < PROTOCOLS; i++) {
            indexes[i] = new PortRangeIndex();
        }
        return indexes;
    }

    private static int slotOf(final int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> 0;
            case IpProtocol.UDP -> 1;
            case IpProtocol.SCTP -> 2;
            default -> -1;
        };
    }
}
