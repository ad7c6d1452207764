package org.sluice.datapath.nat;

import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;

/**
 * Finds a source port for a translated connection, so that no two connections share a translated tuple (RFC 4787, RFC
 * 5382). It keeps the endpoint's own port if that is free and in the range. Otherwise, it tries the ports in an order
 * that a keyed hash of the endpoint's address, protocol and port gives. So an endpoint's port has the same translated
 * port towards every destination where that is free (endpoint-independent mapping), without a table of mappings, and
 * nobody outside can tell it beforehand (RFC 6056).
 * <p>
 * The same port may serve connections to different destinations. When all tried ports towards one destination are
 * taken, a closed connection that only waits gives up its port. Without such a one, the endpoint with the most
 * connections loses one to an endpoint with fewer: an endpoint that has used up a destination's ports delays only
 * itself. Owned by the worker.
 */
public final class SourcePortAllocator {
    /** Tries before a closed connection gives up its port, and after a long search that found no free one. */
    private static final int FEW_TRIES = 64;
    /** Finds one free port in a hundred, all but surely. */
    private static final int MANY_TRIES = 1024;
    /** Long searches in vain are this far apart, so that they take a small part of the worker's time. */
    private static final long PAUSE_NS = 1_000_000;

    private final ConntrackTable table;
    private final int first;
    private final int last;
    private final long secret;
    private long lastVainNs;
    private boolean vain;

    /**
     * @param ports  ports to choose from.
     * @param secret makes the choice unpredictable.
     */
    public SourcePortAllocator(final ConntrackTable table, final NatPorts ports, final long secret) {
        this.table = table;
        first = ports.first();
        last = ports.last();
        this.secret = secret;
    }

    /**
     * Makes the reply tuple of a connection unique by choosing its destination port, which is the translated source
     * port.
     *
     * @param source    tuple whose source is the endpoint's own address and port.
     * @param reply     the whole reply tuple, with the endpoint's own choice as its port.
     * @param before    translated port of the connection that this one succeeds on the same endpoint's port, or 0. The
     *                  other end may still remember that connection, and sees from the sequence numbers that this is
     *                  the next.
     * @param portIndex of the endpoint that asks, or -1.
     * @return false when no port is free.
     */
    public boolean allocate(final long source, final long reply, final int before, final int portIndex,
                            final long nowNs) {
        final int wanted = FlowTuple.destinationPort(reply);
        return isToBeHad(reply, before, nowNs) || isToBeHad(reply, wanted, nowNs)
            || search(source, reply, portIndex, nowNs);
    }

    private boolean search(final long source, final long reply, final int portIndex, final long nowNs) {
        final int size = last - first + 1;
        final long hash = FlowTuple.hashOfSource(source, secret);
        int offset = (int) ((hash & 0xFFFF_FFFFL) * size >>> 32);
        int step = 0;
        final int held = portIndex < 0 ? Integer.MAX_VALUE - 1 : table.connectionsOf(portIndex);
        final int most = Math.min(size, vain && nowNs - lastVainNs < PAUSE_NS ? FEW_TRIES : MANY_TRIES);
        long victim = ConntrackTable.NONE;
        int victimPort = 0;
        int victimCount = held;
        for (int tries = 0; tries < most; tries++) {
            FlowTuple.destinationPort(reply, first + offset);
            final long ref = table.findAlive(reply, nowNs);
            if (ref == ConntrackTable.NONE) {
                return true;
            }
            final long connection = Connection.ofRef(ref);
            final int count =
                Connection.isClosed(connection) ? Integer.MAX_VALUE : table.ownersConnections(connection);
            if (count > victimCount) {
                victimCount = count;
                victim = connection;
                victimPort = FlowTuple.destinationPort(reply);
            }
            if (tries >= FEW_TRIES && victimCount == Integer.MAX_VALUE) {
                break;
            }
            if (step == 0) {
                step = stepThroughAll(hash >>> 32, size);
            }
            offset = (offset + step) % size;
        }
        if (most > FEW_TRIES && victimCount != Integer.MAX_VALUE) {
            vain = true;
            lastVainNs = nowNs;
        }
        if (victim == ConntrackTable.NONE) {
            return false;
        }
        FlowTuple.destinationPort(reply, victimPort);
        table.remove(victim);
        return true;
    }

    /** A step that has no divisor in common with the size, so that it comes to each port once. */
    private static int stepThroughAll(final long random, final int size) {
        int step = 1 + (int) (random % size);
        while (greatestCommonDivisor(step, size) != 1) {
            step++;
        }
        return step;
    }

    private static int greatestCommonDivisor(final int a, final int b) {
        int larger = a;
        int smaller = b;
        while (smaller != 0) {
            final int rest = larger % smaller;
            larger = smaller;
            smaller = rest;
        }
        return larger;
    }

    private boolean isToBeHad(final long reply, final int port, final long nowNs) {
        if (port < first || port > last) {
            return false;
        }
        FlowTuple.destinationPort(reply, port);
        return table.findAlive(reply, nowNs) == ConntrackTable.NONE;
    }
}
