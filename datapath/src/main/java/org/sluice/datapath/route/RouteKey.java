package org.sluice.datapath.route;

import org.sluice.datapath.conntrack.ConntrackFilter;

/**
 * Which packets a route is for, and its identity: a table has one route for a key.
 *
 * @param table  the kernel's number of the routing table.
 * @param high   of the destination prefix, IPv4 mapped.
 * @param low    of the destination prefix.
 * @param length of the destination prefix in bits, 0 to 128; that of an IPv4 prefix is 96 more than usual.
 * @param tos    the packets' TOS, of the bits of {@link #TOS_MASK}; 0 for any.
 * @param source prefix of the packets' sources.
 */
public record RouteKey(int table, long high, long low, int length, int tos, ConntrackFilter.Prefix source) {
    /** {@code RT_TABLE_DEFAULT}. */
    public static final int DEFAULT = 253;
    /** {@code RT_TABLE_MAIN}. */
    public static final int MAIN = 254;
    /** The TOS bits that select an IPv4 route ({@code IPTOS_RT_MASK}). */
    public static final int TOS_MASK = 0x1C;

    /** For packets of any TOS and source. */
    public RouteKey(final int table, final long high, final long low, final int length) {
        this(table, high, low, length, 0, ConntrackFilter.Prefix.ANY);
    }

    /** Whether it is for only some of the packets to its prefix. */
    boolean isSelective() {
        return tos != 0 || source.length() != 0;
    }

    /** Whether it is for this packet, which goes to its prefix. */
    boolean selects(final RouteQuery query) {
        return (tos == 0 || tos == (query.tos() & TOS_MASK))
            && source.matches(query.sourceHigh(), query.sourceLow());
    }

    /** Whether this key is asked before the other one of the same prefix: the narrower source first, then any TOS. */
    boolean precedes(final RouteKey other) {
        return source.length() != other.source.length() ? source.length() > other.source.length() : tos > other.tos;
    }
}
