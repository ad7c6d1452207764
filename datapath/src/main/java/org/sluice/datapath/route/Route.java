package org.sluice.datapath.route;

/**
 * A route: what happens to packets that its key selects.
 *
 * @param mtu       layer-3 bytes that its packets may have; 0 for the uplink's own.
 * @param linkIndex the kernel's number of the interface that it leads out by, an uplink or not; 0 for none.
 * @param linkGroup group of that interface (ip-link(8)).
 * @param hops      one, or several that share the flows. A unicast route without hops leads out by an interface that is
 *                  no uplink.
 */
public record Route(RouteKey key, RouteType type, int mtu, int linkIndex, int linkGroup, Hop[] hops) {
    /** Added to the length of an IPv4 prefix. */
    public static final int IPV4_LENGTH_OFFSET = 96;

    /** Of a route that a rule gives by itself, without a table. */
    private static final RouteKey BY_RULE = new RouteKey(0, 0, 0, 0);

    /**
     * One hop of a route.
     *
     * @param portIndex   the uplink that packets leave through.
     * @param gatewayHigh of the next router; both halves are 0 when the destination is on the link itself.
     * @param gatewayLow  of the next router.
     * @param sourceHigh  the host's address for masquerading on this hop; both halves are 0 where it depends on the
     *                    destination: see {@link SourceAddresses}.
     * @param sourceLow   the low half.
     * @param weight      its share of the flows, beside those of the other hops; from 1.
     */
    public record Hop(int portIndex, long gatewayHigh, long gatewayLow, long sourceHigh, long sourceLow, int weight) {
        /** A hop whose share is that of any other. */
        public Hop(final int portIndex, final long gatewayHigh, final long gatewayLow, final long sourceHigh,
                   final long sourceLow) {
            this(portIndex, gatewayHigh, gatewayLow, sourceHigh, sourceLow, 1);
        }

        public boolean isOnLink() {
            return (gatewayHigh | gatewayLow) == 0;
        }

        public boolean hasSource() {
            return (sourceHigh | sourceLow) != 0;
        }
    }

    /** A route of the main table for all packets to a prefix. IPv4 prefixes are mapped: their length is 96 more. */
    public Route(final long high, final long low, final int length, final Hop[] hops) {
        this(new RouteKey(RouteKey.MAIN, high, low, length), RouteType.UNICAST, 0, 0, 0, hops);
    }

    /** A rule's verdict. */
    static Route byRule(final RouteType type) {
        return new Route(BY_RULE, type, 0, 0, 0, new Hop[0]);
    }

    /** The hop of a flow; all packets of a flow get the same one. */
    public Hop hopOf(final long flowHash) {
        if (hops.length == 1) {
            return hops[0];
        }
        int weights = 0;
        for (final Hop hop : hops) {
            weights += hop.weight();
        }
        int share = (int) ((flowHash >>> 33) % weights);
        int chosen = 0;
        while (share >= hops[chosen].weight()) {
            share -= hops[chosen].weight();
            chosen++;
        }
        return hops[chosen];
    }
}
