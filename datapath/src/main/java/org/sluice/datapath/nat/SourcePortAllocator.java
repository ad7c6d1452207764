package org.sluice.datapath.nat;

import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;

/**
 * Finds a source port for a translated connection, so that no two connections share a translated tuple (RFC 4787, RFC
 * 5382). Where an endpoint's port is published, its connections leave from the published port. Otherwise, a connection
 * keeps its own port, unless another connection or the host has it, or the host may choose it any moment. Otherwise,
 * ports are tried in an order that a keyed hash of the endpoint's address, protocol and port gives: first those that
 * are reserved from the host, then the others. A privileged port stays a privileged one while it can, as in the kernel
 * (net/netfilter/nf_nat_core.c). So an endpoint's port has the same translated port towards every destination where
 * that is free (endpoint-independent mapping), without a table of mappings, and nobody outside can tell it beforehand
 * (RFC 6056).
 * <p>
 * The same port may serve connections to different destinations. When all tried ports towards one destination are
 * taken, a closed connection that only waits gives up its port. Without such a one, the endpoint with the most
 * connections loses one that is not established to an endpoint with fewer: an endpoint that has used up a destination's
 * ports delays only itself. Owned by the worker.
 */
public final class SourcePortAllocator {
    /** Tries in each range before a closed connection gives up its port, and after a long search in vain. */
    private static final int FEW_TRIES = 64;
    /** Finds one free port in a hundred, all but surely. */
    private static final int MANY_TRIES = 1024;
    /** Long searches in vain are this far apart, so that they take a small part of the worker's time. */
    private static final long PAUSE_NS = 1_000_000;
    /** Both classes of privileged ports (nf_nat_core.c). */
    private static final NatPorts LOW = new NatPorts(1, 511);
    private static final NatPorts PRIVILEGED = new NatPorts(600, 1023);

    private final ConntrackTable table;
    private final SourcePorts ports;
    private final PortMapTable portMaps;
    private final long secret;
    private long lastVainNs;
    private boolean vain;
    private int tried;
    /** The search: whose, in which order, and what it would end. */
    private long reply;
    private long hash;
    private long nowNs;
    private long victim;
    private int victimPort;
    private int victimCount;

    /**
     * @param ports    to choose from.
     * @param portMaps the published ports.
     * @param secret   makes the choice unpredictable.
     */
    public SourcePortAllocator(final ConntrackTable table, final SourcePorts ports, final PortMapTable portMaps,
                               final long secret) {
        this.table = table;
        this.ports = ports;
        this.portMaps = portMaps;
        this.secret = secret;
    }

    /**
     * Makes the reply tuple of a connection unique by choosing its destination port, which is the translated source
     * port.
     *
     * @param source    tuple whose source is the endpoint's own address and port.
     * @param answer    the whole reply tuple, with the endpoint's own choice as its port.
     * @param before    translated port of the connection that this one succeeds on the same endpoint's port, or 0. The
     *                  other end may still remember that connection, and sees from the sequence numbers that this is
     *                  the next.
     * @param portIndex of the endpoint that asks, or -1.
     * @return false when no port is free.
     */
    public boolean allocate(final long source, final long answer, final int before, final int portIndex,
                            final long now) {
        reply = answer;
        nowNs = now;
        final int wanted = FlowTuple.destinationPort(answer);
        final int published = portMaps.publishedPortOf(source, answer);
        if (published > 0 && isFree(published) || before > 0 && isToBeHad(before) && isFree(before)
            || ports.mayKeep(FlowTuple.protocol(answer), wanted) && isToBeHad(wanted) && isFree(wanted)) {
            return true;
        }
        hash = FlowTuple.hashOfSource(source, secret);
        return search(wanted, portIndex);
    }

    /** How many ports it has searched since the last call. */
    public int takeTries() {
        final int count = tried;
        tried = 0;
        return count;
    }

    private boolean search(final int wanted, final int portIndex) {
        victim = ConntrackTable.NONE;
        victimCount = portIndex < 0 ? Integer.MAX_VALUE - 1 : table.connectionsOf(portIndex);
        if (wanted > 0 && wanted < SourcePorts.FIRST && find(wanted <= LOW.last() ? LOW : PRIVILEGED, FEW_TRIES, true)
            || find(ports.slice(), FEW_TRIES, true) || find(ports.below(), FEW_TRIES, true)) {
            return true;
        }
        if (victimCount != Integer.MAX_VALUE && !(vain && nowNs - lastVainNs < PAUSE_NS)) {
            if (find(ports.slice(), MANY_TRIES, true) || find(ports.below(), MANY_TRIES, false)
                || find(ports.above(), MANY_TRIES, false)) {
                return true;
            }
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

    /** Tries ports of a range: all of a small one, some of a large one. Notes a connection that may give way. */
    private boolean find(final NatPorts range, final int most, final boolean keep) {
        final int size = range.last() - range.first() + 1;
        final int protocol = FlowTuple.protocol(reply);
        for (int attempt = 0; attempt < Math.min(size, most); attempt++) {
            final int port = range.first() + (size <= most ? inTurn(attempt, size) : atRandom(attempt, size));
            if ((keep ? ports.mayKeep(protocol, port) : ports.may(protocol, port)) && isUnpublished(port)) {
                tried++;
                FlowTuple.destinationPort(reply, port);
                final long ref = table.findAlive(reply, nowNs);
                if (ref == ConntrackTable.NONE) {
                    return true;
                }
                consider(Connection.ofRef(ref), port);
            }
        }
        return false;
    }

    private int inTurn(final int attempt, final int size) {
        return (int) (((hash & 0xFFFF_FFFFL) + attempt) % size);
    }

    /** Steps of one length, however long, may keep to a part of the range. */
    private int atRandom(final int attempt, final int size) {
        final long mixed = (hash + attempt * 0x9E37_79B9_7F4A_7C15L) * 0xD6E8_FEB8_6659_FD93L;
        return (int) (((mixed ^ mixed >>> 29) * 0xD6E8_FEB8_6659_FD93L >>> 32) * size >>> 32);
    }

    /** Notes the connection if it is the first to give way so far. */
    private void consider(final long connection, final int port) {
        final int count = Connection.isClosed(connection) ? Integer.MAX_VALUE : table.ownersConnections(connection);
        if (count > victimCount && table.mayGiveWay(connection)) {
            victimCount = count;
            victim = connection;
            victimPort = port;
        }
    }

    private boolean isToBeHad(final int port) {
        return ports.may(FlowTuple.protocol(reply), port) && isUnpublished(port);
    }

    /** Whether no endpoint's packets come by the port: only its own may leave from there. */
    private boolean isUnpublished(final int port) {
        FlowTuple.destinationPort(reply, port);
        return portMaps.find(reply) == null;
    }

    private boolean isFree(final int port) {
        FlowTuple.destinationPort(reply, port);
        return table.findAlive(reply, nowNs) == ConntrackTable.NONE;
    }
}
