package org.sluice.datapath.route;

import java.util.Arrays;

import org.sluice.datapath.protocol.IpAddress;

/**
 * Longest-prefix match over both families, IPv4 as mapped addresses. It is a binary trie whose nodes branch at the
 * first bit in which their prefixes differ. A prefix may have several routes, for packets of different sources or TOS;
 * where none is for the packet, a shorter prefix decides (Linux net/ipv4/fib_trie.c, {@code fib_table_lookup}). Only
 * the first packet of a connection is looked up here. Owned by the worker.
 */
public final class RouteTable {
    private static final int ADDRESS_BITS = 128;
    private static final Route[] NONE = {};

    /** A prefix, with its routes, or as a mere fork of two longer prefixes. */
    private static final class Node {
        private final long high;
        private final long low;
        private final int length;
        /** The narrowest first. */
        private Route[] routes;
        private Node zero;
        private Node one;

        private Node(final long high, final long low, final int length, final Route... routes) {
            this.high = high & maskHigh(length);
            this.low = low & maskLow(length);
            this.length = length;
            this.routes = routes;
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

        private Route routeFor(final RouteQuery query) {
            for (final Route route : routes) {
                if (!route.key().isSelective() || route.key().selects(query)) {
                    return route;
                }
            }
            return null;
        }

        private int indexOf(final RouteKey key) {
            int i = 0;
            while (i < routes.length && !routes[i].key().equals(key)) {
                i++;
            }
            return i;
        }
    }

    /** One trie for each family: IPv6's default route does not apply to IPv4. */
    private final Node ipv4Root = new Node(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(0), Route.IPV4_LENGTH_OFFSET, NONE);
    private final Node ipv6Root = new Node(0, 0, 0, NONE);
    private int size;

    /** The route with the longest prefix that covers the destination and is for the packet, or null. */
    public Route lookup(final RouteQuery query) {
        final long high = query.destinationHigh();
        final long low = query.destinationLow();
        Route best = null;
        Node node = query.isIpv4() ? ipv4Root : ipv6Root;
        while (node != null && node.covers(high, low)) {
            if (node.routes.length != 0) {
                final Route route = node.routeFor(query);
                best = route != null ? route : best;
            }
            node = node.length == ADDRESS_BITS ? null : node.child(high, low);
        }
        return best;
    }

    /** Whether any prefix covers the address. */
    public boolean covers(final long high, final long low) {
        Node node = IpAddress.isIpv4(high, low) ? ipv4Root : ipv6Root;
        while (node != null && node.covers(high, low)) {
            if (node.routes.length != 0) {
                return true;
            }
            node = node.length == ADDRESS_BITS ? null : node.child(high, low);
        }
        return false;
    }

    /** Adds a route; it replaces one with the same key. */
    public void put(final Route route) {
        final RouteKey key = route.key();
        final Node added = new Node(key.high(), key.low(), key.length(), route);
        Node parent = rootOf(key);
        while (true) {
            if (parent.length == added.length) {
                insert(parent, route);
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

    private void insert(final Node node, final Route route) {
        final int same = node.indexOf(route.key());
        if (same < node.routes.length) {
            node.routes[same] = route;
            return;
        }
        int place = 0;
        while (place < node.routes.length && node.routes[place].key().precedes(route.key())) {
            place++;
        }
        final Route[] more = Arrays.copyOf(node.routes, node.routes.length + 1);
        System.arraycopy(node.routes, place, more, place + 1, node.routes.length - place);
        more[place] = route;
        node.routes = more;
        size++;
    }

    /** Removes the route with exactly this key. A missing one is no error. */
    public void remove(final RouteKey key) {
        Node above = null;
        Node parent = null;
        Node node = rootOf(key);
        while (node != null && node.length < key.length() && node.covers(key.high(), key.low())) {
            above = parent;
            parent = node;
            node = node.child(key.high(), key.low());
        }
        if (node == null || node.length != key.length() || !node.covers(key.high(), key.low())) {
            return;
        }
        final int place = node.indexOf(key);
        if (place == node.routes.length) {
            return;
        }
        final Route[] fewer = Arrays.copyOf(node.routes, node.routes.length - 1);
        System.arraycopy(node.routes, place + 1, fewer, place, fewer.length - place);
        node.routes = fewer;
        size--;
        if (parent != null && prune(parent, node) && above != null) {
            prune(above, parent);
        }
    }

    /**
     * Takes a node without routes out of the trie if it forks nothing: the tables of a host whose routes come and go
     * stay as small as the routes that they have.
     *
     * @return whether the parent has lost a child.
     */
    private static boolean prune(final Node parent, final Node node) {
        if (node.routes.length != 0 || node.zero != null && node.one != null) {
            return false;
        }
        final Node only = node.zero != null ? node.zero : node.one;
        if (parent.zero == node) {
            parent.zero = only;
        } else {
            parent.one = only;
        }
        return only == null;
    }

    private Node rootOf(final RouteKey key) {
        return key.length() >= Route.IPV4_LENGTH_OFFSET && IpAddress.isIpv4(key.high(), key.low()) ? ipv4Root
            : ipv6Root;
    }

    public int size() {
        return size;
    }

    /** How many nodes both tries have, the roots included. */
    int nodes() {
        return nodes(ipv4Root) + nodes(ipv6Root);
    }

    private static int nodes(final Node node) {
        return node == null ? 0 : 1 + nodes(node.zero) + nodes(node.one);
    }

    /** Makes the new node the child's parent, or hangs both on a fork at the first bit in which they differ. */
    private static void insertAbove(final Node parent, final Node child, final Node added, final int common) {
        if (common == added.length) {
            added.child(child);
            parent.child(added);
            return;
        }
        final Node fork = new Node(added.high, added.low, common, NONE);
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
