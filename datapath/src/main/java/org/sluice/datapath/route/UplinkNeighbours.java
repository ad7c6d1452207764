package org.sluice.datapath.route;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The neighbours of one uplink by address, in a table for each MTU: a route may allow its packets less than the uplink
 * takes, and two routes may lead to the same neighbour. There are few MTUs. Owned by the worker.
 */
final class UplinkNeighbours {
    private final List<AddressTable<NextHop>> tables = new ArrayList<>();
    private int[] mtus = new int[2];

    /** The table of the neighbours with this MTU. */
    AddressTable<NextHop> ofMtu(final int mtu) {
        for (int i = 0; i < tables.size(); i++) {
            if (mtus[i] == mtu) {
                return tables.get(i);
            }
        }
        return add(mtu);
    }

    private AddressTable<NextHop> add(final int mtu) {
        if (tables.size() == mtus.length) {
            mtus = Arrays.copyOf(mtus, 2 * mtus.length);
        }
        mtus[tables.size()] = mtu;
        tables.add(new AddressTable<>());
        return tables.getLast();
    }

    /** How many tables there are. */
    int size() {
        return tables.size();
    }

    /** The tables one by one. */
    AddressTable<NextHop> at(final int number) {
        return tables.get(number);
    }
}
