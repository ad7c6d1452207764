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
 */
public record KernelRoute(InetAddress destination, int prefixLength, int type, int table, int priority,
                    InetAddress preferredSource, List<Hop> hops) {
    /** {@code RTN_UNICAST}. */
    public static final int UNICAST = 1;
    /** {@code RTN_LOCAL}: an address of the host. */
    public static final int LOCAL = 2;
    /** {@code RTN_BROADCAST}. */
    public static final int BROADCAST = 3;

    /**
     * One hop.
     *
     * @param gateway   the next router, or null if the destination is on the link.
     * @param linkIndex the outgoing interface, or 0.
     */
    public record Hop(InetAddress gateway, int linkIndex) {
    }

    /** Whether the route has no next router: the destination is on a link, or nowhere. */
    public boolean isDirect() {
        return hops.stream().allMatch(hop -> hop.gateway() == null);
    }
}
