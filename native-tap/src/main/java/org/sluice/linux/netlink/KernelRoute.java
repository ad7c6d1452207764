package org.sluice.linux.netlink;

import java.net.InetAddress;
import java.util.List;

/**
 * An entry of a routing table.
 *
 * @param destination     network address; all zero for a default route.
 * @param prefixLength    in bits.
 * @param type            {@code RTN_*} of Linux uapi/linux/rtnetlink.h: unicast, local and so on.
 * @param table           254 is the main one, 255 that of local addresses.
 * @param priority        the metric; the lowest wins among routes to the same prefix.
 * @param preferredSource source address of the host's own connections on this route, or null.
 * @param hops            one, or several that share the load, or none.
 * @param selector        for which packets to the prefix it is.
 * @param mtu             layer-3 bytes of a packet on it; 0 for the interface's.
 * @param mtuLocked       whether no path MTU makes that less.
 */
public record KernelRoute(InetAddress destination, int prefixLength, int type, int table, int priority,
                    InetAddress preferredSource, List<Hop> hops, Selector selector, int mtu, boolean mtuLocked) {
    /** {@code RTN_UNICAST}. */
    public static final int UNICAST = 1;
    /** {@code RTN_LOCAL}: an address of the host. */
    public static final int LOCAL = 2;
    /** {@code RTN_BROADCAST}. */
    public static final int BROADCAST = 3;
    /** {@code RTN_ANYCAST}. */
    public static final int ANYCAST = 4;
    /** {@code RTN_MULTICAST}. */
    public static final int MULTICAST = 5;
    /** {@code RTN_BLACKHOLE}. */
    public static final int BLACKHOLE = 6;
    /** {@code RTN_UNREACHABLE}. */
    public static final int UNREACHABLE = 7;
    /** {@code RTN_PROHIBIT}. */
    public static final int PROHIBIT = 8;
    /** {@code RTN_THROW}. */
    public static final int THROW = 9;

    /**
     * What a route asks of a packet besides its destination.
     *
     * @param tos          0 for any; IPv4 only.
     * @param source       network address of the packet's source, or null for any; IPv6 only.
     * @param sourceLength in bits.
     * @param preference   of a router (RFC 4191): 1 high, 0 medium, -1 low; IPv6 only.
     */
    public record Selector(int tos, InetAddress source, int sourceLength, int preference) {
    }

    /**
     * One hop.
     *
     * @param gateway      the next router, or null if the destination is on the link.
     * @param linkIndex    the outgoing interface, or 0.
     * @param weight       its share of the load, from 1.
     * @param dead         whether the kernel passes it over: its interface is down, or has no carrier where the host
     *                     heeds that.
     * @param encapsulated whether packets leave in an encapsulation (ip-route(8), {@code encap}).
     */
    public record Hop(InetAddress gateway, int linkIndex, int weight, boolean dead, boolean encapsulated) {
        /** An ordinary hop. */
        public Hop(final InetAddress gateway, final int linkIndex) {
            this(gateway, linkIndex, 1, false, false);
        }
    }

    /** Whether the route has no next router: the destination is on a link, or nowhere. */
    public boolean isDirect() {
        return hops.stream().allMatch(hop -> hop.gateway() == null);
    }

    /** Whether packets to its prefix are the host's own, or are for nobody but those on a link. */
    public boolean isOfHost() {
        return type == LOCAL || type == BROADCAST || type == ANYCAST;
    }
}
