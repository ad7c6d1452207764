package org.sluice.datapath.route;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.PortIndex;
import org.sluice.datapath.protocol.MacAddress;

/**
 * The next hops of one worker: one for each port, under the port's index, and one for each neighbour of an uplink. The
 * worker asks control for an unknown neighbour, which is unresolved until control sends its MAC address. Owned by the
 * worker.
 * <p>
 * Bounded: when all places are taken, the table looks at a few neighbours and evicts an unresolved one, otherwise the
 * least recently used one.
 */
public final class NextHopTable {
    private static final int MAX_NEIGHBOURS = 4096;
    private static final int EVICTION_TRIES = 32;
    private static final int FIRST_NEIGHBOUR = PortIndex.LIMIT;
    /**
     * A handle's low bits are the place. The others are a serial number. When it begins anew, so does the generation:
     * no connection then trusts a handle of before.
     */
    private static final int PLACE_BITS = Integer.SIZE - Integer.numberOfLeadingZeros(FIRST_NEIGHBOUR
        + MAX_NEIGHBOURS - 1);
    private static final int PLACE_MASK = (1 << PLACE_BITS) - 1;
    private static final int SERIAL_MASK = -1 >>> PLACE_BITS;

    private final NextHop[] hops = new NextHop[FIRST_NEIGHBOUR + MAX_NEIGHBOURS];
    private final UplinkNeighbours[] neighboursOfPort = new UplinkNeighbours[PortIndex.LIMIT];
    private final NeighbourRequests requests;
    private int neighbours;
    private int cursor = FIRST_NEIGHBOUR;
    private int generation = 1;
    private int lastSerial;

    /** Receives requests for the MAC addresses of neighbours. Called by the worker. */
    @FunctionalInterface
    public interface NeighbourRequests {
        /** Requests one neighbour. Must not block; the worker may call it again for the same one. */
        void onWanted(int portIndex, long high, long low);
    }

    public NextHopTable(final NeighbourRequests requests) {
        this.requests = requests;
    }

    /**
     * Changes with every event that may redirect a packet. Packets resolved under an earlier generation must be
     * resolved again.
     */
    public int generation() {
        return generation;
    }

    /** Notes that the routes have changed. */
    public void routesChanged() {
        generation++;
    }

    /** The next hop with this handle, or null if it is gone. */
    public NextHop get(final int handle) {
        final NextHop hop = hops[handle & PLACE_MASK];
        return hop != null && hop.handle() == handle ? hop : null;
    }

    /** The next hop of an endpoint's or host's port, or null. */
    public NextHop ofPort(final int portIndex) {
        return hops[portIndex];
    }

    /** Makes the next hop of an endpoint's or host's port. */
    public void addPort(final Port port) {
        final NextHop hop = new NextHop(handle(port.index()), port.index(), port.mtu(),
            port.domain().gateway().mac(), 0, 0);
        hop.resolve(port.identity().mac());
        hops[port.index()] = hop;
    }

    /** Makes room for the neighbours of an uplink. */
    public void addUplink(final Port port) {
        neighboursOfPort[port.index()] = new UplinkNeighbours();
        generation++;
    }

    /** Has packets to the neighbours of an uplink leave with what the port's MTU and MAC address are now. */
    public void uplinkChanged(final Port port) {
        for (int id = FIRST_NEIGHBOUR; id < hops.length; id++) {
            if (hops[id] != null && hops[id].portIndex() == port.index()) {
                hops[id].leaveWith(port.mtu(), port.identity().mac());
            }
        }
        generation++;
    }

    /** Forgets the port, and its neighbours if it is an uplink. */
    public void removePort(final int portIndex) {
        hops[portIndex] = null;
        if (neighboursOfPort[portIndex] != null) {
            neighboursOfPort[portIndex] = null;
            for (int id = FIRST_NEIGHBOUR; id < hops.length; id++) {
                if (hops[id] != null && hops[id].portIndex() == portIndex) {
                    hops[id] = null;
                    neighbours--;
                }
            }
            generation++;
        }
    }

    /**
     * The neighbour on the uplink; a new one is unresolved.
     *
     * @param routeMtu of the route that leads to it, in layer-3 bytes; 0 for that of the uplink.
     */
    public NextHop neighbour(final Port uplink, final long high, final long low, final int routeMtu,
                             final int nowSeconds) {
        final int mtu = routeMtu == 0 ? uplink.mtu() : Math.min(routeMtu, uplink.mtu());
        final AddressTable<NextHop> known = neighboursOfPort[uplink.index()].ofMtu(mtu);
        final NextHop hop = known.get(high, low);
        return hop != null ? hop : add(uplink, known, high, low, mtu, nowSeconds);
    }

    /** In how many forms the uplink's neighbours may be known: one for each MTU of the routes to them. */
    public int forms(final int portIndex) {
        return neighboursOfPort[portIndex] == null ? 0 : neighboursOfPort[portIndex].size();
    }

    /**
     * Notes what control found out. A group address is no neighbour's: packets to one host must not leave for many.
     *
     * @param form from 0 to below {@link #forms}.
     * @param mac  of the neighbour, or 0 if it does not answer.
     * @return the neighbour, or null if the table does not hold it.
     */
    public NextHop resolve(final int portIndex, final int form, final long high, final long low, final long mac) {
        final NextHop hop = neighboursOfPort[portIndex].at(form).get(high, low);
        if (hop != null) {
            if (mac == 0 || MacAddress.isGroup(mac)) {
                hop.unresolve();
            } else {
                hop.resolve(mac);
            }
        }
        return hop;
    }

    /** Asks again for neighbours in use, so that the kernel keeps them fresh. */
    public void refresh(final int nowSeconds, final int usedWithinSeconds) {
        for (int id = FIRST_NEIGHBOUR; id < hops.length && neighbours > 0; id++) {
            final NextHop hop = hops[id];
            if (hop != null && nowSeconds - hop.lastUsedSeconds() <= usedWithinSeconds) {
                requests.onWanted(hop.portIndex(), hop.high(), hop.low());
            }
        }
    }

    /** Asks for a neighbour that packets wait for, unless it was asked for just now. */
    public void ask(final NextHop hop, final int nowSeconds) {
        if (hop.isToBeAskedFor(nowSeconds)) {
            requests.onWanted(hop.portIndex(), hop.high(), hop.low());
        }
    }

    private NextHop add(final Port uplink, final AddressTable<NextHop> known, final long high, final long low,
                        final int mtu, final int nowSeconds) {
        final int place = neighbours < MAX_NEIGHBOURS ? freePlace() : evict(nowSeconds);
        final NextHop hop = new NextHop(handle(place), uplink.index(), mtu, uplink.identity().mac(), high, low);
        hops[place] = hop;
        neighbours++;
        known.put(high, low, hop);
        return hop;
    }

    private int handle(final int place) {
        if ((++lastSerial & SERIAL_MASK) == 0) {
            generation++;
        }
        return lastSerial << PLACE_BITS | place;
    }

    private int freePlace() {
        do {
            cursor = cursor + 1 < hops.length ? cursor + 1 : FIRST_NEIGHBOUR;
        } while (hops[cursor] != null);
        return cursor;
    }

    private int evict(final int nowSeconds) {
        int victim = -1;
        int longest = -1;
        for (int tries = 0; tries < EVICTION_TRIES; tries++) {
            cursor = cursor + 1 < hops.length ? cursor + 1 : FIRST_NEIGHBOUR;
            final int unused = hops[cursor].isResolved() ? nowSeconds - hops[cursor].lastUsedSeconds()
                : Integer.MAX_VALUE;
            if (unused > longest) {
                longest = unused;
                victim = cursor;
            }
        }
        final NextHop gone = hops[victim];
        neighboursOfPort[gone.portIndex()].ofMtu(gone.mtu()).remove(gone.high(), gone.low());
        hops[victim] = null;
        neighbours--;
        return victim;
    }
}
