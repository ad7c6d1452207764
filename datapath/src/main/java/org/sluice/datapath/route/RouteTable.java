package org.sluice.datapath.route;

import org.sluice.datapath.protocol.IpAddress;

/**
 * Longest-prefix match over both families, IPv4 as mapped addresses. It is a binary trie whose nodes branch at the
 * first bit in which their prefixes differ. Only the first packet of a connection is looked up here. Owned by the
 * worker.
 */
public final class RouteTable {
    private static final int ADDRESS_BITS = 128;

    /** A prefix, with a route, or as a mere fork of two longer prefixes. */
    private static final class Node {
        private final long high;
        private final long low;
        private final int length;
        private Route route;
        private Node zero;
        private Node one;

        private Node(final long high, final long low, final int length, final Route route) {
            this.high = high & maskHigh(length);
            this.low = low & maskLow(length);
            this.length = length;
            this.route = route;
        }

        private boolean covers(final long otherHigh, final long otherLow) {
            return ((high ^ otherHigh) & maskHigh(length)) == 0 && ((low ^ otherLow) & maskLow(length)) == 0;
        }

        private Node child(final long otherHigh, final long otherLow) {
            return bit(otherHigh, otherLow, length) ? one : zero;
        }

        private void child(final Node node) {
            if (bit(node.high, node.low, length)) {
                one = node;
            } else {
                zero = node;
            }
        }
    }

    /** One trie for each family: IPv6's default route does not apply to IPv4. */
    private final Node ipv4Root = new Node(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(0), Route.IPV4_LENGTH_OFFSET, null);
    private final Node ipv6Root = new Node(0, 0, 0, null);
    private int size;

    /** The route with the longest prefix that covers the address, or null. */
    public Route lookup(final long high, final long low) {
        Route best = null;
        Node node = IpAddress.isIpv4(high, low) ? ipv4Root : ipv6Root;
        while (node != null && node.covers(high, low)) {
            if (node.route != null) {
                best = node.route;
            }
            node = node.length == ADDRESS_BITS ? null : node.child(high, low);
        }
        return best;
    }

    /** Adds a route; it replaces one for the same prefix. */
    public void put(final Route route) {
        final Node added = new Node(route.high(), route.low(), route.length(), route);
        Node parent = rootOf(route.high(), route.low(), route.length());
        while (true) {
            if (parent.length == added.length) {
                size += parent.route == null ? 1 : 0;
                parent.route = route;
                return;
            }
            final Node child = parent.child(added.high, added.low);
            if (child == null) {
                parent.child(added);
                size++;
                return;
            }
            final int common = commonLength(child, added);
            if (common < child.length) {
                insertAbove(parent, child, added, common);
                size++;
                return;
            }
            parent = child;
        }
    }

    /** Removes the route of exactly this prefix. A missing one is no error. */
    public void remove(final long high, final long low, final int length) {
        Node node = rootOf(high, low, length);
        while (node != null && node.length < length && node.covers(high, low)) {
            node = node.child(high, low);
        }
        // A fork without a route costs one step; a later route may use it again.
        if (node != null && node.length == length && node.covers(high, low) && node.route != null) {
            node.route = null;
            size--;
        }
    }

    private Node rootOf(final long high, final long low, final int length) {
        return length >= Route.IPV4_LENGTH_OFFSET && IpAddress.isIpv4(high, low) ? ipv4Root : ipv6Root;
    }

    public int size() {
        return size;
    }

    /** Makes the new node the child's parent, or hangs both on a fork at the first bit in which they differ. */
    private static void insertAbove(final Node parent, final Node child, final Node added, final int common) {
        if (common == added.length) {
            added.child(child);
            parent.child(added);
            return;
        }
        final Node fork = new Node(added.high, added.low, common, null);
        fork.child(child);
        fork.child(added);
        parent.child(fork);
    }

    private static int commonLength(final Node a, final Node b) {
        final long high = a.high ^ b.high;
        final int common = high != 0 ? Long.numberOfLeadingZeros(high)
            : Long.SIZE + Long.numberOfLeadingZeros(a.low ^ b.low);
        return Math.min(common, Math.min(a.length, b.length));
    }

    private static boolean bit(final long high, final long low, final int number) {
        return number < Long.SIZE ? high << number < 0 : low << number < 0;
    }

    private static long maskHigh(final int length) {
        return length == 0 ? 0 : length >= Long.SIZE ? -1 : -1L << Long.SIZE - length;
    }

    private static long maskLow(final int length) {
        return length <= Long.SIZE ? 0 : -1L << ADDRESS_BITS - length;
    }
}
