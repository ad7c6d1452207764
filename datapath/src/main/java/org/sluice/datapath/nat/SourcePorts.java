package org.sluice.datapath.nat;

/**
 * The source ports and echo identifiers that one worker may give to translated connections. No two workers have one in
 * common, so that none need ask the others. Of the range that is reserved from the host, each has a slice. Of the other
 * ports, which the host may use too, each has those whose number leaves its own number when divided by their count.
 * Owned by the worker.
 */
public final class SourcePorts {
    /** The least port that is chosen for a connection that did not have it before. */
    static final int FIRST = 1024;
    static final int LAST = 65_535;

    private final NatPorts range;
    private final NatPorts slice;
    private final int number;
    private final int count;
    private final HostPorts host;

    /**
     * @param range  reserved from the host, of all workers.
     * @param number of the worker, from 0.
     * @param count  of workers.
     * @param host   what the host uses of the others.
     */
    public SourcePorts(final NatPorts range, final int number, final int count, final HostPorts host) {
        this.range = range;
        slice = range.slice(number, count);
        this.number = number;
        this.count = count;
        this.host = host;
    }

    /** Those of the only worker, on a host that uses none itself. */
    public SourcePorts(final NatPorts range) {
        this(range, 0, 1, HostPorts.NONE);
    }

    /** Of the reserved range. */
    NatPorts slice() {
        return slice;
    }

    /** The ports below the reserved range, down to {@link #FIRST}; may be none. */
    NatPorts below() {
        return new NatPorts(FIRST, range.first() - 1);
    }

    /** The ports above the reserved range; may be none. */
    NatPorts above() {
        return new NatPorts(range.last() + 1, LAST);
    }

    /** Whether the worker may give it, even if the host may choose it any moment. */
    boolean may(final int protocol, final int port) {
        if (port >= range.first() && port <= range.last()) {
            return port >= slice.first() && port <= slice.last();
        }
        return port > 0 && port % count == number && !host.isUsed(protocol, port);
    }

    /** Whether the worker may give it, and the host does not choose it meanwhile. */
    boolean mayKeep(final int protocol, final int port) {
        return may(protocol, port) && (port >= range.first() && port <= range.last() || !host.isEphemeral(port));
    }
}
