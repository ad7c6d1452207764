package org.sluice.datapath.conntrack;

import java.util.function.LongConsumer;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * Reads a connection table while its worker writes it, without disturbing the worker. A connection that changes during
 * the copy may mix old and new counts, but never has another connection's tuples. Used by one thread.
 */
public final class ConntrackReader implements AutoCloseable {
    /** Receives connections. */
    public interface Visitor {
        /**
         * @param number     of the connection in its table.
         * @param connection address of a copy, valid during the call.
         * @return whether to go on.
         */
        boolean connection(int number, long connection);
    }

    private final ConntrackLayout layout;
    private final PortGenerations generations;
    private final OffHeapRegion copy = OffHeapRegion.anonymous(Connection.BYTES);

    /**
     * @param region that holds a {@link ConntrackTable}.
     */
    public ConntrackReader(final OffHeapRegion region) {
        layout = new ConntrackLayout(region.address());
        generations = layout.generations();
    }

    /** How many connections the table holds, including those whose end was not noticed yet. */
    public int size() {
        return layout.live();
    }

    /** Only connections with numbers below this may be in use. */
    public int highWater() {
        return layout.highWater();
    }

    /**
     * Visits the live connections.
     *
     * @param consumer receives the address of a copy, valid during the call.
     */
    public void forEach(final long nowNs, final LongConsumer consumer) {
        visit(0, nowNs, (number, connection) -> {
            consumer.accept(connection);
            return true;
        });
    }

    /**
     * Visits the live connections from a number on.
     *
     * @return whether the visitor has seen all of them.
     */
    public boolean visit(final int first, final long nowNs, final Visitor visitor) {
        final long address = copy.address();
        for (int number = first; number < layout.highWater(); number++) {
            final long connection = layout.connection(number);
            if (!Connection.has(connection, Connection.IN_USE)) {
                continue;
            }
            UnsafeApi.copyMemory(connection, address, Connection.BYTES);
            UnsafeApi.loadFence();
            final boolean unchanged = Connection.has(connection, Connection.IN_USE)
                && FlowTuple.equal(Connection.tuple(connection, Connection.ORIGINAL),
                    Connection.tuple(address, Connection.ORIGINAL))
                && FlowTuple.equal(Connection.tuple(connection, Connection.REPLY),
                    Connection.tuple(address, Connection.REPLY));
            if (unchanged && Connection.deadlineNs(address) - nowNs > 0
                && generations.isCurrent(Connection.ownerA(address))
                && generations.isCurrent(Connection.ownerB(address)) && !visitor.connection(number, address)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        copy.close();
    }
}
