package org.sluice.datapath.nat;

import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;

/**
 * Finds a source port for a translated connection, so that no two connections share a translated tuple (RFC 4787, RFC
 * 5382). It keeps the endpoint's own port if that is free and in the range, and otherwise picks one at random.
 * <p>
 * The same port may serve connections to different destinations. When all tried ports towards one destination are
 * taken, a closed connection that only waits gives up its port. Without such a one, the endpoint with the most
 * connections loses one to an endpoint with fewer: an endpoint that has used up a destination's ports delays only
 * itself. Owned by the worker.
 */
public final class SourcePortAllocator {
    private static final int TRIES = 64;

    private final ConntrackTable table;
    private final int first;
    private final int last;
    private final long secret;
    private long draws;

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
     * @param reply     the whole reply tuple, with the endpoint's own choice as its port.
     * @param before    translated port of the connection that this one succeeds on the same endpoint's port, or 0. The
     *                  other end may still remember that connection, and sees from the sequence numbers that this is
     *                  the next.
     * @param portIndex of the endpoint that asks, or -1.
     * @return false when no port is free.
     */
    public boolean allocate(final long reply, final int before, final int portIndex, final long nowNs) {
        final int wanted = FlowTuple.destinationPort(reply);
        if (isToBeHad(reply, before, nowNs) || isToBeHad(reply, wanted, nowNs)) {
            return true;
        }
        final int held = portIndex < 0 ? Integer.MAX_VALUE - 1 : table.connectionsOf(portIndex);
        long victim = ConntrackTable.NONE;
        int victimPort = 0;
        int most = held;
        for (int tries = 0; tries < TRIES; tries++) {
            FlowTuple.destinationPort(reply, draw(reply));
            final long ref = table.findAlive(reply, nowNs);
            if (ref == ConntrackTable.NONE) {
                return true;
            }
            final long connection = Connection.ofRef(ref);
            final int count =
                Connection.isClosed(connection) ? Integer.MAX_VALUE : table.ownersConnections(connection);
            if (count > most) {
                most = count;
                victim = connection;
                victimPort = FlowTuple.destinationPort(reply);
            }
        }
        if (victim == ConntrackTable.NONE) {
            return false;
        }
        FlowTuple.destinationPort(reply, victimPort);
        table.remove(victim);
        return true;
    }

    /** Draws a port with a keyed hash of the tuple and a counter, as in RFC 6056, 3.3.4. */
    private int draw(final long reply) {
        final long hash = FlowTuple.hash(reply, secret + ++draws * 0x9E37_79B9_7F4A_7C15L);
        return first + (int) ((hash >>> 8 & 0xFFFF_FFFFL) * (last - first + 1) >>> 32);
    }

    private boolean isToBeHad(final long reply, final int port, final long nowNs) {
        if (port < first || port > last) {
            return false;
        }
        FlowTuple.destinationPort(reply, port);
        return table.findAlive(reply, nowNs) == ConntrackTable.NONE;
    }
}
