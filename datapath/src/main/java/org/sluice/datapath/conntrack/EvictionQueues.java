package org.sluice.datapath.conntrack;

import java.util.Arrays;

import org.sluice.datapath.buffer.PortIndex;

/**
 * The connections that may give way to new ones, by {@link Worth}: all of them, and those of each endpoint. In each
 * queue the oldest comes first. So a victim is found in constant time, however large the table is. The queues are not
 * in the mapped file: a table that is resumed makes them anew. Owned by the worker.
 */
final class EvictionQueues {
    private static final int NO_PORT = -1;

    /** One queue for each worth. */
    private final LinkedQueues all;
    /** For each endpoint a queue for each worth. A connection has a node for each of its ends. */
    private final LinkedQueues ofPorts;
    private final byte[] worths;

    EvictionQueues(final int capacity) {
        all = new LinkedQueues(capacity, Worth.LASTING);
        ofPorts = new LinkedQueues(2 * capacity, PortIndex.LIMIT * Worth.LASTING);
        worths = new byte[capacity];
        Arrays.fill(worths, (byte) Worth.LASTING);
    }

    /** The worth by which a connection is queued now. */
    int worth(final int number) {
        return worths[number];
    }

    /** Queues a connection by its worth; {@link Worth#LASTING} takes it out. */
    void put(final int number, final long connection, final int worth) {
        final int before = worths[number];
        final int portA = portOf(Connection.ownerA(connection));
        final int portB = portOf(Connection.ownerB(connection));
        if (before != Worth.LASTING) {
            all.remove(before, number);
            if (portA != NO_PORT) {
                ofPorts.remove(queue(portA, before), 2 * number);
            }
            if (portB != NO_PORT) {
                ofPorts.remove(queue(portB, before), 2 * number + 1);
            }
        }
        worths[number] = (byte) worth;
        if (worth != Worth.LASTING) {
            all.append(worth, number);
            if (portA != NO_PORT) {
                ofPorts.append(queue(portA, worth), 2 * number);
            }
            if (portB != NO_PORT) {
                ofPorts.append(queue(portB, worth), 2 * number + 1);
            }
        }
    }

    /** The number of the connection that gives way first, or {@link LinkedQueues#NONE}. */
    int victim() {
        int number = LinkedQueues.NONE;
        for (int worth = 0; worth < Worth.LASTING && number == LinkedQueues.NONE; worth++) {
            number = all.first(worth);
        }
        return number;
    }

    /** The same among the endpoint's that count against its share. */
    int victimOf(final int portIndex) {
        int node = LinkedQueues.NONE;
        for (int worth = Worth.UNANSWERED; worth < Worth.LASTING && node == LinkedQueues.NONE; worth++) {
            node = ofPorts.first(queue(portIndex, worth));
        }
        return node == LinkedQueues.NONE ? LinkedQueues.NONE : node / 2;
    }

    private static int queue(final int portIndex, final int worth) {
        return portIndex * Worth.LASTING + worth;
    }

    private static int portOf(final int owner) {
        return owner == 0 ? NO_PORT : PortGenerations.indexOf(owner);
    }
}
