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
        }
        if (!map.isForAllAddresses() && Arrays.stream(indexes).allMatch(PortRangeIndex::isEmpty)) {
            byAddress.remove(map.hostHigh(), map.hostLow());
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
